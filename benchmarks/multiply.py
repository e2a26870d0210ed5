"""Recorded answers of a few workstations → those of thousands.

The first workstation's records are copied under other names and ids; everything else (paging
tokens aside) stays as it came from the server, byte for byte.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.parsers import expat

from benchmarks import sites
from benchmarks.loopback import Request
from benchmarks.record import Answers

FIRST, SECOND = sites.workstation(0), sites.workstation(1)
ANY = re.compile(r"w[0-9]{5}")
"""The name of a workstation (sites.py)."""
ID = re.compile(r"\b(lt|fs|eni|vol|sg|sgr)-([0-9a-f]{8,17})\b")
USER_DATA = re.compile(r"(?<=<userData>)[A-Za-z0-9+/=]+(?=</userData>)")
SCHEDULE = re.compile(rf"\b({FIRST}-(?:start|stop))-[0-9a-f]{{8}}\b")
SIZES = ("MaxRecords", "MaxResults", "PageSize")
TOKEN = re.compile(r"<([Nn]extToken)>[^<]*</\1>|<[Nn]extToken ?/>")


@dataclass(frozen=True)
class Listing:
    """An answer that lists workstations' things, taken apart."""

    head: bytes  # HTTP's
    before: str
    items: tuple[str, ...]
    after: str
    token: str  # how a token is written, with one %s

    def page(self, start: int, size: int) -> bytes:
        """Items from `start`, and the token that leads on."""
        end = start + size
        is_json = self.before.startswith("{")
        items = ("," if is_json else "").join(self.items[start:end])
        more = self.token % end if end < len(self.items) else ""
        body = f"{self.before}{items}{self.after.replace('%TOKEN%', more, 1)}".encode()
        return self.head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class World:
    """What a server of recorded answers knows: an answerer."""

    exact: Answers
    listings: dict[str, Listing] = field(default_factory=dict)  # by operation
    by_operation: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (operation, _, _), answer in self.exact.items():
            self.by_operation.setdefault(operation, answer)

    def __call__(self, request: Request) -> bytes:
        listing = self.listings.get(request.operation)
        if listing is not None:
            asked = request.parameters
            size = next((int(asked[name]) for name in SIZES if name in asked), 50)
            return listing.page(int(asked.get("NextToken", 0)), size)
        exact = self.exact.get(request.key)
        if exact is not None:
            return exact
        if request.operation not in self.by_operation:
            raise LookupError(f"nothing was recorded for {request.operation}")
        return self.by_operation[request.operation]


def multiply(recorded: Answers, size: int, hashed_names: Iterable[str]) -> World:
    """The world of `size` workstations. `hashed_names` are the names of all schedules."""
    schedules = {name.rpartition("-")[0]: name for name in hashed_names}
    found = dict(_listings(recorded))
    own = _own_ids(found.values())
    world = World(recorded)
    for operation, listing in found.items():
        of_first = [item for item in listing.items if _is_of(FIRST, item)]
        shared = [item for item in listing.items if not ANY.search(_open(item))]
        copies = (
            _copy(item, number, own, schedules) for number in range(size) for item in of_first
        )
        items = (*shared, *copies)
        world.listings[operation] = Listing(
            listing.head, listing.before, items, listing.after, listing.token
        )
    return world


def _listings(recorded: Answers) -> Iterator[tuple[str, Listing]]:
    """Every list that has an entry of the first workstation and one of the second."""
    for (operation, target, _), answer in recorded.items():
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-l")]
        text = body.decode()
        if FIRST not in _open(text) or FIRST in urlsplit(target).path:
            continue
        taken = _of_json(text) if text.startswith("{") else _of_xml(text)
        if taken is None or not all(
            any(_is_of(name, item) for item in taken[1]) for name in (FIRST, SECOND)
        ):
            continue
        yield operation, Listing(b"\r\n".join([*lines, b""]), *taken)


def _of_json(text: str) -> tuple[str, tuple[str, ...], str, str] | None:
    document: dict[str, Any] = json.loads(text)
    name, items = next(((n, v) for n, v in document.items() if isinstance(v, list)), ("", []))
    rest = {n: v for n, v in document.items() if n not in (name, "NextToken")}
    after = "]" + "".join(f",{json.dumps(n)}:{json.dumps(v)}" for n, v in rest.items())
    before = f"{{{json.dumps(name)}:["
    return before, tuple(map(json.dumps, items)), f"{after}%TOKEN%}}", ',"NextToken":"%s"'


def _of_xml(text: str) -> tuple[str, tuple[str, ...], str, str] | None:
    """The outermost `<member>`s or `<item>`s."""
    spans: list[tuple[int, int]] = []
    path: list[tuple[str, int]] = []
    parser = expat.ParserCreate()

    def start(tag: str, _attributes: Mapping[str, str]) -> None:
        path.append((tag, parser.CurrentByteIndex))

    def end(tag: str) -> None:
        _, begin = path.pop()
        if tag in ("member", "item") and not any(t in ("member", "item") for t, _ in path):
            spans.append((begin, parser.CurrentByteIndex + len(f"</{tag}>")))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    data = text.encode()
    parser.Parse(data, True)
    if not spans:
        return None
    items = tuple(data[begin:finish].decode() for begin, finish in spans)
    after = TOKEN.sub("", data[spans[-1][1] :].decode())
    close = after.index(">") + 1  # of the list: the token comes behind it
    name = "NextToken" if items[0].startswith("<member>") else "nextToken"
    return (
        TOKEN.sub("", data[: spans[0][0]].decode()),
        items,
        f"{after[:close]}%TOKEN%{after[close:]}",
        f"<{name}>%s</{name}>",
    )


def _own_ids(listings: Iterable[Listing]) -> dict[str, str]:
    """Ids of the first workstation's things alone → how to write those of another."""
    items = [item for listing in listings for item in listing.items]
    of_first = [m for item in items if _is_of(FIRST, item) for m in ID.finditer(_open(item))]
    others = {m[0] for item in items if not _is_of(FIRST, item) for m in ID.finditer(_open(item))}
    own = {m[0]: m[1] for m in of_first if m[0] not in others}
    return {each: f"{kind}-{n:x}%016x" for n, (each, kind) in enumerate(own.items())}


def _is_of(name: str, item: str) -> bool:
    return name in _open(item)


def _open(text: str) -> str:
    """With its user data decoded."""
    return USER_DATA.sub(lambda found: base64.b64decode(found[0]).decode(), text)


def _copy(item: str, number: int, own: Mapping[str, str], schedules: Mapping[str, str]) -> str:
    def renamed(text: str) -> str:
        text = ID.sub(lambda m: own[m[0]] % number if m[0] in own else m[0], text)
        if schedules:
            text = SCHEDULE.sub(
                lambda m: schedules[m[1].replace(FIRST, sites.workstation(number))], text
            )
        text = text.replace(FIRST, sites.workstation(number))
        return text.replace(sites.fleet(0), sites.fleet(number))

    def encoded(found: re.Match[str]) -> str:
        return base64.b64encode(renamed(base64.b64decode(found[0]).decode()).encode()).decode()

    return renamed(USER_DATA.sub(encoded, item))
