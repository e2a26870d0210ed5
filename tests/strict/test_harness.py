"""Does this ground see a bug? Known ones are put into the loop, and must be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from reconciler.engine import read
from reconciler.kinds import file_system, home_volume, launch_template
from reconciler.plan import guard
from reconciler.plan.kind import Scope
from reconciler.plan.ownership import SITE
from tests.strict import test_disappears, test_pages
from tests.strict.scenario import Scenario, start

Patch = pytest.MonkeyPatch
numbers = count()


def random_tokens(patch: Patch) -> None:
    """As boto3 fills them in: another one for each call."""
    for kind in (file_system, home_volume):
        patch.setattr(kind, "client_token", lambda aws, change: f"random-{next(numbers)}")


def random_version_tokens(patch: Patch) -> None:
    """Make the tokens of versions random, too."""
    patch.setattr(launch_template, "_token", lambda *_: f"random-{next(numbers)}")


def unread_is_empty(patch: Patch) -> None:
    """A failed read taken for nothing."""
    find = read._find  # the seam of this mutation
    patch.setattr(read, "_find", lambda *a: found if isinstance(found := find(*a), tuple) else ())


def data_made_anew(patch: Patch) -> None:
    """Lost data replaced without asking."""
    patch.setattr(guard, "_lost_data", lambda plan: ())


def anything_is_ours(patch: Patch) -> None:
    """No look at the tag."""
    patch.setattr(Scope, "owns", lambda self, tags: tags.get(SITE, "x") != "")


def crashes() -> Iterator[str]:
    for edit in ("create", "reroot"):
        for k in range(14, start(edit, 1).calls, 2):
            yield from Scenario(edit, 1, ((k, "after"),), lag=30).problems()


def pages() -> Iterator[str]:
    for edit in ("create", "remove"):
        for paged in test_pages.reads(edit, 3):
            yield from test_pages.problems(edit, 3, paged, "error", 2)


def disappears() -> Iterator[str]:
    for deed in ("file_system", "home_volume"):
        yield from test_disappears.problems("retag", 3, deed, 1, 0)


BUGS: list[tuple[Callable[[Patch], None], Callable[[], Iterator[str]]]] = [
    (random_tokens, crashes),
    (random_version_tokens, crashes),
    (unread_is_empty, pages),
    (data_made_anew, disappears),
    (anything_is_ours, crashes),
]


@pytest.mark.parametrize(("bug", "family"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
def test_a_bug_is_found(
    bug: Callable[[Patch], None], family: Callable[[], Iterator[str]], monkeypatch: Patch
) -> None:
    for edit in ("create", "reroot", "remove", "retag"):  # how it should be, before the bug is in
        start(edit, 1), start(edit, 3)
    bug(monkeypatch)
    try:
        assert next(family(), None) is not None, f"{bug.__name__} goes unseen"
    except AssertionError as found:
        if "goes unseen" in str(found):
            raise
