"""Nothing that identifies somebody leaves the account."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from acceptance.mask import Mask

MASK = Mask("210987654321", ("erika.mustermann", "build-host-7"))

CASES = {
    "the account": ("arn:aws:sns:eu-west-1:210987654321:x", "arn:aws:sns:eu-west-1:111122223333:x"),
    "another account": ("owner 098765432109", "owner 444455556666"),
    "an access key": ("AKIAIOSFODNN7REALKEY", "AKIAEXAMPLE"),
    "an e-mail address": ("to erika@acme.io now", "to somebody@example.com now"),
    "an owner of ours": ("dev@example.com", "dev@example.com"),
    "an address": ("at 10.1.2.3", "at 192.0.2."),
    "everything": ("0.0.0.0/0", "0.0.0.0/0"),
    "a host name": ("ip-10-1-2-3.ec2.internal", "ip-192-0-2-1.ec2.internal"),
    "a caller": ("arn:aws:sts::210987654321:assumed-role/Admin/erika", ":assumed-role/somebody"),
    "a role of ours": (":assumed-role/reconciler-acceptance-plan/x", "reconciler-acceptance-plan"),
    "a name": ("by erika.mustermann.", "by somebody."),
    "a machine": ("on build-host-7", "on somebody"),
    "a version": ("5.10.2", "5.10.2"),
    "an id": ("vpc-0123456789012abcd", "vpc-0123456789012abcd"),
    "a time": ("2026-11-21T19:15:11Z", "2026-11-21T19:15:11Z"),
    "a hardware address": ("0a:1b:2c:3d:4e:5f", "02:00:00:00:00:01"),
    "an IPv6 address": ("2a05:d014:abc::1", "2001:db8::1"),
}


@pytest.mark.parametrize(("text", "masked"), CASES.values(), ids=CASES)
def test_text(text: str, masked: str) -> None:
    assert masked in MASK.text(text)
    assert MASK.text(MASK.text(text)) == MASK.text(text), "masking twice changes nothing"


def test_secrets_go_tokens_stay_equal_and_times_stay_times() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    answer: dict[str, Any] = {
        "Credentials": {"SecretAccessKey": "wJalr", "SessionToken": "FwoG", "Expiration": at},
        "NextToken": "opaque",
        "ResponseMetadata": {"RequestId": "x"},
    }
    masked = MASK(answer)
    assert masked["Credentials"]["SecretAccessKey"] == "masked"
    assert masked["Credentials"]["SessionToken"] == "masked"
    assert masked["Credentials"]["Expiration"] == {"$time": at.isoformat()}
    assert masked["NextToken"] == MASK({"NextToken": "opaque"})["NextToken"] != "opaque"
    assert "ResponseMetadata" not in masked


def test_what_base64_hides_is_masked_too() -> None:
    data = base64.b64encode(b"account 210987654321").decode()
    masked = MASK({"UserData": data})["UserData"]
    assert base64.b64decode(masked) == b"account 111122223333"
    packed = base64.b64encode(gzip.compress(b"account 210987654321")).decode()
    masked = MASK({"UserData": packed})["UserData"]
    assert gzip.decompress(base64.b64decode(masked)) == b"account 111122223333"
