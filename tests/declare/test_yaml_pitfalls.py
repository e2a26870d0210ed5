"""What YAML readers disagree on, and what cannot be seen, is refused and never guessed."""

from __future__ import annotations

import pytest
import yaml

from reconciler.declare import source
from tests.declare.helpers import Folder

READERS = "without quotes is true or false to some YAML readers"
YES_NO = "if text is meant, otherwise true or false"
SECOND = "a second document begins here (one file holds one document)"
EMPTY = (
    "1:1: the file is empty: a file that was cut off must not read as a removed fleet "
    "(delete the file if that is meant, or declare a fleet in it)"
)

SCALARS = {
    "no": f'`no` {READERS} (write "no" {YES_NO})',
    "Yes": f'`Yes` {READERS} (write "Yes" {YES_NO})',
    "ON": f'`ON` {READERS} (write "ON" {YES_NO})',
    "off": f'`off` {READERS} (write "off" {YES_NO})',
    "y": f'`y` {READERS} (write "y" {YES_NO})',
    "19:00": "`19:00` without quotes is a number in base 60 to many YAML readers "
    '(write "19:00"; in a schedule, with its days: "Mon-Fri 19:00")',
    "12:30:45": "`12:30:45` without quotes is a number in base 60 to many YAML readers "
    '(write "12:30:45")',
    "0755": "`0755` without quotes has a leading zero, which some readers take for octal "
    '(write "0755", or 755 if a number is meant)',
    "-012": "`-012` without quotes has a leading zero, which some readers take for octal "
    '(write "-012")',
    "012345678901": "`012345678901` without quotes has a leading zero, which some readers take "
    'for octal (write "012345678901")',
    "0o17": "`0o17` without quotes is a hexadecimal, octal or binary number "
    '(write 15, or "0o17" if text is meant)',
    "0xFF": "`0xFF` without quotes is a hexadecimal, octal or binary number "
    '(write 255, or "0xFF" if text is meant)',
    "0b11": "`0b11` without quotes is a hexadecimal, octal or binary number "
    '(write 3, or "0b11" if text is meant)',
    "1_000": "`1_000` without quotes has an underscore in a number "
    '(write 1000, or "1_000" if text is meant)',
    "1_0.5": "`1_0.5` without quotes has an underscore in a number "
    '(write 10.5, or "1_0.5" if text is meant)',
    "1e3": "`1e3` without quotes is a number with an exponent to some YAML readers "
    '(write 1000, or "1e3" if text is meant)',
    "-1.5E+3": "`-1.5E+3` without quotes is a number with an exponent to some YAML readers "
    '(write -1500, or "-1.5E+3" if text is meant)',
    ".inf": "`.inf` without quotes is not a usable number "
    '(write a number, or ".inf" if text is meant)',
    "-.Inf": "`-.Inf` without quotes is not a usable number "
    '(write a number, or "-.Inf" if text is meant)',
    ".NaN": "`.NaN` without quotes is not a usable number "
    '(write a number, or ".NaN" if text is meant)',
    "2026-01-31": '`2026-01-31` without quotes is a date to many YAML readers (write "2026-01-31")',
    "2026-01-31T10:00:00Z": "`2026-01-31T10:00:00Z` without quotes is a date to many YAML readers "
    '(write "2026-01-31T10:00:00Z")',
    "+5": '`+5` without quotes is a number in an unusual form (write 5, or "+5" if text is meant)',
    "5.": '`5.` without quotes is a number in an unusual form (write 5, or "5." if text is meant)',
    ".5": "`.5` without quotes is a number in an unusual form "
    '(write 0.5, or ".5" if text is meant)',
    "12345678901234567890": "`12345678901234567890` without quotes has too many digits "
    '(write a smaller number, or "12345678901234567890" if text is meant)',
    "9" * 4000: f"`{'9' * 57}...` without quotes has too many digits (write it in quotes)",
    "9" * 5000: "longer than 4096 characters (shorten it)",
    '"a\\u200bb"': "`a\\u200bb` has U+200B ZERO WIDTH SPACE, which cannot be seen (take it out)",
    '"a\\u202eb"': "`a\\u202eb` has U+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen "
    "(take it out)",
    '"a\\0b"': "`a\\u0000b` has U+0000 CONTROL CHARACTER, which cannot be seen (take it out)",
    "a\u00a0b": "`a\\u00a0b` has U+00A0 NO-BREAK SPACE, which cannot be seen (take it out)",
    "|\n          x\n": "`x\\u000a` has a line break (write it on one line, without | or >)",
    "vi\u0441ion": "`vi\u0441ion` mixes Latin letters with U+0441 CYRILLIC SMALL LETTER ES, which "
    "looks like one (type it again in one alphabet)",
    "\ufb01sh": "`\ufb01sh` has U+FB01 LATIN SMALL LIGATURE FI, which looks like something else "
    "(type it plainly)",
    "\uff41b": "`\uff41b` has U+FF41 FULLWIDTH LATIN SMALL LETTER A, which looks like something "
    "else (type it plainly)",
    "e\u0301x": "`e\u0301x` has a letter and its accent as two characters (type it again as one)",
    "*base": "`*base` refers to an earlier value "
    "(write the value here, or put what is shared under `defaults`)",
    "!!python/name:os.system x": "the tag `!!python/name:os.system` is not allowed "
    "(take the tag out)",
    "!env HOME": "the tag `!env` is not allowed (take the tag out)",
}


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_value_that_is_a_trap(folder: Folder, scalar: str) -> None:
    text = f"fleet: vision\ndefaults:\n  gpu: {{}}\n  tags:\n    Team: {scalar}\n"
    assert folder.says(text) == [f"5:11: {SCALARS[scalar]}"]


