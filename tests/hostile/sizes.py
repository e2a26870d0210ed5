"""Too much of something, and nothing at all."""

from __future__ import annotations

from pathlib import Path

from reconciler.declare.files import MAX_SIZE
from tests.hostile.case import NOTHING, Case, Cases, field, fleet, tagged

EMPTY = "the file is empty"
SECOND = "a second document begins here"
LONG = "longer than 4096 characters"


def _sparse(size: int) -> bytes:
    return fleet().encode() + b"#" * size


def _endless(folder: Path) -> None:
    with (folder / "vision.yaml").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of NULs that takes no room


def huge() -> Cases:
    yield Case("a byte too many", _sparse(MAX_SIZE), "larger than 256 KiB")
    yield Case("ten megabytes", _sparse(10 << 20), "larger than 256 KiB")
    yield Case("a terabyte with holes in it", _endless, "larger than 256 KiB")
    yield Case("defaults too large", {"_defaults.yaml": "#" * (MAX_SIZE + 1)}, "larger than")
    for size in (5_000, 250_000):
        yield Case(f"{size} letters", tagged("x" * size), LONG)
        yield Case(f"{size} letters in quotes", tagged(f'"{"x" * size}"'), LONG)
        yield Case(f"{size} letters in a block", tagged(f"|\n      {'x' * size}"), LONG)
        yield Case(f"{size} letters of a key", tagged("a", key="x" * size))
        yield Case(f"{size} letters of a name", fleet(ws="x" * size))
        yield Case(f"{size} letters of a tag", f"fleet: !{'x' * size} a\n")
        yield Case(f"{size} letters of an anchor", f"fleet: *{'x' * size}\n")
    for digits in (16, 400, 4_000, 5_000, 200_000):
        yield Case(f"{digits} digits", field(f"vcpus: {{min: {'9' * digits}}}"))
        yield Case(f"{digits} digits of a size", fleet(f"memory: {{min: {'9' * digits}GiB}}"))
    yield Case("400 decimals", field(f"vcpus: {{min: 1.{'3' * 400}}}"))
    yield Case("30,000 keys", "fleet: ab\n" + "".join(f"k{n}:\n" for n in range(30_000)))
    yield Case("20,000 times one key", "fleet: ab\n" * 20_000)
    yield Case("10,000 tags", tagged("a" + "".join(f"\n    t{n}: x" for n in range(10_000))))
    names = "".join(f"  w{n}: {{}}\n" for n in range(5_000))
    yield Case("5,000 empty workstations", f"fleet: ab\nworkstations:\n{names}")
    bad = "".join(f"  w{n}: x\n" for n in range(10_000))
    yield Case("10,000 bad workstations", f"fleet: ab\nworkstations:\n{bad}")
    yield Case("100,000 items", f"fleet: ab\nregions: [{'a,' * 100_000}]\n", "more than 1000 items")
    yield Case("40,000 mounts", fleet(f"storage: {{mounts: [{'{},' * 40_000}]}}"), "more than")
    yield Case("1,001 types", fleet(f"instance_types: [{'g5.xlarge,' * 1001}]"), "more than 1000")
    yield Case("20,000 documents", "fleet: ab\n---\n" * 15_000, SECOND)
    yield Case("200,000 empty lines, then a tab", "fleet: ab\n" + "\n" * 200_000 + "\tx")
    yield Case("80,000 aliases", f"fleet: &a ab\nregions: [{'*a,' * 80_000}]\n", "more than 1000")
    flow = ",".join(f"{n:x}z" for n in range(50_000))
    yield Case("50,000 keys in flow style", f"{{fleet: ab,{flow}}}\n")
    yield Case("15,000 bad tags", tagged("x" + "".join(f"\n    t{n}: 1" for n in range(15_000))))
    yield Case("100,000 quotes", "fleet: " + "'" * 100_001)
    yield Case("100,000 colons", "a:" * 100_000)
    yield Case("100,000 question marks", "? " * 100_000)
    yield Case("100,000 hashes of one value", tagged("x" + "#" * 100_000), LONG)


def nothing() -> Cases:
    for name, text in {
        "no byte": "",
        "a new line": "\n",
        "blanks": "   \n  \n",
        "a comment": "# fleet: ab\n",
        "a start": "---\n",
        "a start and an end": "---\n...\n",
        "null": "null\n",
        "a tilde": "~\n",
        "a comment in a document": "--- # nothing\n",
    }.items():
        yield Case(name, text, EMPTY)
    for name, text in {
        "an empty list": "[]\n",
        "an empty text": '""\n',
        "a word": "fleet\n",
        "a number": "42\n",
        "a list of fleets": "- fleet: ab\n",
    }.items():
        yield Case(name, text, "a fleet file is a mapping")
    yield Case("an empty map", "{}\n", "declares no fleet")
    yield Case("only workstations", "workstations: {ws: {gpu: {}}}\n", "declares no fleet")
    yield Case("a fleet without a name", "fleet:\n", "has no value")
    yield Case("a fleet with an empty name", "fleet: ''\n")
    yield Case("a workstation of nothing", "fleet: ab\nworkstations:\n  ws:\n", "has no value")
    yield Case("two documents", "fleet: ab\n---\nfleet: cd\n", SECOND)
    yield Case("the first is empty", "---\n---\nfleet: ab\n", SECOND)
    yield Case("the second is empty", "fleet: ab\n---\n", SECOND)
    yield Case("after the end", "fleet: ab\n...\nfleet: cd\n", SECOND)
    yield Case("three documents", "---\nfleet: ab\n---\nfleet: cd\n---\n[\n", SECOND)
    yield Case("empty defaults", {"_defaults.yaml": "", "a.yaml": fleet()}, EMPTY)
    # Nothing at all is a wrong folder, not a bad file; going on would remove everything.
    yield Case("defaults only", {}, "declares a fleet", NOTHING)
    yield Case("an empty folder", {}, "declares a fleet", NOTHING, defaults=None)
    yield Case("no YAML", {"fleet.txt": fleet()}, "declares a fleet", NOTHING, defaults=None)
    yield Case("hidden YAML", {".a.yaml": fleet()}, "declares a fleet", NOTHING, defaults=None)
    yield Case("an editor's copy", {"a.yaml~": fleet()}, "declares a fleet", NOTHING)

    def below(folder: Path) -> None:
        (folder / "more").mkdir()
        (folder / "more" / "a.yaml").write_text(fleet())

    yield Case("a folder below", below, "it is in a folder below")


CATEGORIES = {"huge": huge, "empty, null, several documents": nothing}
