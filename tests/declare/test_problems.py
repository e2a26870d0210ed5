"""How problems are shown: text with a caret, JSON, GitHub annotations."""

from __future__ import annotations

from reconciler.errors import Problem, Where
from reconciler.render.problems import document, github, text
from reconciler.render.style import Style

ONE = Problem(
    Where("fleets/vision.yaml", 12, 5),
    "`ownr` is not a field of a workstation",
    "did you mean `owner`?",
    4,
    "    ownr: alice",
)


def test_the_source_line_and_a_caret() -> None:
    assert text([ONE], Style()) == (
        "fleets/vision.yaml:12:5: `ownr` is not a field of a workstation "
        "(did you mean `owner`?)\n"
        "  12 |     ownr: alice\n"
        "     |     ^^^^\n"
        "1 problem in 1 file\n"
    )


def test_colour_only_when_asked() -> None:
    assert "\x1b" not in text([ONE], Style())
    assert "\x1b[31;1m^^^^\x1b[0m" in text([ONE], Style(colour=True))


def test_a_problem_without_a_line_has_no_caret() -> None:
    gone = Problem(Where("nowhere", 1, 1), "cannot be read")
    assert text([gone], Style()) == "nowhere:1:1: cannot be read\n1 problem in 1 file\n"


def test_the_caret_stands_under_wide_and_hidden_characters() -> None:
    wide = Problem(Where("a.yaml", 1, 7), "x", "", 2, "a: \u6f22\u5b57 bad")
    assert text([wide], Style()).splitlines()[2] == "    |         ^^"
    hidden = Problem(Where("a.yaml", 1, 5), "x", "", 1, "a: \u202eb")
    assert text([hidden], Style()).splitlines()[1:3] == ["  1 | a: \\u202eb", "    |          ^"]


def test_a_long_line_is_cut_around_the_caret() -> None:
    long = Problem(Where("a.yaml", 1, 301), "x", "", 3, "y" * 300 + "BAD" + "z" * 300)
    _, line, caret, _ = text([long], Style()).splitlines()
    assert len(line) < 120
    assert line[caret.index("^") :].startswith("BAD")
    assert caret.count("^") == 3


def test_fifty_are_shown_and_the_rest_counted() -> None:
    many = [Problem(Where("a.yaml", line, 1), "x") for line in range(1, 61)]
    lines = text(many, Style()).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "... and 10 more: 60 problems in all"
    assert len(github(many).splitlines()) == 50
    assert len(document(many)["errors"]) == 60


def test_json() -> None:
    error = {
        "code": "bad-declaration",
        "message": "`ownr` is not a field of a workstation",
        "where": "fleets/vision.yaml:12:5",
        "hint": "did you mean `owner`?",
    }
    assert document([ONE]) == {"error": error, "errors": [error]}


def test_github_annotations_cannot_be_broken_out_of() -> None:
    evil = Problem(Where("a,b:c%.yaml", 1, 2), "x\n::add-mask::y", "100 %\r")
    assert github([evil]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2::x \\x3a:add-mask::y (100 %25 )\n"
    )
