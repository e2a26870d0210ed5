"""Calls to AWS with the rights of the instance's own role, signed as AWS wants them.

IAM user guide, "Create a signed AWS API request". EC2 and Auto Scaling speak the same protocol:
a form in, XML out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
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

    def __init__(self, region: str, imds: Imds, clock: Callable[[], float] = time.time) -> None:
        self.region, self.imds, self.clock = region, imds, clock

    def call(self, service: str, action: str, **given: str) -> ET.Element:
        """Make one call; `Filter_1_Name` is `Filter.1.Name`. Raises: AwsError, Unknown."""
        form = {"Action": action, "Version": VERSIONS[service]}
        form.update((name.replace("_", "."), value) for name, value in given.items())
        body = urllib.parse.urlencode(form).encode()
        url = os.environ.get("AWS_ENDPOINT_URL", "")
        if not url:
            domain = self.imds.word("meta-data/services/domain")
            url = f"https://{service}.{self.region}.{domain}/"
        try:
            request = urllib.request.Request(url, body, self._headers(service, url, body))
            with urllib.request.urlopen(request, timeout=20) as answer:
                # Names without the name space: there is only one.
                return ET.fromstring(re.sub(b' xmlns="[^"]*"', b"", answer.read()))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            found = re.findall("<(?:Code|Message)>([^<]*)", text) or [f"HTTP{error.code}"]
            raise AwsError(action, found[0], " ".join(found[1:])) from error
        except (OSError, ValueError, HTTPException, ET.ParseError) as error:
            raise AwsError(action, "Unreachable", str(error)) from error

    def _headers(self, service: str, url: str, body: bytes) -> dict[str, str]:
        path = "meta-data/iam/security-credentials/"
        role = (self.imds.get(path) or "").split("\n")[0]
        try:
            keys = self.imds.json(path + urllib.parse.quote(role))
            key_id, secret, token = keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"]
        except (TypeError, LookupError) as error:
            raise Unknown("this instance has no role") from error
        parts = urllib.parse.urlsplit(url)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.clock()))
        signed = {  # in the order of their names
            "content-type": TYPE,
            "host": parts.netloc,
            "x-amz-date": stamp,
            "x-amz-security-token": token,
        }
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        names = ";".join(signed)
        whole = f"POST\n{parts.path or '/'}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{stamp[:8]}/{self.region}/{service}/aws4_request"
        digest = hashlib.sha256(whole.encode()).hexdigest()
        key = b"AWS4" + secret.encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        return signed