@pytest.mark.parametrize(
    "value",
    ["Norway", "nope", "1.2.3.4", "10m", "m5.large", '"no"', "'19:00'", "null-ish", "yes-sir"],
)
def test_text_that_is_no_trap(folder: Folder, value: str) -> None:
    assert folder.workstation(f"gpu: {{}}, tags: {{Team: {value}}}").tags["Team"] == value.strip(
        "\"'"
    )


FILES = {
    "": EMPTY,
    "# only a comment\n": EMPTY,
    "---\n": EMPTY,
    "null\n": EMPTY,
    "- a\n- b\n": "1:1: a fleet file is a mapping (begin with `fleet: <name>`)",
    "hello\n": "1:1: a fleet file is a mapping (begin with `fleet: <name>`)",
    "fleet: ab\n---\nfleet: cd\n": f"2:1: {SECOND}",
    "fleet: ab\n...\nx: 1\n": f"3:1: {SECOND}",
    "%YAML 1.2\nfleet: ab\n": "1:1: `%YAML 1.2` stands before a line of `---` (take the line out)",
    "fleet: ab\n%YAML 1.2\n---\n": f"2:1: {SECOND}",
    "%FOO x\n---\nfleet: ab\n": "1:1: YAML directives are not used here (take the line out)",
    "%YAML 3.0\n---\nfleet: ab\n": "1:1: YAML directives are not used here (take the line out)",
    "fleet: ab\nfleet: cd\n": "2:1: `fleet` is written twice (first on line 1)",
    "fleet: ab\n<<: {site: x}\n": "2:1: merge keys are not used here "
    "(put what is shared under `defaults`)",
    "1: a\nfleet: ab\n": "1:1: the key `1` is not text (write it in quotes)",
    "true: a\nfleet: ab\n": "1:1: the key `true` is not text (write it in quotes)",
    "~: a\nfleet: ab\n": "1:1: the key `~` is not text (write it in quotes)",
    "1.5: a\nfleet: ab\n": "1:1: the key `1.5` is not text (write it in quotes)",
    "on: a\nfleet: ab\n": f'1:1: `on` {READERS} (write "on" {YES_NO})',
    "? [a]\n: b\nfleet: ab\n": "1:3: a key must be text (write `key: value`)",
    "? {a: b}\n: b\nfleet: ab\n": "1:3: a key must be text (write `key: value`)",
    "[" * 5000: "1:33: more than 32 levels deep (nothing needs that many)",
    "{a: " * 5000: "1:129: more than 32 levels deep (nothing needs that many)",
    "- " * 5000: "1:65: more than 32 levels deep (nothing needs that many)",
    "\ufeff\ufefffleet: ab\n": "1:1: U+FEFF ZERO WIDTH NO-BREAK SPACE is not allowed, not even in "
    "a comment (take it out)",
    "fleet: a\x00b\n": "1:9: the file has a NUL byte (save it as UTF-8 text, not as UTF-16)",
    "fleet: a\x1b[1mb\n": "1:9: U+001B CONTROL CHARACTER is not allowed, not even in a comment "
    "(take it out)",
    "fleet: ab\r\n# \u202e\r\n": "2:3: U+202E RIGHT-TO-LEFT OVERRIDE is not allowed, not even in a "
    "comment (take it out)",
    "fleet: ab\x85": "1:10: U+0085 CONTROL CHARACTER is not allowed, not even in a comment "
    "(take it out)",
    "fleet: ab\u2028x: 1": "1:10: U+2028 LINE SEPARATOR is not allowed, not even in a comment "
    "(take it out)",
}


