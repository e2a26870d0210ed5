"""`reconcile sandbox imds`: the metadata service of one instance, in the foreground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.cli.sandbox.control import ask
from reconciler.cli.sandbox.troubles import in_region
from reconciler.cli.terminal import exit_codes

if TYPE_CHECKING:
    from reconciler.sandbox.server.wire import Answer

VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


@click.command(
    cls=options.Command,
    examples=(
        "reconcile sandbox imds i-0123456789abcdef0               # a free port of 127.0.0.1",
        "reconcile sandbox imds i-0123456789abcdef0 --host 169.254.169.254 --port 80",
    ),
    short_help="Serve the metadata service of an instance.",
)
@click.argument("instance", cls=options.Argument, about="The instance.", metavar="INSTANCE")
@click.option(
    "--host",
    cls=options.Option,
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address; a loopback address, or 169.254.169.254 where this machine has it.",
)
@click.option(
    "--port",
    cls=options.Option,
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port; 0 takes a free port.",
)
@in_region
@options.manners("text", "json")
@click.pass_context
def imds(
    ctx: click.Context, /, instance: str, host: str, port: int, region: str, **_manners: Any
) -> int:
    """Serve the instance metadata service of one instance of the sandbox, until Ctrl-C.

    It answers as on EC2: a token by PUT, then the data of the instance, its user data, the keys
    of its role, which the sandbox accepts, and the interruption that `reconcile sandbox
    interrupt` ordered. Everybody who reaches the port gets these keys.
    """
    console = options.console(ctx)
    from reconciler.errors import UsageError

    def through_the_control(method: str, path: str, headers: Mapping[str, str]) -> Answer:
        words = {"instance": instance, "region": region, "method": method, "path": path}
        return _answer({**words, "headers": dict(headers)})

    asked = through_the_control("GET", "/", {})
    if asked.status == 503:
        raise UsageError(asked.body.decode())
    with console.stop.interruptible():  # its import takes a second
        from reconciler.sandbox import signals_blocked
        from reconciler.sandbox.server.imds import Service
    with signals_blocked() as wait:
        try:
            service = Service(through_the_control, host, port)
        except ValueError as error:
            raise UsageError(f"--host: {error}") from error
        except OSError as error:
            raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        with service:
            if console.output == "json":
                console.compact = True
                words = {"environment": {VARIABLE: service.url}, "unset": []}
                console.json({"version": 1, "ready": True, **words})
            else:
                console.result(f"export {VARIABLE}={service.url}\n# ready\n")
            console.log.info("metadata service of %s on %s", instance, service.url)
            wait()
    return exit_codes.DONE


def _answer(words: Mapping[str, Any]) -> Answer:
    """What the sandbox answers; 503 once it does not."""
    import base64

    from reconciler.errors import UsageError
    from reconciler.sandbox.server.wire import Answer

    try:
        found = ask("imds", words)
    except UsageError as error:
        return Answer(503, str(error).encode(), {"Content-Type": "text/plain"})
    return Answer(found["status"], base64.b64decode(found["body"]), found["headers"])
