"""What every command of `reconcile ami` needs: the recipe, the site, a context for each region."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__
from reconciler.cli.paths import fleet_paths

if TYPE_CHECKING:
    from reconciler.aws.client import Session
    from reconciler.cli.terminal.console import Console
    from reconciler.declare.fleet import Site
    from reconciler.images.build import Step
    from reconciler.images.model import Context, Recipe

FOLDER = "ami"


def folder(given: str) -> Path:
    """Find the folder of the image: the option, or `ami/` here or above, up to the git root.

    Raises: UsageError.
    """
    if given:
        return Path(given)
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / FOLDER / "image.yaml").is_file():
            return Path(FOLDER) if place == here else place / FOLDER
        if (place / ".git").exists():
            break
    from reconciler.errors import UsageError

    raise UsageError(f"no folder {FOLDER}/ here or above: give one with --image")


@dataclass(frozen=True)
class Workshop:
    """The recipe and the regions of one command. The first context is where images are baked."""

    session: Session
    site: Site
    recipe: Recipe
    contexts: tuple[Context, ...]
    parameter: str
    protected: tuple[str, ...]  # other parameters of the fleets
    notes: tuple[str, ...]
    make: Callable[[str], Context]

    def now(self) -> datetime:
        """Return the time by AWS's clock."""
        return self.session.now()

    def others(self, regions: Sequence[str]) -> list[Context]:
        """Make the contexts of further regions. Raises: UsageError for one of no fleet."""
        _require(self.site, regions)
        return [self.make(region) for region in regions]

    def cost(self, steps: Sequence[Step]) -> Decimal | None:
        """Estimate the dollars of the instances of a build; None where a price is not known."""
        from reconciler.aws.prices import hourly_price

        total = Decimal()
        for step in steps:
            if not step.billed:
                continue
            aws = self.session.reader(step.region)
            zone = f"{step.region}a"
            price = hourly_price(aws, step.billed, zone, step.market, self.now)
            if price is None:
                return None
            total += price.hourly * step.minutes / 60
        return total


def enter(console: Console, words: dict[str, Any]) -> Workshop:
    """Read the folder and the fleets, and sign in.

    Raises: UsageError, BadDeclaration, and as `connect`.
    """
    from reconciler.aws import lookup
    from reconciler.aws.client import connect
    from reconciler.declare.image_file import EXPERIMENTAL
    from reconciler.declare.load import load as load_fleets
    from reconciler.images.model import Context
    from reconciler.images.network import network_of, parameter_of, parameters_of
    from reconciler.images.recipe import load

    recipe = load(folder(words["image"]), __version__)
    site = load_fleets(fleet_paths(words["fleets"]))
    console.site = site.name
    regions = words["region"] or recipe.regions
    _require(site, regions)
    parameter = parameter_of(site, words["parameter"], recipe.name)
    session = connect(site, console.stop.seconds)
    if session.target.note:
        console.say_once(session.target.note)
    given = words.get("subnet", ""), words.get("instance_profile", "")

    def make(region: str) -> Context:
        aws = session.region(region)
        found = () if given[0] else lookup.subnets(aws)
        return Context(
            aws,
            site.name,
            network_of(site, region, found, *given),
            session.now,
            console.stop.pause,
            lambda: uuid.uuid4().hex,
            words.get("say", console.log.info),
            console.commit,
        )

    notes: list[str] = []
    if recipe.os in EXPERIMENTAL:
        notes.append(f"{recipe.os} is experimental: its stages have never run on AWS")
    if parameter not in parameters_of(site):
        notes.append(
            f"no fleet uses {parameter} yet: write image: {{ssm_parameter: {parameter}}} in "
            "the YAML"
        )
    return Workshop(
        session,
        site,
        recipe,
        tuple(map(make, regions)),
        parameter,
        tuple(name for name in parameters_of(site) if name != parameter),
        tuple(notes),
        make,
    )


def _require(site: Site, regions: Sequence[str]) -> None:
    from reconciler.errors import UsageError

    unknown = [region for region in regions if region not in site.regions]
    if unknown:
        raise UsageError(
            f"no fleet is in {', '.join(unknown)}: the fleets are in {', '.join(site.regions)}; "
            "choose with --region, or correct `regions` in image.yaml"
        )
