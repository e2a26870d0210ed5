"""`from reconciler import load, plan, apply`: what docs/library.md shows and says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from reconciler import apply, connect, load, plan
from reconciler.aws.client import RegionClient, Session
from reconciler.declare.fleet import Site
from reconciler.engine.run import Hooks
from reconciler.errors import AwsError, NoDeclaration, OtherPlan, UsageError
from reconciler.plan.model import Change, Outcome, Report
from tests.promises.fleets import plain, write

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def groups() -> list[str]:
    """The Auto Scaling groups of the account, by name."""
    client: Any = boto3.client("autoscaling")
    found = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    return sorted(group["AutoScalingGroupName"] for group in found)


def outcomes(report: Report) -> set[str]:
    return {f"{change.op} {change.outcome}" for change in report.plan.changes}


@pytest.fixture(autouse=True)
def fleets(sandbox: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workstations, declared in the folder `fleets` here, and an empty account."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path, plain("ann", "ben"))


def test_the_example_makes_a_dry_run_and_an_apply_in_15_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = EXAMPLES[0]
    assert len(example.splitlines()) <= 15
    before: list[list[str]] = []

    def noted(site: Site, approved: Report) -> Report:
        before.append(groups())
        return apply(site, approved)

    monkeypatch.setattr("reconciler.apply", noted)
    names: dict[str, Any] = {}
    exec(example, names)
    assert before == [[]], "the dry run wrote nothing"
    assert groups() == ["acme-ann", "acme-ben"]
    assert (names["report"].dry_run, names["report"].succeeded) == (False, True)
    lines = capsys.readouterr().out.splitlines()
    assert "create auto_scaling_group acme-ann planned " in lines
    assert lines[-1] == "done"


def test_the_lambda_function_of_the_page_ends_before_its_time_is_over() -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[1], names)
    left = iter([900_000, 900_000, 900_000])
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(left, 29_000))
    assert names["handler"]({}, context)["create"] > 3
    assert groups() == [], "templates come first, and time was over"
    session = names["session"]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
    names["handler"]({}, context)
    assert groups() == ["acme-ann", "acme-ben"]
    assert names["session"] is session, "the session is used again"
    session.close()


def test_only_the_approved_plan_is_applied(fleets: Path) -> None:
    report = plan(load())
    assert (report.dry_run, len(report.digest)) == (True, 64)
    write(fleets.parent, plain("ann", "ben", "eve"))
    with pytest.raises(OtherPlan) as caught:
        apply(load(), report)
    assert any("acme-eve" in row for row in caught.value.rows), "it says which rows differ"
    assert groups() == []
    assert apply(load(), plan(load())).succeeded


@pytest.mark.parametrize("only", ["ann", ["ann"], ("plain/ann",)], ids=["text", "list", "path"])
def test_only_takes_one_name_or_several(only: Any) -> None:
    site = load("fleets")
    assert {change.workstation for change in plan(site, only=only).plan.changes} <= {"ann", ""}
    apply(site, only=only)
    assert groups() == ["acme-ann"]


def test_hooks_hear_of_each_change_and_end_the_run_early() -> None:
    seen: list[Change] = []
    report = apply(load(), hooks=Hooks(on_change=seen.append, stopped=lambda: len(seen) > 1))
    assert report.stopped
    assert {"create waiting", "create done"} <= outcomes(report)
    assert len(seen) == len(report.plan.changes)


def test_what_aws_refuses_is_a_row_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    call = RegionClient.call

    def refusing(client: RegionClient, service: str, operation: str, **sent: Any) -> dict[str, Any]:
        if operation == "create_launch_template":
            raise AwsError(f"{service}:{operation}", "Refused", "no", client.region)
        return call(client, service, operation, **sent)

    monkeypatch.setattr(RegionClient, "call", refusing)
    report = apply(load())
    assert (report.failed, report.succeeded) == (True, False)
    failed = {c.key.kind for c in report.plan.changes if c.outcome is Outcome.FAILED}
    assert failed == {"launch_template"}


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """The sessions that were closed."""
    found: list[Session] = []
    close = Session.close

    def noted(session: Session) -> None:
        found.append(session)
        close(session)

    monkeypatch.setattr(Session, "close", noted)
    return found


def test_a_session_that_it_opens_is_closed_and_one_that_is_given_stays(
    closed: list[Session],
) -> None:
    site = load()
    plan(site)
    assert len(closed) == 1
    session = connect(site)
    plan(site, session=session)
    apply(site, session=session)
    assert len(closed) == 1
    assert connect(site, session) is session
    with pytest.raises(UsageError, match="no workstation"):
        plan(site, only="zoe")
    assert len(closed) == 2, "after an error, too"
    session.close()


def test_without_a_declaration_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoDeclaration):
        load(tmp_path / "empty")


@pytest.mark.parametrize(
    "first", ["import reconciler.plan.model", "from reconciler.plan import guard", "pass"]
)
def test_plan_is_the_function_whatever_was_imported_before(first: str) -> None:
    """A folder has the same name, and Python binds a folder's name when it is first imported."""
    script = f"{first}\nfrom reconciler import plan, apply\nimport reconciler.engine.run\n"
    script += "import reconciler\nprint(plan.__name__, reconciler.plan is plan)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["plan", "True"]


def test_the_types_go_with_the_package() -> None:
    import reconciler

    assert (Path(str(reconciler.__file__)).parent / "py.typed").exists()
    functions: list[Callable[..., Any]] = [load, plan, apply, connect]
    assert all(function.__doc__ and function.__annotations__["return"] for function in functions)
