"""`reconcile validate`: warnings beside a good declaration."""

from __future__ import annotations

from tests.cli.fakes import YAML, Cli

HOMELESS = "has no home: nothing that is written on it is kept when it stops"


def test_a_warning_is_a_line_on_stderr_and_no_error(cli: Cli) -> None:
    ended = cli("validate")
    assert ended.code == 0
    assert ended.out == "Valid: 2 workstations in 1 file.\n"
    assert [line.split(": ")[:3] for line in ended.err.splitlines()] == [
        ["warning", "fleets/vision.yaml:12:3", "alice has no home"],
        ["warning", "fleets/vision.yaml:13:3", "bob has no home"],
    ]


def test_programs_and_github_get_them_too(cli: Cli) -> None:
    ended = cli("validate", "-o", "json", env={"GITHUB_ACTIONS": "true"})
    [alice, bob] = ended.json["warnings"]
    assert (alice["code"], alice["where"]) == ("no-home", "fleets/vision.yaml:12:3")
    assert HOMELESS in bob["message"]
    assert ended.err.splitlines()[0].startswith(
        "::warning file=fleets/vision.yaml,line=12,col=3::alice has no home"
    )


def test_a_file_that_is_named_gets_only_its_own(cli: Cli) -> None:
    other = YAML.replace("vision", "robots").replace("alice", "emil").replace("bob", "otto")
    (cli.folder / "fleets/robots.yaml").write_text(other)
    ended = cli("validate", "-f", "fleets/robots.yaml")
    assert ("emil" in ended.err, "alice" in ended.err) == (True, False)


def test_without_warnings_it_says_nothing_more(cli: Cli) -> None:
    home = "storage: {home: {ebs: {size: 200GiB}}}"
    cli.yaml(YAML.replace("region: us-east-1", f"region: us-east-1\n  {home}"))
    assert cli("validate").err == ""
    assert cli("validate", "-o", "json").json["warnings"] == []
