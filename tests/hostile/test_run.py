"""Payloads that the schema lets through, on a whole run: into AWS, and back out of every stream."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.aws.client import RegionClient
from reconciler.cli.reconcile.command import main
from reconciler.kinds import event_rule, topic
from reconciler.render import markdown
from tests.declare.helpers import DEFAULTS
from tests.hostile import sinks
from tests.hostile.payloads import PAYLOADS
from tests.hostile.shapes import SCANNER
from tests.kinds.conftest import module_sandbox as module_sandbox  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

Call = tuple[str, dict[str, Any]]  # `ec2:create_tags`, its arguments
Accepted = dict[str, set[str]]
FORMS = ("text", "json", "markdown")


def declaration(accepted: Accepted) -> dict[str, Any]:
    """One fleet that holds every payload wherever it is let through."""

    def of(field: str) -> list[str]:
        return [PAYLOADS[name] for name in sorted(accepted[field])]

    def ws(**settings: Any) -> dict[str, Any]:
        return {"gpu": {"memory": "24GB"}, **settings}

    hours = {"start": "Mon 09:00", "stop": "Mon 19:00", "timezone": "Europe/Berlin"}
    mount = {"storage": {"mounts": [{"file_system": "data", "at": "/fsx/x-rf"}]}}
    values = enumerate(of("workstations: tags.*"))
    made: dict[str, Any] = {
        "values": ws(tags={f"T{n}": text for n, text in values}, schedule=hours, **mount),
        "keys": ws(tags=dict.fromkeys(of("workstations: tags (key)"), "x")),
        "owner": ws(owner=PAYLOADS["www"], storage={"home": {"ebs": {"size": "10GiB"}}}),
    }
    for number, text in enumerate(of("workstations: network.subnets.tags.*")):
        made[f"subnet-{number}"] = ws(network={"subnets": {"tags": {"Tier": text}}})
    for number, text in enumerate(of("workstations: network.subnets.tags (key)")):
        tags = {"Tier": None, text: "x"}
        made[f"key-{number}"] = ws(network={"subnets": {"tags": tags}})
    for field in ("image.name", "image.ssm_parameter", "instance_profile", "scheduler_role"):
        head, _, last = field.partition(".")
        for number, text in enumerate(of(f"workstations: {field}")):
            name = f"{head.replace('_', '-')}-{last[:1]}{number}x"
            made[name] = ws(**{head: {last: text} if last else text})
    rules = [
        {"protocol": "tcp", "port": 9000 + number, "cidr": "10.1.0.0/16", "description": text}
        for number, text in enumerate(of("ingress: description"))
    ]
    data = {"type": "fsx_lustre", "storage_capacity": "1200GiB", "tags": made["values"]["tags"]}
    return {
        "fleet": "vision",
        "ingress": rules,
        "file_systems": {"data": data},
        "workstations": made,
    }


class Run:
    """A hostile fleet planned, applied and explained; what was sent and what was said."""

    def __init__(self, folder: Path, fleet: dict[str, Any]) -> None:
        self.fleet = fleet
        self.calls: list[Call] = []
        self.out, self.err = io.StringIO(), io.StringIO()  # of the first apply
        (folder / "_defaults.yaml").write_text(DEFAULTS)
        own = {name: value for name, value in fleet.items() if name != "ingress"}
        (folder / "vision.yaml").write_text(json.dumps(own, ensure_ascii=False))
        rules = {"ingress": fleet["ingress"]}
        (folder / "_site.yaml").write_text(json.dumps(rules, ensure_ascii=False))
        self.folder = folder

    def __call__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
        """Its stdout and its stderr."""
        capsys.readouterr()
        main([*arguments, "--fleets", str(self.folder)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "this is a bug in reconcile" not in captured.err
        return captured.out, captured.err


@pytest.fixture(scope="module")
def run(
    module_sandbox: Sandbox, accepted: Accepted, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    made = Run(tmp_path_factory.mktemp("fleets"), declaration(accepted))
    call = RegionClient.call

    def record(
        self: RegionClient, service: str, operation: str, **arguments: Any
    ) -> dict[str, Any]:
        made.calls.append((f"{service}:{operation}", arguments))
        return call(self, service, operation, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegionClient, "call", record)
        patch.setenv("GITHUB_ACTIONS", "true")
        for _ in range(2):  # what mounts a file system waits for it; some can never be made
            with redirect_stdout(made.out), redirect_stderr(made.err):
                assert main(["-v", "-o", "markdown", "--fleets", str(made.folder)]) == 1
        yield made


def leaves(tree: Any) -> Iterator[str]:
    """Every text in the arguments of a call."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from leaves(value)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from leaves(item)
    elif isinstance(tree, str):
        yield tree


