"""`reconcile ami export`: the same stages for other builders. It makes no AWS call."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.terminal import exit_codes


@click.command(
    cls=options.Command,
    examples=(
        "reconcile ami export packer --to image.pkr.hcl",
        "reconcile ami export imagebuilder --to imagebuilder/",
    ),
    short_help="Write a Packer template or Image Builder components.",
)
@click.argument(
    "builder",
    cls=options.Argument,
    type=click.Choice(["packer", "imagebuilder"]),
    metavar="BUILDER",
    about="packer or imagebuilder.",
)
@click.option(
    "--to",
    cls=options.Option,
    group="What",
    type=click.Path(),
    required=True,
    metavar="PATH",
    help="The file (packer) or the folder (imagebuilder) to write.",
)
@click.option(
    "--image",
    cls=options.Option,
    group="What",
    type=click.Path(),
    metavar="FOLDER",
    default="",
    help="The folder with image.yaml.  [default: ami/, here or above]",
)
@options.manners("text", "json")
@click.pass_context
def export(ctx: click.Context, /, builder: str, to: str, image: str, **_manners: Any) -> int:
    """Write the same stages for Packer or EC2 Image Builder. It makes no AWS call."""
    console = options.console(ctx)
    from pathlib import Path

    from reconciler import __version__
    from reconciler.cli.reconcile.ami_context import folder
    from reconciler.errors import UsageError
    from reconciler.images import export as exports
    from reconciler.images.recipe import load

    place = folder(image)
    recipe = load(place, __version__)
    path = Path(to)
    if builder == "packer":
        files = {path: exports.packer(recipe, str(place))}
    else:
        try:
            written = exports.imagebuilder(recipe)
        except ValueError as error:
            raise UsageError(str(error)) from error
        files = {path / name: text for name, text in written.items()}
    try:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror}") from error
    if console.output == "json":
        console.json({"version": 1, "files": [str(file) for file in files]})
    else:
        console.result("".join(f"{file}\n" for file in files))
    return exit_codes.DONE
