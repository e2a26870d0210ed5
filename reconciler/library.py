"""The functions of `from reconciler import load, plan, apply`: docs/library.md shows them at work.

Imports stand inside the functions, because `import reconciler` belongs to every command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

# Importing a folder binds its name in the package, once. Done here, before the package binds its
# function `plan`, no later import of `reconciler.plan` replaces that function.
import reconciler.plan  # noqa: F401

if TYPE_CHECKING:
    from os import PathLike

    from reconciler.aws.client import Session
    from reconciler.declare.fleet import Site
    from reconciler.engine.environment import Environment
    from reconciler.engine.run import Hooks
    from reconciler.plan.model import Report
    from reconciler.plan.selection import Selection


def load(*paths: str | PathLike[str]) -> Site:
    """Load a declaration: every fleet of each folder, or one fleet's file; `fleets` by default.

    Raises: BadDeclaration with every problem of every file; NoDeclaration where no file declares
    a fleet.
    """
    from pathlib import Path

    from reconciler.declare.load import load as load_files

    return load_files([Path(path) for path in paths or ("fleets",)])


def connect(site: Site, before: Session | None = None) -> Session:
    """Sign in to the account of a site, with the credentials that the AWS CLI would use.

    `plan` and `apply` do so by themselves; connect once to call them many times, as a Lambda
    function does. `before` is used again while its credentials are current, else closed.

    Raises: UsageError without credentials; Unreachable without an answer; Refused where they
    belong to another account than the site.
    """
    from reconciler.aws.client import connect as sign_in

    return sign_in(site, before=before)


def plan(
    site: Site,
    *,
    only: str | Iterable[str] = (),
    approve: str | Iterable[str] = (),
    drift_only: bool = False,
    session: Session | None = None,
) -> Report:
    """Plan what a run would do now. Writes nothing.

    `only`, `approve` and `drift_only` are as on the command line: globs over `name` and
    `fleet/name`, tokens that let guarded changes through, and repair without anything new.

    Raises: UsageError where `only` matches nothing; the errors of `connect`. What AWS did not
    answer is in `report.plan.unknown`, and raises nothing.
    """
    from reconciler.engine.run import reconcile

    with _environment(site, session) as environment:
        return reconcile(
            site, environment, _selection(only, approve), dry_run=True, drift_only=drift_only
        )


def apply(
    site: Site,
    approved: Report | None = None,
    *,
    only: str | Iterable[str] = (),
    approve: str | Iterable[str] = (),
    drift_only: bool = False,
    wait: bool = False,
    hooks: Hooks | None = None,
    session: Session | None = None,
) -> Report:
    """Plan anew and apply the plan; with `approved`, a report of `plan`, that plan only.

    Give the same `only` and `drift_only` as to `plan`. `wait` returns when AWS has finished what
    it began. `hooks` hear of each change, and can end the run early.

    Raises: OtherPlan where the plan is not the approved one, and nothing was written; otherwise as
    `plan`. A change that fails is a row of the report with outcome `failed`, and raises nothing.
    """
    from reconciler.engine.run import Hooks, reconcile
    from reconciler.plan.approval import approval_of

    with _environment(site, session) as environment:
        return reconcile(
            site,
            environment,
            _selection(only, approve),
            drift_only=drift_only,
            approved=approval_of(approved) if approved else None,
            wait=wait,
            hooks=hooks or Hooks(),
        )


@contextmanager
def _environment(site: Site, session: Session | None) -> Iterator[Environment]:
    """Make the environment of a session; one that is opened here is closed again."""
    from reconciler.engine.environment import environment_of

    opened = session or connect(site)
    try:
        yield environment_of(opened)
    finally:
        if session is None:
            opened.close()


def _selection(only: str | Iterable[str], approve: str | Iterable[str]) -> Selection:
    from reconciler.plan.selection import Selection

    return Selection(_names(only), frozenset(_names(approve)))


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    """One name, or several: a string is one, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)
