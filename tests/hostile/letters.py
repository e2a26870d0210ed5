"""Bytes that are no text, and letters that are not what they seem."""

from __future__ import annotations

import gzip

from tests.hostile.case import Case, Cases, field, fleet, tagged

UNSEEN = "which cannot be seen"
FORBIDDEN = "not even in a comment"

BIDI = {
    "ALM": "\u061c",
    "LRM": "\u200e",
    "RLM": "\u200f",
    "LRE": "\u202a",
    "RLE": "\u202b",
    "PDF": "\u202c",
    "LRO": "\u202d",
    "RLO": "\u202e",
    "LRI": "\u2066",
    "RLI": "\u2067",
    "FSI": "\u2068",
    "PDI": "\u2069",
}


def encodings() -> Cases:
    good = fleet()
    for name, data in {
        "two byte order marks": b"\xef\xbb\xbf" * 2 + good.encode(),
        "UTF-16, little": good.encode("utf-16"),
        "UTF-16, big": b"\xfe\xff" + good.encode("utf-16-be"),
        "UTF-16 without a mark": good.encode("utf-16-le"),
        "UTF-32": good.encode("utf-32"),
        "UTF-7": "fleet: \u00e9\n".encode("utf-7"),
        "EBCDIC": good.encode("cp500"),
        "Latin-1": (good + "# caf\u00e9\n").encode("latin-1"),
        "Windows": (good + "# \u201cx\u201d\n").encode("cp1252"),
        "Shift JIS": (good + "# \u65e5\u672c\n").encode("shift_jis"),
        "a NUL first": b"\0" + good.encode(),
        "a NUL within": good.replace("ws", "w\0s").encode(),
        "a NUL last": good.encode() + b"\0",
        "NULs only": b"\0" * 4096,
        "an overlong slash": good.replace("ws", "w").encode() + b"# \xc0\xaf\n",
        "an overlong NUL": good.encode() + b"# \xc0\x80\n",
        "a lone surrogate": good.encode() + b"# \xed\xa0\x80\n",
        "a pair of surrogates": good.encode() + b"# \xed\xa0\xbd\xed\xb8\x80\n",
        "five bytes": good.encode() + b"# \xf8\x88\x80\x80\x80\n",
        "past Unicode": good.encode() + b"# \xf4\x90\x80\x80\n",
        "cut within a letter": good.encode() + b"# \xe2\x82",
        "a stray byte": good.encode() + b"# \x80\n",
        "gzip": gzip.compress(good.encode(), mtime=0),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "a program": b"\x7fELF\x02\x01\x01" + bytes(64),
        "every byte": bytes(range(256)),
    }.items():
        yield Case(name, data)
    for name, char in {
        "ESC": "\x1b[2J",
        "BEL": "\x07",
        "backspace": "\x08",
        "form feed": "\x0c",
        "vertical tab": "\x0b",
        "DEL": "\x7f",
        "CSI": "\x9b31m",
        "NEL": "\x85",
        "U+2028": "\u2028",
        "U+2029": "\u2029",
        "U+FFFE": "\ufffe",
        "a mark within": "\ufeff",
    }.items():
        yield Case(f"{name} in a comment", f"{good}# {char}\n", FORBIDDEN)
        yield Case(f"{name} in a value", tagged(f"a{char}b"), FORBIDDEN)


def confusables() -> Cases:
    mixed, odd = "looks like one", "looks like something else"
    yield Case("a Cyrillic letter in a fleet", fleet(name="visi\u043en"), mixed)
    yield Case("a Cyrillic letter in a workstation", fleet(ws="\u0430lice"), mixed)
    yield Case("a Cyrillic letter in a field", fleet("gp\u0443: {}"), mixed)
    yield Case("a Cyrillic letter in the top field", "fl\u0435et: ab\n", mixed)
    yield Case("a Cyrillic letter in an owner", field("owner: \u0430lice@example.com"), mixed)
    yield Case("a Cyrillic letter in a tag", tagged("visi\u043en"), mixed)
    yield Case("a Cyrillic letter in a tag's key", tagged("x", key="Te\u0430m"), mixed)
    yield Case("a Greek letter in a tag", tagged("v\u03b9sion"), mixed)
    yield Case("a Greek letter in a zone", field("availability_zones: [us-e\u03b1st-1a]"), mixed)
    yield Case("escaped", tagged('"visi\\u043en"'), mixed)
    yield Case("a whole name in Cyrillic", fleet(ws="\u0430\u0435\u043e"), "must be 2 to 32")
    yield Case("a whole name in Armenian", fleet(ws="\u0578\u0585"), "must be 2 to 32")
    yield Case("a whole name in Cherokee", fleet(ws="\u13a0\u13a1"), "must be 2 to 32")
    yield Case("digits of another script", field("vcpus: {min: \u0664}"), "must be a whole number")
    yield Case("a Latin letter of another shape", fleet(ws="\u0261pu"), "must be 2 to 32")
    yield Case("a dotless i", fleet(name="v\u0131sion"), "must be 2 to 32")
    for name, letter in {
        "full width": "\uff41",
        "a ligature": "\ufb01",
        "bold": "\U0001d41a",
        "a Roman numeral": "\u2170",
        "a small capital of mathematics": "\U0001d5ba",
        "circled": "\u24d0",
        "a long s": "\u017f",
        "a Kelvin sign": "\u212a",
        "a one dot leader": "\u2024",
        "a small at sign": "\ufe6b",
    }.items():
        yield Case(f"{name} in a name", fleet(ws=f"w{letter}"), odd)
        says = "AWS does not allow" if name == "circled" else odd
        yield Case(f"{name} in a tag", tagged(f"w{letter}"), says)