@pytest.mark.parametrize("form", FORMS)
def test_a_plan_of_it_is_harmless_in_every_stream(
    run: Run, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(capsys, "-v", "--dry-run", "-o", form)
    assert not sinks.stderr_on_github(err)
    assert err.count("::error file=") >= 50
    if form == "markdown":
        assert not sinks.comment(out)
    else:
        assert not sinks.terminal(out)
    if form == "json":
        assert any(PAYLOADS["forged mark"] in text for text in leaves(json.loads(out)))


@pytest.mark.parametrize("name", ["values", "keys", "owner", "subnet-3"])
def test_its_settings_are_explained_harmlessly(
    run: Run, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = run(capsys, "explain", name)
    assert not sinks.terminal(out)
    document, _ = run(capsys, "explain", name, "-o", "json")
    settings = {row["path"]: row["value"] for row in json.loads(document)["settings"]}
    for key, value in run.fleet["workstations"][name].get("tags", {}).items():
        assert settings[f"tags.{key}"] == value


def test_what_was_let_through_arrives_in_aws_letter_by_letter(run: Run) -> None:
    sent = {name for name, _ in run.calls}
    [data] = [a for name, a in run.calls if name == "fsx:create_file_system"]
    tags = {tag["Key"]: tag["Value"] for tag in data["Tags"]}
    for key, value in run.fleet["workstations"]["values"]["tags"].items():
        assert tags[key] == value
    rules = [
        permission["IpRanges"][0].get("Description")
        for name, arguments in run.calls
        if name == "ec2:authorize_security_group_ingress"
        for permission in arguments["IpPermissions"]
        if "IpRanges" in permission
    ]
    assert set(rules) >= {rule["description"] for rule in run.fleet["ingress"]}
    assert "scheduler:create_schedule" in sent


def test_policies_and_patterns_are_the_documents_meant(run: Run) -> None:
    policy = topic.publish_policy("acme", "us-east-1", "123456789012")
    [made] = [arguments for name, arguments in run.calls if name == "sns:create_topic"]
    assert json.loads(made["Attributes"]["Policy"]) == policy
    [rule] = [arguments for name, arguments in run.calls if name == "events:put_rule"]
    assert json.loads(rule["EventPattern"]) == event_rule.pattern("acme")
    schedules = [arguments for name, arguments in run.calls if name == "scheduler:create_schedule"]
    assert len(schedules) == 2
    inputs = [json.loads(schedule["Target"]["Input"]) for schedule in schedules]
    assert {document["DesiredCapacity"] for document in inputs} == {0, 1}
    assert all(
        document.keys() == {"AutoScalingGroupName", "DesiredCapacity"} for document in inputs
    )
    assert {document["AutoScalingGroupName"] for document in inputs} == {"acme-values"}


def test_no_arn_has_a_wildcard_of_ours(run: Run) -> None:
    tags = {text for text in PAYLOADS.values() if text.startswith("arn:")}
    arns = {
        text
        for name, arguments in run.calls
        for text in leaves(arguments)
        if "arn:" in text and text not in tags
    }
    assert len(arns) > 3
    assert not {arn for arn in arns if "*" in arn or "?" in arn or "${" in arn}


def test_the_first_apply_says_nothing_harmful_and_no_credential(run: Run) -> None:
    out, err = run.out.getvalue(), run.err.getvalue()
    assert not sinks.stderr_on_github(err)
    assert err.count(" create ") > 10, "progress is told"
    mark = f"{markdown.mark([str(run.folder)])}\n"
    comments = out.split(mark)[1:]
    assert len(comments) == 2
    assert [fault for line in comments for fault in sinks.comment(mark + line)] == []
    assert not SCANNER.search(out + err)


def user_data(run: Run) -> list[str]:
    return [
        gzip.decompress(base64.b64decode(arguments["LaunchTemplateData"]["UserData"])).decode()
        for name, arguments in run.calls
        if name == "ec2:create_launch_template"
    ]


def test_user_data_writes_one_file_and_runs_nothing(run: Run) -> None:
    written = user_data(run)
    assert len(written) >= 4
    for text in written:
        assert text.startswith("#cloud-config\n")
        assert text.isascii()
        config = yaml.safe_load(text)  # as cloud-init does
        assert config.keys() == {"write_files"}
        [file] = config["write_files"]
        assert file.keys() == {"path", "permissions", "content"}
        assert file["path"] == "/etc/ws/instance.json"
        assert json.loads(file["content"])["site"] == "acme"
        assert len(base64.b64encode(text.encode())) < 16_384


CARELESS = 'x=$1; eval "y=$x"; eval echo $x; sh -c "echo mount $x"; echo $(echo $x)'


def careless(value: str, folder: Path) -> bool:
    """Whether a script that quotes nothing can be made to run something by this value."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for name in ("touch", "curl", "id", "rm", "admin"):
        (stubs / name).write_text('#!/bin/sh\n: > "$CANARY"\n')
        (stubs / name).chmod(0o755)
    if not (stubs / "sh").exists():
        (stubs / "sh").symlink_to("/bin/sh")
    canary = folder / "canary"
    canary.unlink(missing_ok=True)
    subprocess.run(
        ["/bin/bash", "-c", CARELESS, "careless", value],
        cwd=stubs,
        env={"PATH": str(stubs), "CANARY": str(canary)},
        capture_output=True,
        timeout=20,
        check=False,
    )
    return canary.exists()


def test_what_a_machine_is_told_is_inert_even_in_a_careless_script(
    run: Run, tmp_path: Path
) -> None:
    assert careless(PAYLOADS["command"], tmp_path), "the trap works"
    assert careless(PAYLOADS["semicolon"], tmp_path)
    texts = {
        text
        for script in user_data(run)
        for text in leaves(json.loads(yaml.safe_load(script)["write_files"][0]["content"]))
    }
    assert PAYLOADS["www"] in texts
    assert "/fsx/x-rf" in texts
    assert [text for text in sorted(texts) if careless(text, tmp_path)] == []
    assert not list(tmp_path.rglob("canary"))


def test_no_argument_of_any_call_looks_like_a_credential(run: Run) -> None:
    texts = [text for _, arguments in run.calls for text in leaves(arguments)]
    assert len(texts) > 500
    assert [text for text in (*texts, *user_data(run)) if SCANNER.search(text)] == []


@pytest.mark.parametrize("form", FORMS)
def test_no_stream_holds_a_credential(
    run: Run, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, token = "q9Xw7Lm2Zt4Rk8Vb3Nc6Hd1Jf5Gs0Pa9Ye4Uo2T0", "FwoGZXIvYXdzEXAMPLETOKEN"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    logs = "json" if form == "json" else "text"
    for text in run(capsys, "-v", "--debug", "--log-format", logs, "-o", form):
        assert secret not in text
        assert token not in text
        assert not SCANNER.search(text)


def test_a_second_run_writes_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Payloads come back from AWS as they went in, so nothing looks changed."""
    run.calls.clear()
    run(capsys)
    reads = ("describe", "get", "list")
    assert [name for name, _ in run.calls if not name.split(":")[1].startswith(reads)] == []
    assert os.environ["GITHUB_ACTIONS"] == "true"