@pytest.mark.parametrize("text", FILES, ids=lambda text: ascii(text[:24]))
def test_a_file_that_is_a_trap(folder: Folder, text: str) -> None:
    assert folder.says(text) == [FILES[text]]


BYTES = {
    b"\xff\xfef\x00l\x00": "1:1: the file is UTF-16 (save the file as UTF-8)",
    b"\xfe\xff\x00f\x00l": "1:1: the file is UTF-16 (save the file as UTF-8)",
    "fleet: ab".encode("utf-16-le"): "1:2: the file has a NUL byte "
    "(save it as UTF-8 text, not as UTF-16)",
    "fleet: ab\n# \xe9\n".encode("latin-1"): "2:3: the byte 0xE9 is not UTF-8 "
    "(save the file as UTF-8)",
    b"# \xc3\xa9\r\n# \xc3\xa9 \xff\n": "2:5: the byte 0xFF is not UTF-8 (save the file as UTF-8)",
    b"fleet: \xed\xa0\x80\n": "1:8: the byte 0xED is not UTF-8 (save the file as UTF-8)",
}


@pytest.mark.parametrize("data", BYTES, ids=ascii)
def test_bytes_that_are_not_utf8(folder: Folder, data: bytes) -> None:
    assert folder.says(data) == [BYTES[data]]


ALONE = {
    "ws: {<<: {gpu: {memory: 24GB}}}": "merge keys are not used here",
    "ws: {<<: *base, spot_policy: spot}": "merge keys are not used here",
    "ws: {gpu: {memory: 24GB}, storage: {home: {ebs: {<<: *disk}}}}": "merge keys",
    "ws: *base": "`*base` refers to an earlier value",
    "ws: {gpu: *gpu}": "`*gpu` refers to an earlier value",
    "ws: {gpu: {}, availability_zones: [*zone]}": "`*zone` refers to an earlier value",
    "ws: {gpu: {}, owner: *me}": "`*me` refers to an earlier value",
    "ws: {gpu: {}, network: {subnets: *all}}": "`*all` refers to an earlier value",
}


@pytest.mark.parametrize("workstation", ALONE)
def test_what_an_alias_or_a_merge_would_bring_is_not_called_missing(
    folder: Folder, workstation: str
) -> None:
    folder.write("_defaults.yaml", "site: acme\naccount: '123456789012'\n")
    defaults = (
        "defaults: {owner: a, region: us-east-1, image: {ssm_parameter: /x}, "
        "instance_profile: a, scheduler_role: b, network: {subnets: {tags: {A: b}}}}"
    )
    [problem] = folder.says(f"fleet: vision\n{defaults}\nworkstations:\n  {workstation}\n")
    assert ALONE[workstation] in problem


def test_merged_defaults_make_nothing_look_incomplete(folder: Folder) -> None:
    folder.write("_defaults.yaml", "site: acme\naccount: '123456789012'\n")
    [problem] = folder.says("fleet: vision\ndefaults: {<<: *all}\nworkstations: {ws: {gpu: {}}}\n")
    assert "merge keys are not used here" in problem


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> branch", "||||||| base"])
def test_a_merge_conflict_is_called_one(folder: Folder, mark: str) -> None:
    problems = folder.says(f"fleet: vision\n{mark}\nworkstations: {{}}\n")
    assert problems == ["2:1: a merge conflict was left here (keep one side, without the marks)"]


def test_an_alias_bomb_is_a_few_problems(folder: Folder) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    problems = folder.says("\n".join(["fleet: ab", "l0: &l0 [x, x]", *levels]))
    assert len(problems) == 90 + 1  # every alias; the one field whose value is no alias


def test_a_recursive_alias(folder: Folder) -> None:
    assert folder.says("fleet: &a [*a]\n") == [
        "1:12: `*a` refers to an earlier value "
        "(write the value here, or put what is shared under `defaults`)",
    ]


@pytest.mark.parametrize(
    "text", [text for text in FILES if text], ids=lambda text: ascii(text[:24])
)
def test_the_pure_parser_finds_the_same_files_wrong(
    folder: Folder, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_Parser", yaml.SafeLoader)
    place = FILES[text].split(": ")[0]
    assert [problem.split(": ")[0] for problem in folder.says(text)] == [place]
