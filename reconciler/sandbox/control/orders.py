"""What AWS has no call for: moving time, taking capacity away. JSON over HTTP, beside AWS's calls.

A verb is one function that is registered under its path: ``POST /_sandbox/capacity`` is
``@verb("POST", "capacity")``. It gets the world and the words of the body, and its answer is the
answer's body. What it cannot do it says with :class:`Misasked`. No S3 bucket can be called
``_sandbox``, so that no AWS call has such a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.sandbox.capacity import Market
from reconciler.sandbox.clock import Happened
from reconciler.sandbox.operations import Wire
from reconciler.sandbox.server.wire import Answer
from reconciler.sandbox.services.failures import DEFAULTS, NAMED
from reconciler.sandbox.world import World

PREFIX = "/_sandbox/"
SERVER = "reconcile-sandbox"
"""By which a client knows that it talks to a sandbox and not to something else."""
Verb = Callable[[World, Wire], Wire]
VERBS: dict[tuple[str, str], Verb] = {}
LARGEST_MOVE = timedelta(days=366)
DURATION = re.compile(r"(?=.)" + "".join(rf"(\d{{1,6}}{unit})?" for unit in "wdhms"))
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FAILURES = {failure: name for name, failure in NAMED.items()}
MARKETS: dict[str, Market] = {"spot": "spot", "on-demand": "on-demand"}


class Misasked(Exception):
    """A request that cannot be done; the message says why and what to do."""


def verb(method: str, name: str) -> Callable[[Verb], Verb]:
    """Register the function as the answer to this path below ``/_sandbox/``."""

    def register(function: Verb) -> Verb:
        if (method, name) in VERBS:
            raise ValueError(f"{method} {name} is answered twice")
        VERBS[method, name] = function
        return function

    return register


def answer(world: World, method: str, path: str, body: bytes) -> Answer:
    """Answer one request. Every error is JSON: ``{"error": "what, and what to do"}``."""
    name = path.removeprefix(PREFIX)
    function = VERBS.get((method, name))
    if function is None:
        known = ", ".join(f"{way} {PREFIX}{verb}" for way, verb in sorted(VERBS))
        return refusal(404, f"the sandbox has no {method} {path}; it has {known}")
    try:
        words = json.loads(body or b"{}")
        if not isinstance(words, dict):
            raise Misasked("the body must be a JSON object")
        return _json(200, function(world, words))
    except Misasked as error:
        return refusal(400, str(error))
    except json.JSONDecodeError as error:
        return refusal(400, f"the body is no JSON: {error}")


def refusal(status: int, message: str) -> Answer:
    """Build the answer for an error."""
    return _json(status, {"error": message})


def _json(status: int, document: Wire) -> Answer:
    headers = {"Content-Type": "application/json", "Server": SERVER}
    return Answer(status, json.dumps(document).encode(), headers)


def only(words: Wire, *known: str) -> None:
    """Refuse members that mean nothing here, rather than do less than was meant. Raises:
    Misasked."""
    if unknown := sorted(set(words) - set(known)):
        raise Misasked(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")


def text(words: Wire, name: str, default: str | None = None) -> str:
    """Read a member that must be text, and be there unless it has a default. Raises: Misasked."""
    value = words.get(name, default)
    if not isinstance(value, str) or not value:
        raise Misasked(f"{name} must be given, as text")
    return value


def stamp(moment: datetime) -> str:
    """Write an instant as this control does: UTC, whole seconds, and a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_documents(happened: Iterable[Happened]) -> list[Wire]:
    """Convert what happened to JSON."""
    return [{"at": stamp(event.at), "what": event.text} for event in happened]


@verb("GET", "clock")
def clock(world: World, words: Wire) -> Wire:
    """Answer `GET clock`: the time, and the last things that happened by themselves."""
    return _time(world, world.clock.recent)


def _time(world: World, happened: Iterable[Happened]) -> Wire:
    ahead = int(world.clock.ahead.total_seconds())
    return {
        "now": stamp(world.now()),
        "ahead_seconds": ahead,
        "happened": event_documents(happened),
    }


