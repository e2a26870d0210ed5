"""`reconcile sandbox clock` and others: control what AWS does not let anybody control."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from reconciler.cli import options
from reconciler.cli.terminal import exit_codes

if TYPE_CHECKING:
    from reconciler.cli.terminal.console import Console

ENDPOINT = "AWS_ENDPOINT_URL"
KEY = "AWS_ACCESS_KEY_ID"
SERVER = "reconcile-sandbox"
SECONDS = 600  # moving weeks of a large fleet takes its time


def ask(verb: str, words: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Send a request to the sandbox that AWS_ENDPOINT_URL names, with words or without.

    Raises: UsageError when there is none, when it is something else, and for what it refuses.
    """
    import json
    from contextlib import closing
    from http.client import HTTPConnection, HTTPException

    from reconciler.errors import UsageError

    endpoint = os.environ.get(ENDPOINT, "")
    if not endpoint:
        raise UsageError(
            f"{ENDPOINT} is not set, so there is no sandbox to talk to: start one with "
            "`reconcile sandbox` and paste the two lines that it prints"
        )
    place = urlsplit(endpoint)
    not_one = f"{endpoint} ({ENDPOINT}) is not a sandbox of `reconcile sandbox`"
    if place.scheme != "http" or not place.hostname:
        raise UsageError(f"{not_one}: those are at http://127.0.0.1")
    body = None if words is None else json.dumps(words)
    headers = {"Authorization": f"Bearer {os.environ.get(KEY, '')}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        with closing(HTTPConnection(place.netloc, timeout=SECONDS)) as connection:
            method = "GET" if words is None else "POST"
            connection.request(method, f"/_sandbox/{verb}", body, headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
    except OSError as error:
        raise UsageError(
            f"{endpoint} ({ENDPOINT}) does not answer: {error}; is `reconcile sandbox` running?"
        ) from error
    except (HTTPException, ValueError) as error:
        raise UsageError(not_one) from error
    if answer.getheader("Server") != SERVER:
        raise UsageError(not_one)
    if answer.status != 200:
        raise UsageError(document["error"])
    return dict(document)


def show(console: Console, document: dict[str, Any], text: str) -> int:
    """Print the answer on stdout, as JSON or as text."""
    if console.output == "json":
        console.json({"version": 1, **document})
    else:
        console.result(text)
    return exit_codes.DONE


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox clock                # show its time",
        "reconcile sandbox clock +2h            # move it; schedules fire on the way",
        "reconcile sandbox clock 'Mon 09:00' --timezone Europe/Berlin",
        "reconcile sandbox clock 2026-11-23T09:00:00Z",
    ),
    short_help="Show or move the sandbox's time.",
)
@click.argument(
    "to",
    cls=options.Argument,
    about="How far, or to which time; without it, show the time.",
    required=False,
)
@click.option(
    "--timezone",
    cls=options.Option,
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Time zone of TO, such as Europe/Berlin.",
)
@options.manners("text", "json")
@click.pass_context
def clock(ctx: click.Context, /, to: str | None, timezone: str, **_manners: Any) -> int:
    """Show the sandbox's time, or move it forward; it never goes back.

    Everything that is due in between happens in order: schedules fire, scheduled actions run,
    groups without capacity ask again.
    """
    if to is None:
        document = ask("clock")
    elif to.startswith("+"):
        document = ask("clock", {"forward": to[1:]})
    else:
        document = ask("clock", {"to": to, "timezone": timezone})
    lines = [f"{each['at']}  {each['what']}\n" for each in document["happened"]]
    return show(options.console(ctx), document, "".join([*lines, f"now {document['now']}\n"]))


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox capacity take 'g5.*'     # no more Spot of these types",
        "reconcile sandbox capacity take '*' --zone us-east-1a --market on-demand",
        "reconcile sandbox capacity take '*' --failure spot-quota",
        "reconcile sandbox capacity give 'g5.*'     # undo the first line",
        "reconcile sandbox capacity                 # show what is taken away",
    ),
    short_help="Take instance capacity away, or give it back.",
)
@click.argument(
    "act",
    cls=options.Argument,
    about="take or give; without it, show what is taken away.",
    required=False,
    type=click.Choice(["take", "give"]),
)
@click.argument(
    "instance_type",
    cls=options.Argument,
    about="Instance types; globs allowed.",
    required=False,
    metavar="TYPE",
)
@click.option(
    "--zone",
    cls=options.Option,
    metavar="ZONE",
    default="*",
    help="Only in this zone; globs allowed.",
)
@click.option(
    "--market",
    cls=options.Option,
    type=click.Choice(["spot", "on-demand"]),
    default="spot",
    show_default=True,
    help="The market to change.",
)
@click.option(
    "--failure",
    cls=options.Option,
    metavar="NAME",
    help="How a launch fails: key, free-tier, price, ...; a wrong name lists all.",
)
@options.manners("text", "json")
@click.pass_context
def capacity(
    ctx: click.Context,
    /,
    act: str | None,
    instance_type: str | None,
    zone: str,
    market: str,
    failure: str | None,
    **_manners: Any,
) -> int:
    """Take instance capacity away, or give it back; without arguments, list what is taken away.

    TYPE may be a glob. Only launches are refused: running instances stay.
    """
    if act and not instance_type:
        raise click.UsageError(f"{act} what? Name an instance type, such as 'g5.*' or '*'.", ctx)
    if failure and act != "take":
        raise click.UsageError("--failure is for take: what is given back does not fail.", ctx)
    pools = {"instance_type": instance_type, "zone": zone, "market": market}
    pools |= {"failure": failure} if failure else {}
    document = ask("capacity", {act: pools} if act else None)
    lines = [
        f"away: {each['instance_type']} in {each['zone']}, {each['market']}: {each['failure']}\n"
        for each in document["away"]
    ]
    return show(options.console(ctx), document, "".join(lines) or "nothing is away\n")
