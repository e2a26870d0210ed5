"""Whatever AWS or the YAML says stays text, wherever it is written."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.escape import annotation, code, markdown, terminal
from reconciler.render.markdown import comment
from reconciler.render.style import Style
from reconciler.render.text import text
from tests.render.samples import HOSTILE

ANY = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain arn:aws:sts::1:user/x", "plain arn:aws:sts::1:user/x"),
        ("öl → ∞ 日本", "öl → ∞ 日本"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\nb\r\tc", "a b  c"),
        ("\x07\x7f\x9b", r"\x07\x7f\x9b"),
        ("evil\u202etxt", r"evil\u202etxt"),
        ("::error::x", r"\x3a:error::x"),
        (" ::set-output name=a::b", r" \x3a:set-output name=a::b"),
        ("##[group]", r"\x23#[group]"),
        ("::/0", "::/0"),
        ("\ud800", r"\ud800"),
    ],
)
def test_terminal(raw: str, shown: str) -> None:
    assert terminal(raw) == shown


@given(ANY)
def test_a_terminal_gets_one_line_it_can_only_show(raw: str) -> None:
    shown = terminal(raw)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
    assert not re.search(r"(^|\s)::[A-Za-z]|##\[", shown)
    shown.encode()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("*a* _b_ `c` [d](e)", r"\*a\* \_b\_ \`c\` \[d\](e)"),
        ("<script>&amp;", "&lt;script\\>&amp;amp;"),
        ("a | b", r"a \| b"),
        ("@root and a@b.c", "@&#8203;root and a@b.c"),
        ("#12", "\\#&#8203;12"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("$x$", r"\$x\$"),
        ("a\n\nb", "a  b"),
    ],
)
def test_markdown(raw: str, shown: str) -> None:
    assert markdown(raw) == shown


@given(ANY)
def test_markdown_is_text(raw: str) -> None:
    shown = markdown(raw)
    assert "\n" not in shown
    assert "<" not in shown
    assert not re.search(r"(?<!\\)(\\\\)*[`*\[\]|~]", shown)


@given(ANY)
def test_a_code_span_is_closed_by_its_own_fence_only(raw: str) -> None:
    shown = code(raw)
    fence = re.match("`+", shown)
    assert fence
    body = shown[len(fence[0]) : -len(fence[0])]
    assert shown.endswith(fence[0])
    assert fence[0] not in re.findall("`+", body)
    assert not re.search(r"(?<!\\)\|", body)
    assert "\n" not in body


@pytest.mark.parametrize(
    ("raw", "is_property", "shown"),
    [
        ("50% a,b: c", False, "50%25 a,b: c"),
        ("a,b: 5%", True, "a%2Cb%3A 5%25"),
        ("a\nb", False, "a b"),
    ],
)
def test_annotation(raw: str, is_property: bool, shown: str) -> None:
    assert annotation(raw, is_property=is_property) == shown


def test_the_whole_of_a_hostile_report_is_harmless() -> None:
    for shown in (text(HOSTILE, Style(width=80)), text(HOSTILE, Style()), comment(HOSTILE)):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert not re.search(r"^\s*::[a-z]", shown, re.MULTILINE)
    outside = re.sub(r"(`+) ?.*?(?<!`)\1(?!`)", "", comment(HOSTILE))
    assert "<script" not in outside
    assert outside.count("</details>") == 1
