"""A redacted report shows no account, no id and no address, in any form, whatever it holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan.model import (
    FieldChange,
    Finding,
    Key,
    Level,
    Live,
    Op,
    Plan,
    Ref,
    Report,
    Sensitive,
    Shown,
    Unknown,
)
from reconciler.render import as_json
from reconciler.render.markdown import comment
from reconciler.render.redact import masked, masking, redacted
from reconciler.render.style import Style
from reconciler.render.text import text
from tests.hostile.payloads import PAYLOADS
from tests.render.samples import ALL, HERE, TOKEN, report
from tests.support.plan_rows import plan_row, with_op

ACCOUNT = "123456789012"
SECRETS = (
    ACCOUNT,
    "999999999999",
    "vol-0123456789abcdef0",
    "subnet-0a1b2c3d",
    "ami-0123456789abcdef1",
    "i-0123456789abcdef2",
    "fs-0123456789abcdef3",
    "11111111-2222-3333-4444-555555555555",
    "alice@example.com",
    "Älice.b+c@mail.example.org",
)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("vol-0123456789abcdef0 and vol-0123456789abcdef0", "VOL-1 and VOL-1"),
        ("vol-0123456789abcdef0, vol-0123456789abcdef1", "VOL-1, VOL-2"),
        ("i-0abc1234 is running", "I-1 is running"),
        ("fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com", "FS-1.fsx.us-east-1.amazonaws.com"),
        ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::ACCOUNT-1:role/x"),
        ("of account 999999999999, not 123456789012", "of account ACCOUNT-1, not ACCOUNT-2"),
        ("bucket123456789012x", "bucketACCOUNT-1x"),
        ("(alice@example.com).", "(EMAIL-1)."),
        ("alice@example.com. Alice@Example.com!", "EMAIL-1. EMAIL-1!"),
        ("user/alice@example.com, bob@b.c", "user/EMAIL-1, EMAIL-2"),
        ('"a b"@example.com', "EMAIL-1"),
        ("key/11111111-2222-3333-4444-123456789012", "key/KEY-1"),
        ("mrk-" + "0a" * 16, "KEY-1"),
        ("acme-alice wifi-adapter g6.xlarge us-east-1a", None),
        ("2026-11-21T22:40:00Z 1,200 GiB 10.0.0.0/8", None),
        (f"run again with --approve {TOKEN}", None),
        ("alice-start-1f0c9a2b", None),
    ],
)
def test_what_is_masked(plain: str, shown: str | None) -> None:
    assert masking(ACCOUNT)(plain) == (plain if shown is None else shown)


def everywhere(content: str) -> Report:
    """A report with one text in all of its places."""
    key = Key("us-east-1", "home_volume", content)
    fields = (
        FieldChange(
            "tags", content, content, {content: (content,)}, Shown(content, content, content)
        ),
        FieldChange("x", "x", Ref(key, "id"), frozenset({content})),
    )
    sensitive = (
        Sensitive(content, content, content, [content]),
        Sensitive("y", "owner", None, content, personal=True),
    )
    change = plan_row(
        Op.UPDATE,
        key,
        fields,
        reason=content,
        error=content,
        fleet=content,
        workstation=content,
        where=replace(HERE, file=content),
        notes=(content,),
        words=(content,),
        summary=content,
        sensitive=sensitive,
        live=Live(key, content, True),
    )
    plan = Plan(
        (change, replace(with_op(change, Op.CREATE), reason="", words=())),
        unknown=(Unknown("topic", content, content, content),),
        retained=(
            Live(key, content, True, {"id": content}, content, content, monthly_cost=content),
        ),
    )
    made = report(
        plan,
        Finding(Level.ERROR, content, content, HERE, content),
        Finding(Level.INFO, "x", content),
    )
    return replace(made, account=ACCOUNT)


def forms(shown: Report) -> list[str]:
    """Every form, also on a narrow terminal, where lines are cut."""
    return [
        comment(shown),
        text(shown, Style()),
        text(shown, Style(width=40)),
        as_json.dumps(as_json.document(shown)),
    ]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "x {} y", "[{}]", "`{}`|", "x" * 380 + " {}", "{0}/{0}"])
def test_no_form_shows_it_wherever_it_stands(secret: str, around: str) -> None:
    for form in forms(redacted(everywhere(around.format(secret)), masking(ACCOUNT))):
        plain = form.replace("\\", "").replace("&#8203;", "")
        for part in (secret, secret[:-3], secret[5:]) if "@" not in secret else (secret,):
            assert part not in plain
        assert "example" not in plain


@pytest.mark.parametrize("name", PAYLOADS)
def test_hostile_texts_hide_nothing(name: str) -> None:
    content = f"{PAYLOADS[name]} vol-0123456789abcdef0 {PAYLOADS[name]} a@example.com {ACCOUNT}"
    mask = masking(ACCOUNT)
    for form in forms(redacted(everywhere(content), mask)):
        assert not re.search(r"vol-[0-9a-f]{8}|a@example|123456789012", form)
    json.loads(as_json.dumps(as_json.document(redacted(everywhere(content), mask))))


@pytest.mark.parametrize("shown", ALL.values(), ids=list(ALL))
def test_what_nobody_masks_stays_as_it_is(shown: Report) -> None:
    """Counts, outcomes, approvals: an action of a person depends on them."""
    after = redacted(shown, masking(shown.account))
    assert after.plan.summary() == shown.plan.summary()
    assert [finding.approval for finding in after.findings] == [
        finding.approval for finding in shown.findings
    ]
    assert masked(after.plan.changes, str) == after.plan.changes


@pytest.mark.parametrize("long", ["x" * 200_000, "x@" * 100_000, '"' * 100_000, "0a-" * 60_000])
def test_a_long_text_is_read_once(long: str) -> None:
    """A pattern that began anew at each character would not end while somebody waits."""
    assert "x@" not in masking(ACCOUNT)(long)


def test_values_of_every_shape_are_masked() -> None:
    shape: Any = {"a@b.c": [("a@b.c",), {"a@b.c"}, None, 1, True, Op.CREATE, str]}
    assert masked(shape, masking()) == {
        "EMAIL-1": [("EMAIL-1",), {"EMAIL-1"}, None, 1, True, Op.CREATE, str]
    }
