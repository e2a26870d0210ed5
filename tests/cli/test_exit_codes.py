"""Every exit code, of every command that has it, and the one table they are told from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.terminal import exit_codes
from reconciler.errors import (
    AwsError,
    BadDeclaration,
    Denied,
    Refused,
    Throttled,
    Unreachable,
    UsageError,
)
from reconciler.plan.model import Key, Op, Outcome, Plan, Report
from tests.cli.fakes import YAML, Aws, Cli
from tests.render.samples import APPLIED, HELD, HUNDRED, MIXED, NOTHING, report
from tests.support.plan_rows import plan_row

ROOT = Path(__file__).parents[2]
CREATE = report(Plan((plan_row(Op.CREATE, Key("us-east-1", "topic", "acme")),)))
WAITING = report(
    Plan((replace(CREATE.plan.changes[0], outcome=Outcome.WAITING, reason="being created"),))
)
BLOCKED = report(
    Plan((replace(CREATE.plan.changes[0], outcome=Outcome.BLOCKED, reason="not our tag"),))
)
UNKNOWN = report(Plan(unknown=MIXED.plan.unknown))

DENIED = Denied(
    "sts:GetCallerIdentity", "AccessDenied", "no", "us-east-1", "sts:GetCallerIdentity", "*"
)


@pytest.mark.parametrize(
    ("found", "dry_run", "with_flag", "run"),
    [
        (NOTHING, 0, 0, 0),
        (CREATE, 0, 3, 0),
        (WAITING, 0, 3, 0),
        (HUNDRED, 0, 3, 0),
        (BLOCKED, 1, 1, 1),
        (UNKNOWN, 1, 1, 1),
        (MIXED, 1, 1, 1),
        (HELD, 4, 4, 4),
    ],
    ids=["nothing", "create", "waiting", "hundred", "blocked", "unknown", "mixed", "refused"],
)
def test_what_was_found_decides(
    cli: Cli, found: Report, dry_run: int, with_flag: int, run: int
) -> None:
    aws = cli.on(Aws(found))
    assert cli("--dry-run").code == dry_run
    assert cli("--dry-run", "--exit-code").code == with_flag
    assert aws.applied == 0
    assert cli().code == run


def test_a_failed_change_is_1_and_the_rest_is_told(cli: Cli) -> None:
    cli.on(Aws(CREATE, outcome=Outcome.FAILED))
    done = cli()
    assert done.code == exit_codes.FAILED
    assert "Failed\n  ! topic acme in us-east-1: ec2:CreateLaunchTemplate: no" in done.out


def test_a_wait_that_ends_too_early_is_1(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.aws.retries.WAIT_LIMIT_SECONDS", 0)
    monkeypatch.setattr("reconciler.aws.retries.POLL_SECONDS", 0)
    cli.on(Aws(WAITING))
    assert cli("--wait").code == exit_codes.FAILED


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UsageError("no AWS credentials (profile 'x')"), 2, "no AWS credentials (profile 'x')"),
        (Refused("the credentials belong to account 1"), 4, "belong to account 1"),
        (DENIED, 1, '{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}'),
        (
            Unreachable("sts:GetCallerIdentity", "EndpointConnectionError", "no", "us-east-1"),
            1,
            "check the network, the proxy and AWS_ENDPOINT_URL",
        ),
        (Throttled("sts:GetCallerIdentity", "Throttling", "slow", "us-east-1"), 1, "slow"),
        (AwsError("sts:GetCallerIdentity", "Odd", "odd", "us-east-1"), 1, "odd"),
        (ZeroDivisionError("oh\nno"), 1, "ZeroDivisionError: oh no (this is a bug in reconcile"),
    ],
)
def test_an_error_is_one_line_and_a_code(cli: Cli, error: Exception, code: int, says: str) -> None:
    cli.on(Aws(NOTHING, connected=error))
    result = cli("--dry-run")
    assert result.code == code
    assert result.out == ""
    assert says in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1


def bad_yaml(cli: Cli) -> None:
    cli.yaml("fleet: vision\nworkstation: {}\n")


def no_yaml(cli: Cli) -> None:
    (cli.folder / "fleets/vision.yaml").unlink()


def no_folder(cli: Cli) -> None:
    no_yaml(cli)
    (cli.folder / "fleets").rmdir()


@pytest.mark.parametrize("command", [("--dry-run",), (), ("validate",), ("explain", "alice")])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [(bad_yaml, 2), (no_yaml, 4), (no_folder, 4)],
    ids=["bad", "none", "no-folder"],
)
def test_the_yaml_decides_before_aws(
    cli: Cli, command: tuple[str, ...], spoil: Callable[[Cli], None], code: int
) -> None:
    cli.on(Aws(NOTHING, connected=AssertionError("AWS was called")))
    spoil(cli)
    assert cli(*command).code == code


@pytest.mark.parametrize("command", [("validate",), ("explain", "alice"), ("--version",), ("-h",)])
def test_offline_commands_are_0(cli: Cli, command: tuple[str, ...]) -> None:
    cli.on(Aws(NOTHING, connected=AssertionError("AWS was called")))
    home = "region: us-east-1\n  storage: {home: {ebs: {size: 200GiB}}}"
    cli.yaml(YAML.replace("region: us-east-1", home))  # without one there is a warning
    result = cli(*command)
    assert result.code == 0
    assert result.out
    assert result.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--dry-ru",), "Did you mean '--dry-run'?"),
        (("validat",), "Did you mean 'validate'?"),
        (("validate", "--flets", "x"), "Did you mean '--fleets'?"),
        (("-o", "yaml"), "'yaml' is not one of 'text', 'json', 'markdown'"),
        (("--every", "5"), "write 30s, 5m or 1h"),
        (("--every", "0m"), "write 30s, 5m or 1h"),
        (("--exit-code",), "--exit-code is for --dry-run"),
        (("--wait", "--dry-run"), "--wait has nothing to wait for"),
        (("--every", "5m", "--approve", "x"), "--approve is for one plan"),
        (("--only", "alice", "validate"), "--only belongs to the run"),
        (("explain",), "Missing argument 'NAME'"),
        (("sandbox", "--port", "70000"), "70000 is not in the range"),
        (("completion", "tcsh"), "'tcsh' is not one of"),
    ],
)
def test_wrong_usage_is_2_with_what_to_do(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    result = cli(*arguments)
    assert result.code == exit_codes.USAGE
    assert result.out == ""
    assert says in result.err
    assert "--help`)" in result.err
    assert result.err.count("\n") == 1


def test_a_variable_of_the_environment_is_no_contradiction(cli: Cli) -> None:
    cli.on(Aws(CREATE))
    assert cli(env={"RECONCILE_EXIT_CODE": "1"}).code == 0
    assert cli("--dry-run", env={"RECONCILE_EXIT_CODE": "1"}).code == 3
    assert cli("validate", env={"RECONCILE_ONLY": "alice"}).code == 0


def test_the_report_of_a_run_has_one_code() -> None:
    assert exit_codes.of_report(APPLIED) == exit_codes.FAILED
    assert exit_codes.of_report(replace(APPLIED, findings=HELD.findings)) == exit_codes.REFUSED


def test_the_table_has_each_code_once() -> None:
    assert [row.code for row in exit_codes.TABLE] == [0, 1, 2, 3, 4, 130, 143]
    assert {BadDeclaration.exit_code, Refused.exit_code, AwsError.exit_code} <= {1, 2, 4}


def test_help_and_docs_tell_the_table(cli: Cli, golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / "docs/exit-codes.md", exit_codes.markdown())
    text = cli("--help").out
    for row in exit_codes.TABLE:
        assert f"{row.code:<5}{row.meaning}" in text
