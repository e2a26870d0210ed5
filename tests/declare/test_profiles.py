"""`{workstation}` in the name of an instance profile, and nowhere else; root squash."""

from __future__ import annotations

import pytest

from reconciler.declare.fleet import of_type
from reconciler.declare.homes.fsx_lustre import LustreFileSystem
from tests.declare.helpers import GPU, Folder

SHARED = "fleet: vision\nfile_systems: {data: {type: fsx_lustre, storage_capacity: 1200GiB%s}}\n"


@pytest.mark.parametrize(
    ("declared", "name", "pattern"),
    [
        ("workstation", "workstation", "workstation"),
        ("/platform/ws", "/platform/ws", "/platform/ws"),
        ("acme-ws-{workstation}", "acme-ws-ws", "acme-ws-*"),
        ("/gpu/acme_{workstation}", "/gpu/acme_ws", "/gpu/acme_*"),
        (f"{'a' * 31}.{{workstation}}", f"{'a' * 31}.ws", f"{'a' * 31}.*"),
    ],
)
def test_each_workstation_has_the_profile_of_its_name(
    folder: Folder, declared: str, name: str, pattern: str
) -> None:
    found = folder.workstation(f'{GPU}, instance_profile: "{declared}"')
    assert (found.instance_profile, found.profile_pattern) == (name, pattern)


def test_one_line_in_the_defaults_is_for_all(folder: Folder) -> None:
    folder.write(
        "vision.yaml",
        "fleet: vision\ndefaults: {gpu: {count: 1}}\n"
        "workstations: {ann: {instance_profile: 'acme-ws-{workstation}'}, bob: {}}\n",
    )
    profiles = {w.name: w.instance_profile for w in folder.load().workstations}
    assert profiles == {"ann": "acme-ws-ann", "bob": "workstation"}


@pytest.mark.parametrize(
    "declared",
    [
        "{workstation}",  # every role of the account
        "/{workstation}",
        "/acme/{workstation}",  # a policy would name role/acme/*, and profiles have no second name
        "a-{workstation}",
        "acme{workstation}",
        "acme-{workstation}-gpu",
        "acme-{workstation}{workstation}",
        "acme-{fleet}",
        "acme-{}",
        f"{'a' * 32}-{{workstation}}",  # a role's name has at most 64 characters
    ],
)
def test_a_placeholder_that_would_name_too_much_is_refused(folder: Folder, declared: str) -> None:
    (problem,) = folder.settings_say(f'{GPU}, instance_profile: "{declared}"')
    assert "must be the name of an instance profile" in problem


@pytest.mark.parametrize(
    "elsewhere",
    [
        'scheduler_role: "acme-ws-{workstation}"',
        'image: {ssm_parameter: "/golden/{workstation}"}',
        'owner: "{workstation}"',
    ],
)
def test_the_placeholder_means_nothing_elsewhere(folder: Folder, elsewhere: str) -> None:
    assert len(folder.settings_say(f"{GPU}, {elsewhere}")) == 1


@pytest.mark.parametrize(
    ("options", "squashed"),
    [("", True), (", root_squash: true", True), (", root_squash: false", False)],
)
def test_root_of_a_shared_file_system_is_nobody_unless_said(
    folder: Folder, options: str, squashed: bool
) -> None:
    folder.write("vision.yaml", SHARED % options)
    (found,) = of_type(LustreFileSystem, folder.load().file_systems)
    assert found.root_squash is squashed


def test_a_home_has_no_root_squash(folder: Folder) -> None:
    """Its one workstation makes the directories in it as root."""
    home = "storage: {home: {fsx_lustre: {storage_capacity: 1200GiB%s}}}"
    found = folder.workstation(f"{GPU}, {home % ''}")
    assert getattr(found.home, "root_squash", "") is None
    problems = folder.settings_say(f"{GPU}, {home % ', root_squash: true'}")
    assert len(problems) == 1