def bidi() -> Cases:
    for name, char in BIDI.items():
        yield Case(f"{name} in a comment", f"{fleet()}# a{char}b\n", FORBIDDEN)
        yield Case(f"{name} in a key", f"{fleet()}  a{char}b: {{gpu: {{}}}}\n", FORBIDDEN)
        yield Case(f"{name} escaped", tagged(f'"a\\u{ord(char):04x}b"'), UNSEEN)


def invisible() -> Cases:
    for name, char in {
        "zero width space": "\u200b",
        "zero width joiner": "\u200d",
        "zero width non-joiner": "\u200c",
        "word joiner": "\u2060",
        "soft hyphen": "\u00ad",
        "Mongolian vowel separator": "\u180e",
        "invisible times": "\u2062",
        "interlinear anchor": "\ufff9",
        "tag letter": "\U000e0061",
        "no-break space": "\u00a0",
        "em space": "\u2003",
        "ideographic space": "\u3000",
        "private letter": "\ue000",
        "unassigned letter": "\u0378",
    }.items():
        yield Case(f"{name} in a tag", tagged(f"a{char}b"), UNSEEN)
        yield Case(f"{name} in a name", fleet(ws=f"a{char}b"), UNSEEN)
    for name, char in {"filler": "\u3164", "half width filler": "\uffa0"}.items():
        yield Case(f"Hangul {name} in a tag", tagged(f"a{char}b"), "looks like something else")
    for name, char in {
        "Hangul choseong filler": "\u115f",
        "Hangul jungseong filler": "\u1160",
        "blank Braille pattern": "\u2800",
        "grapheme joiner": "\u034f",
        "variation selector": "\ufe0f",
        "another variation selector": "\U000e0100",
        "Khmer inherent vowel": "\u17b4",
    }.items():
        yield Case(f"{name} in a tag", tagged(f"a{char}b"), UNSEEN)
        yield Case(f"{name} in a tag's key", tagged("x", key=f"a{char}b"), UNSEEN)


def twins() -> Cases:
    one = "type it again as one"
    yield Case("a tag in two forms", tagged("a\n    caf\u00e9: b", key="cafe\u0301"), one)
    yield Case("a value in two parts", tagged("cafe\u0301"), one)
    yield Case("an escaped accent", tagged('"cafe\\u0301"'), one)
    yield Case("an Angstrom sign", tagged("\u212bngstrom"), "looks like something else")
    yield Case("an Ohm sign", tagged("\u2126"), "looks like something else")
    yield Case("Hangul in parts", tagged("\u1112\u1161\u11ab"), "type it")
    yield Case("two marks out of order", tagged("a\u0307\u0323"))
    yield Case("a workstation in two parts", fleet(ws="re\u0301"), one)
    yield Case("a fleet in two parts", fleet(name="re\u0301"), one)
    yield Case("a workstation in one part", fleet(ws="r\u00e9"), "it has U+00E9")
    yield Case(
        "twins in two files",
        {"a.yaml": fleet(ws="r\u00e9", name="aa"), "b.yaml": fleet(ws="re\u0301", name="bb")},
        one,
    )
    yield Case("many marks on a letter", tagged("a" + "\u0301" * 200), "type it")


CATEGORIES = {
    "encodings": encodings,
    "confusables": confusables,
    "bidi controls": bidi,
    "invisible letters": invisible,
    "NFC and NFD twins": twins,
}