@verb("POST", "clock")
def move(world: World, words: Wire) -> Wire:
    """Answer `POST clock`: move time on by ``{"forward": "2h"}`` or ``{"to": "Mon 09:00",
    "timezone": "Europe/Berlin"}``."""
    only(words, "forward", "to", "timezone")
    if ("forward" in words) == ("to" in words):
        raise Misasked('give one of forward ("2h", "1d12h") and to ("2026-11-23T09:00:00Z")')
    now = world.now()
    if "forward" in words:
        by = duration(text(words, "forward"))
    else:
        by = moment(text(words, "to"), text(words, "timezone", "UTC"), now) - now
    if by > LARGEST_MOVE:
        raise Misasked(f"that is too far at once: at most {LARGEST_MOVE.days} days")
    try:
        return _time(world, world.clock.to(now + by))
    except ValueError as error:
        raise Misasked(f"{error}; choose a later one") from error


def duration(value: str) -> timedelta:
    """Parse ``90s``, ``15m``, ``2h``, ``1d12h`` or ``2w``. Raises: Misasked."""
    if not DURATION.fullmatch(value):
        raise Misasked(f"{value!r} is not a duration; write 90s, 15m, 2h, 1d12h or 2w")
    parts = re.findall(r"(\d+)([wdhms])", value)
    return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))


def moment(value: str, timezone: str, now: datetime) -> datetime:
    """Parse an instant: as ISO 8601, or the next such time of day: ``09:00``, ``Mon 09:00``.
    Raises: Misasked.

    Without a zone of its own it is on the wall of ``timezone``; of two the first.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misasked(f"{timezone!r} is not a time zone; write Europe/Berlin or UTC") from error
    spoken = re.fullmatch(r"(?:([A-Za-z]{3}) )?(\d\d:\d\d)", value)
    try:
        if spoken:
            return _next(spoken[1], time.fromisoformat(spoken[2]), zone, now)
        written = datetime.fromisoformat(value)
    except ValueError as error:
        raise Misasked(
            f"{value!r} is not a time; write 2026-11-23T09:00:00Z, 2026-11-23T09:00, 09:00 or "
            "'Mon 09:00'"
        ) from error
    return written if written.tzinfo else written.replace(tzinfo=zone)


def _next(day: str | None, at: time, zone: ZoneInfo, now: datetime) -> datetime:
    weekday = DAYS.index(day.lower()) if day else None
    today = now.astimezone(zone).date()
    for later in range(9):
        date = today + timedelta(days=later)
        there = datetime.combine(date, at, zone).astimezone(UTC)
        if there > now and weekday in (None, date.weekday()):
            return there
    raise ValueError(f"{day} does not come")


@verb("POST", "capacity")
def capacity(world: World, words: Wire) -> Wire:
    """Answer `POST capacity`, with ``{"take": {"instance_type": "g5.*", "zone": "*", "market":
    "spot"}}``, or ``give``.

    Take has a ``failure`` too: what a launch there says, by its name in ``failures.NAMED``.
    """
    only(words, "take", "give")
    if len(words) != 1 or not isinstance(next(iter(words.values())), dict):
        raise Misasked('give one of take and give: {"take": {"instance_type": "g5.*"}}')
    ((act, pools),) = words.items()
    only(pools, "instance_type", "zone", "market", *(["failure"] if act == "take" else []))
    market = MARKETS.get(text(pools, "market", "spot"))
    if market is None:
        raise Misasked(f"{pools['market']!r} is not a market: {' or '.join(MARKETS)}")
    place = (text(pools, "instance_type"), text(pools, "zone", "*"), market)
    if act == "give":
        world.capacity.give(*place)
        return _capacity(world)
    failure = text(pools, "failure", FAILURES[DEFAULTS[market]])
    if failure not in NAMED:
        raise Misasked(f"{failure!r} is not a failure; there are {', '.join(NAMED)}")
    world.capacity.take(*place, NAMED[failure])
    return _capacity(world)


@verb("GET", "capacity")
def shortage(world: World, words: Wire) -> Wire:
    """Answer `GET capacity`: the pools that are away."""
    return _capacity(world)


def _capacity(world: World) -> Wire:
    return {
        "away": [
            {
                "instance_type": instance_type,
                "zone": zone,
                "market": market,
                "failure": FAILURES.get(failure, failure.code),
            }
            for (instance_type, zone, market), failure in world.capacity.taken.items()
        ]
    }
