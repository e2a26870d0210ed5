"""`reconcile ami`: bake, test, publish and remove golden images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli import options
from reconciler.cli.reconcile.ami_export import export
from reconciler.cli.terminal import exit_codes

if TYPE_CHECKING:
    from reconciler.cli.reconcile.ami_context import Workshop
    from reconciler.cli.terminal.console import Console

F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    cls=options.Group,
    subcommand_metavar="COMMAND",
    examples=(
        "reconcile ami plan       # what a build would do, how long, what it costs",
        "reconcile ami build      # bake, test on a GPU, publish, remove old ones",
        "reconcile ami status     # images with age, versions and users",
    ),
    codes=exit_codes.TABLE[:3],
    short_help="Bake, test and publish golden images.",
)
def ami() -> None:
    """Bake golden images from the stages in ami/, test them on a GPU, and publish them.

    A build can be interrupted at any time: the next one goes on where it was. What it has begun
    is in AWS's tags alone.
    """


def places(function: F) -> F:
    """Add the options that say which image, and where."""
    decorators = (
        click.option(
            "--image",
            cls=options.Option,
            group="What",
            type=click.Path(),
            metavar="FOLDER",
            default="",
            help="The folder with image.yaml.  [default: ami/, here or above]",
        ),
        options.fleets,
        click.option(
            "--region",
            cls=options.Option,
            group="Where",
            multiple=True,
            metavar="REGION",
            help="Instead of the regions in image.yaml; the first one bakes; repeatable.",
        ),
        click.option(
            "--parameter",
            cls=options.Option,
            group="Where",
            metavar="NAME",
            default="",
            help="Where to publish.  [default: that of the fleets, or /SITE/_image/NAME]",
        ),
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def network(function: F) -> F:
    """Add the options that say where builders run."""
    decorators = (
        click.option(
            "--subnet",
            cls=options.Option,
            group="Where",
            metavar="ID",
            default="",
            help="The subnet of the builders.  [default: the subnets of the fleets]",
        ),
        click.option(
            "--instance-profile",
            cls=options.Option,
            group="Where",
            metavar="NAME",
            default="",
            help="The instance profile of the builders.  [default: SITE-image]",
        ),
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def _workshop(console: Console, words: dict[str, Any]) -> Workshop:
    from reconciler.cli.reconcile.ami_context import enter

    return enter(console, words)


@ami.command(
    cls=options.Command,
    examples=("reconcile ami plan", "reconcile ami plan --region eu-central-1 -o json"),
    short_help="Show what a build would do, how long it takes, what it costs.",
)
@places
@options.manners("text", "json")
@click.pass_context
def plan(ctx: click.Context, /, **words: Any) -> int:
    """Show what a build would do, how long it takes and what it costs. It only reads."""
    console = options.console(ctx)
    from reconciler.cli.terminal.progress import Progress
    from reconciler.images.build import steps
    from reconciler.render import images as render

    with console.stop.interruptible(), Progress(console, "reading"):
        shop = _workshop(console, words)
        found = steps(shop.contexts, shop.recipe, shop.parameter, shop.protected)
        cost = shop.cost(found)
    if console.output == "json":
        console.json(render.plan_document(found, shop.notes, cost))
    else:
        console.result(render.plan_text(found, shop.notes, cost, console.style))
    return exit_codes.DONE


@ami.command(
    cls=options.Command,
    examples=(
        "reconcile ami build",
        "reconcile ami build --subnet subnet-0123456789abcdef0 --wait 2h",
    ),
    short_help="Bake, test, publish, and remove what is old.",
)
@places
@network
@click.option(
    "--wait",
    cls=options.Option,
    group="How",
    type=options.Duration(),
    metavar="30m",
    default="30m",
    help="How long to wait for an instance for the test.  [default: 30m]",
)
@options.manners("text", "json")
@click.pass_context
def build(ctx: click.Context, /, **words: Any) -> int:
    """Bake the image, test it on a GPU, copy it, publish it, and remove old ones.

    What is up to date is left alone. A build that was interrupted goes on. An image that fails
    its test is removed, and the parameter stays as it is.
    """
    console = options.console(ctx)
    from datetime import timedelta

    from reconciler.cli.terminal.progress import Progress
    from reconciler.errors import UsageError
    from reconciler.images import build as images
    from reconciler.render import images as render

    patience = timedelta(seconds=words["wait"])
    with console.stop.interruptible(), Progress(console, "reading") as progress:
        shop = _workshop(console, {**words, "say": progress.step})
        for note in shop.notes:
            console.log.warning("%s", note)
        if shop.recipe.missing:
            listed = ", ".join(shop.recipe.missing)
            raise UsageError(f"image.yaml has no value for {listed}: fill them in (ami/README.md)")
        built = images.build(shop.contexts, shop.recipe, shop.parameter, shop.protected, patience)
    if console.output == "json":
        console.json(render.built_document(built))
    else:
        console.result(render.built_text(built, console.style))
    return exit_codes.DONE


@ami.command(
    cls=options.Command,
    examples=("reconcile ami status", "reconcile ami status -o json"),
    short_help="Show images with age, versions and users.",
)
@places
@options.manners("text", "json")
@click.pass_context
def status(ctx: click.Context, /, **words: Any) -> int:
    """Show the images of this name: age, versions, who uses them, which is published."""
    console = options.console(ctx)
    from reconciler.cli.terminal.progress import Progress
    from reconciler.images.status import status as read
    from reconciler.render import images as render

    with console.stop.interruptible(), Progress(console, "reading"):
        shop = _workshop(console, words)
        found = read(shop.contexts, (shop.parameter, *shop.protected), shop.recipe.name)
    if console.output == "json":
        console.json(render.status_document(found))
    else:
        console.result(render.status_text(found, shop.now(), console.style))
    return exit_codes.DONE


@ami.command(
    cls=options.Command,
    examples=("reconcile ami prune", "reconcile ami prune --region us-east-1"),
    short_help="Remove images that nothing keeps, with their snapshots.",
)
@places
@options.manners("text", "json")
@click.pass_context
def prune(ctx: click.Context, /, **words: Any) -> int:
    """Remove images with their snapshots, but for the last 3 and those in use.

    In use is what a parameter, an instance, or a launch template names.
    """
    console = options.console(ctx)
    from reconciler.cli.terminal.progress import Progress
    from reconciler.images.prune import prune as remove
    from reconciler.render import images as render

    with console.stop.interruptible(), Progress(console, "reading") as progress:
        shop = _workshop(console, {**words, "say": progress.step})
        parameters = (shop.parameter, *shop.protected)
        removed = [
            image
            for context in shop.contexts
            for image in remove(context, shop.recipe.name, parameters)
        ]
    if console.output == "json":
        console.json(render.removed_document(removed))
    else:
        console.result(render.removed_text(removed, console.style))
    return exit_codes.DONE


@ami.command(
    cls=options.Command,
    examples=("reconcile ami copy --to us-west-2",),
    short_help="Copy the published image to another region.",
)
@places
@click.option(
    "--to",
    cls=options.Option,
    group="Where",
    multiple=True,
    required=True,
    metavar="REGION",
    help="The region that gets a copy, and its own parameter; repeatable.",
)
@options.manners("text", "json")
@click.pass_context
def copy(ctx: click.Context, /, **words: Any) -> int:
    """Copy the image that the first region has published, and publish the copies."""
    console = options.console(ctx)
    from reconciler.cli.terminal.progress import Progress
    from reconciler.images.publish import copy_published
    from reconciler.render import images as render

    with console.stop.interruptible(), Progress(console, "reading") as progress:
        shop = _workshop(console, {**words, "say": progress.step})
        built = copy_published(shop.contexts[0], shop.others(words["to"]), shop.parameter)
    if console.output == "json":
        console.json(render.built_document(built))
    else:
        console.result(render.built_text(built, console.style))
    return exit_codes.DONE


ami.add_command(export)
