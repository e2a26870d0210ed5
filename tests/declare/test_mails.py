"""`notices`: who is mailed, each mailbox once, and an owner who is no address is told so."""

from __future__ import annotations

import pytest

from tests.declare.helpers import GPU, Folder

HEAD = f"fleet: vision\nworkstations:\n  ws:\n    {GPU}\n"


@pytest.mark.parametrize(
    ("notices", "addresses"),
    [
        ("{}", ()),
        ("null", ()),
        ("{email: null}", ()),
        ("{email: owner}", ("alice@example.com",)),
        ("{email: ops@example.com}", ("ops@example.com",)),
        ("{email: [owner, ops@example.com]}", ("alice@example.com", "ops@example.com")),
        ("{email: [owner, Alice@Example.com]}", ("alice@example.com",)),
    ],
)
def test_who_is_told(folder: Folder, notices: str, addresses: tuple[str, ...]) -> None:
    folder.write("vision.yaml", f"{HEAD}    notices: {notices}\n")
    [only] = folder.load().workstations
    assert only.notices == addresses


def test_an_owner_who_is_no_address_is_told_with_the_workstation(folder: Folder) -> None:
    text = f"{HEAD}    owner: bob\n    notices: {{email: [ops@example.com, owner]}}\n"
    [problem] = folder.says(text)
    assert problem.startswith("6:40: the owner `bob` of ws is no e-mail address")
    assert "write an address as its `owner`, or give it `notices` of its own" in problem


def test_a_default_for_all_is_no_trouble_for_who_has_an_own_one(folder: Folder) -> None:
    folder.write(
        "vision.yaml",
        "fleet: vision\ndefaults:\n  notices: {email: owner}\nworkstations:\n"
        f"  ws:\n    {GPU}\n    owner: bob\n    notices: {{email: ops@example.com}}\n",
    )
    [only] = folder.load().workstations
    assert only.notices == ("ops@example.com",)


@pytest.mark.parametrize("word", ["bob", "bob@localhost", "two@a.de,b@c.de", "a b@c.de"])
def test_what_is_no_address_is_refused(folder: Folder, word: str) -> None:
    [problem] = folder.says(f'{HEAD}    notices: {{email: "{word}"}}\n')
    assert "must be an e-mail address, or `owner` for the workstation's own" in problem
