"""Calls to AWS with the rights of the instance's own role, signed as AWS wants them.

IAM user guide, "Create a signed AWS API request". EC2 and Auto Scaling speak the same protocol:
a form in, XML out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree as ET

from ws.imds import Imds, Unknown

VERSIONS = {"ec2": "2016-11-15", "autoscaling": "2011-01-01"}
TYPE = "application/x-www-form-urlencoded; charset=utf-8"


class AwsError(Exception):
    """AWS refused a call; `code` is AWS's own, or `Unreachable`."""

    def __init__(self, action: str, code: str, message: str) -> None:
        super().__init__(f"{action}: {code}: {message}")
        self.code = code


class Aws:
    """AWS as this instance may use it."""

    def __init__(self, region: str, imds: Imds) -> None:
        self.region, self.imds = region, imds

    def call(self, service: str, action: str, **given: str) -> ET.Element:
        """Make one call; `Filter_1_Name` is `Filter.1.Name`. Raises: AwsError, Unknown."""
        form = {"Action": action, "Version": VERSIONS[service]}
        form |= {name.replace("_", "."): value for name, value in given.items()}
        body = urllib.parse.urlencode(form).encode()
        url = os.environ.get("AWS_ENDPOINT_URL") or self._endpoint(service)
        request = urllib.request.Request(url, body, self._headers(service, url, body))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return bare(answer.read())
        except urllib.error.HTTPError as error:
            raise _refused(action, error) from error
        except (OSError, ValueError, ET.ParseError) as error:
            raise AwsError(action, "Unreachable", str(error)) from error

    def _endpoint(self, service: str) -> str:
        domain = self.imds.get("meta-data/services/domain") or "amazonaws.com"
        return f"https://{service}.{self.region}.{domain}/"

    def _headers(self, service: str, url: str, body: bytes) -> dict[str, str]:
        path = "meta-data/iam/security-credentials/"
        role = (self.imds.get(path) or "").split("\n")[0]
        keys = self.imds.json(path + role) if role else None
        if not keys or "AccessKeyId" not in keys:
            raise Unknown("this instance has no role: is its instance profile gone?")
        parts = urllib.parse.urlsplit(url)
        stamp = dt.datetime.now(dt.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "content-type": TYPE,
            "host": parts.netloc,
            "x-amz-date": stamp,
            "x-amz-security-token": keys["Token"],
        }
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        names = ";".join(signed)
        whole = f"POST\n{parts.path or '/'}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{stamp[:8]}/{self.region}/{service}/aws4_request"
        digest = hashlib.sha256(whole.encode()).hexdigest()
        key = b"AWS4" + keys["SecretAccessKey"].encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        del signed["host"]
        credential = f"Credential={keys['AccessKeyId']}/{scope}"
        return signed | {
            "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, "
            f"Signature={signature}"
        }


def bare(answer: bytes) -> ET.Element:
    """Read XML without its name spaces."""
    root = ET.fromstring(answer)
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
    return root


def _refused(action: str, error: urllib.error.HTTPError) -> AwsError:
    try:
        root = bare(error.read())
        code, message = root.findtext(".//Code"), root.findtext(".//Message")
    except (OSError, ET.ParseError):
        code = message = None
    return AwsError(action, code or f"HTTP{error.code}", message or "")
