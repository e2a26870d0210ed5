"""The selection of a run: files named one by one, and `--only`. Pure.

A run touches only what it names (promise 13). What a single file does not declare is not judged:
removing takes the whole directory. Shared things belong to everybody, so a run that names less
than everybody creates those that it needs, and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.declare.fleet import Site
from reconciler.errors import UsageError
from reconciler.plan.model import Change, Declared, Desired, Key, Live, Op, Plan
from reconciler.plan.refs import refs

SHOWN = 10
"""Names listed when a glob matches none."""


@dataclass(frozen=True)
class Selection:
    """The selection of the options, and the tokens of the approved changes."""

    only: tuple[str, ...] = ()  # globs over `name` and `fleet/name`; () means all
    approvals: frozenset[str] = frozenset()

    def takes(self, fleet: str, workstation: str) -> bool:
        """Tell whether `--only` names a workstation of this fleet."""
        names = (workstation, f"{fleet}/{workstation}")
        return not self.only or any(fnmatchcase(n, glob) for glob in self.only for n in names)

    def means(self, site: Site, fleet: str, workstation: str) -> bool:
        """Tell whether a declared workstation is selected, by its file and by its name."""
        return site.selects(fleet) and self.takes(fleet, workstation)

    def whole(self, site: Site) -> bool:
        """Tell whether the whole site is selected."""
        return not self.only and site.selected_fleets is None


def in_regions(site: Site, selection: Selection) -> Site:
    """Limit the site to regions where something is selected: no other is read.

    A glob that no declared workstation has may name one that left, wherever that was.
    """
    declared = [(w.fleet, w.name) for w in site.workstations]
    leaving = any(
        not any(Selection((glob,)).takes(*names) for names in declared) for glob in selection.only
    )
    if selection.whole(site) or (leaving and site.selected_fleets is None):
        return site
    meant = {w.region for w in site.workstations if selection.means(site, w.fleet, w.name)}
    if not selection.only:
        meant |= {f.region for f in site.file_systems if site.selects(f.fleet)}
    return replace(
        site,
        regions=tuple(region for region in site.regions if region in meant) or site.regions[:1],
        workstations=tuple(w for w in site.workstations if w.region in meant),
        file_systems=tuple(f for f in site.file_systems if f.region in meant),
    )


def select(plan: Plan, desired: Iterable[Desired], site: Site, selection: Selection) -> Plan:
    """Limit the plan to the selection.

    Raises: UsageError for a glob of `--only` that matches no workstation, declared or leaving.
    """
    if selection.whole(site):
        return plan
    _require_matches(plan, site, selection)
    declared = {(w.region, w.name): w.fleet for w in site.workstations}
    meant = _Meant(site, selection, declared)
    rows = [row for row in plan.changes if meant.row(row)]
    needed = _needed(rows, plan.changes)
    owners = {each.key: each for each in desired}
    return replace(
        plan,
        changes=tuple(row for row in plan.changes if meant.row(row) or row.key in needed),
        unchanged=tuple(key for key in plan.unchanged if meant.unchanged(owners.get(key))),
        retained=tuple(live for live in plan.retained if meant.retained(live)),
    )


@dataclass(frozen=True)
class _Meant:
    """What of a plan belongs to a selection."""

    site: Site
    selection: Selection
    declared: Mapping[tuple[str, str], str]  # fleets by region and workstation

    def row(self, row: Change) -> bool:
        """Tell whether a row is of a selected workstation, or of a selected fleet's file."""
        if not row.workstation:
            return self._shared(row.fleet) and row.op is not Op.DELETE
        return self._workstation(row.key.region, row.fleet, row.workstation)

    def unchanged(self, each: Desired | None) -> bool:
        """Tell whether an unchanged resource is selected."""
        if each is None or not each.workstation:
            return each is not None and self._shared(each.fleet)
        return self._workstation(each.key.region, each.fleet, each.workstation)

    def retained(self, live: Live) -> bool:
        """Whether data that nobody declares any more is meant."""
        return self._workstation(live.key.region, live.fleet, live.workstation)

    def _shared(self, fleet: str) -> bool:
        return bool(fleet) and not self.selection.only and self.site.selects(fleet)

    def _workstation(self, region: str, fleet: str, name: str) -> bool:
        declared = self.declared.get((region, name))
        if declared is not None:
            return self.selection.means(self.site, declared, name)
        return self.site.selected_fleets is None and self.selection.takes(fleet, name)


def _needed(rows: Iterable[Change], everything: Iterable[Change]) -> set[Key]:
    """Shared things that rows cannot do without, and that are to be created for them."""
    creates = {row.key: row for row in everything if row.op is Op.CREATE and not row.workstation}
    found: set[Key] = set()
    waiting = list(rows)
    while waiting:
        for key in _needs(waiting.pop()):
            if key in creates and key not in found:
                found.add(key)
                waiting.append(creates[key])
    return found


def _needs(row: Change) -> Iterator[Key]:
    if isinstance(row.action, Declared):
        want = row.action.desired
        yield from want.after
        yield from (ref.key for ref in refs(want.spec))


def _require_matches(plan: Plan, site: Site, selection: Selection) -> None:
    known = {(w.fleet, w.name) for w in site.workstations if site.selects(w.fleet)}
    if site.selected_fleets is None:
        known |= {(c.fleet, c.workstation) for c in plan.changes if c.workstation}  # leaving ones
    for glob in selection.only:
        if not any(Selection((glob,)).takes(*names) for names in known):
            listed = sorted("/".join(filter(None, names)) for names in known)[:SHOWN]
            raise UsageError(
                f"--only {glob} matches no workstation; there are: {', '.join(listed)}"
            )
