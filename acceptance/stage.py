"""What every step and probe is handed: clients, roles, the commands, time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.exceptions
import botocore.session
from botocore.config import Config

from acceptance import SITE
from acceptance.account import Account
from acceptance.answer import Failed, Late, NotRun
from acceptance.backend import Backend
from acceptance.record import Recorder

T = TypeVar("T")

OWNER = "dev@example.com"
"""Owns the workstations that are declared here; a session tag of the developer role."""
ROLE_SECONDS = 300
"""How long AWS may take until a new role can be taken (IAM user guide, eventual consistency)."""
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, read_timeout=60)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    command: str
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its result.

        Raises: Failed when it printed none.
        """
        try:
            found: dict[str, Any] = json.loads(self.out)
        except ValueError as error:
            raise Failed(f"`{self.command}` printed no JSON", self.evidence) from error
        return found

    @property
    def evidence(self) -> dict[str, Any]:
        """For the report: whole lines, for half a number would not be masked."""
        return {"command": self.command, "exit": self.code, "stderr": self.err.splitlines()[-12:]}


@dataclass
class Stage:
    """One account, one region, one folder to write to. `facts` is what earlier steps made."""

    backend: Backend
    account: Account
    folder: Path
    recorder: Recorder
    log: Callable[[str], None]
    facts: dict[str, Any] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    _clients: dict[str, Any] = field(default_factory=dict)
    _own: boto3.Session | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def fleets(self) -> Path:
        """The YAML."""
        return self.folder / "fleets"

    def client(self, service: str, role: str = "") -> Any:
        """A client of the caller, or of one of the roles that were made."""
        if role:  # its credentials end after an hour, a run may take longer
            return self._make(self._session(role), service)
        with self._lock:
            if service not in self._clients:
                self._own = self._own or self._session("")
                self._clients[service] = self._make(self._own, service)
            return self._clients[service]

    def _make(self, session: boto3.Session, service: str) -> Any:
        make: Any = session.client  # typed by service name; ours are variables
        return make(service, region_name=self.account.region, config=_CONFIG)

    def _session(self, role: str) -> boto3.Session:
        core = botocore.session.get_session()
        Recorder(self.recorder.file, self.recorder.mask, role).listen(core)
        given = self.credentials(role) if role else {}
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        pairs = dict(zip(names, given.values(), strict=False))
        return boto3.Session(botocore_session=core, **pairs)

    def credentials(self, role: str) -> dict[str, str]:
        """Variables of a fresh session of a role.

        Raises: Late when AWS does not let it be taken.
        """
        tags = [{"Key": "owner", "Value": OWNER}] if role == "developer" else []

        def taken() -> dict[str, Any] | None:
            try:
                return dict(
                    self.client("sts").assume_role(
                        RoleArn=self.role_arn(role),
                        # It begins as those of Identity Center do, with the login.
                        RoleSessionName=OWNER if role == "developer" else f"{SITE}-{role}",
                        **({"Tags": tags} if tags else {}),
                    )["Credentials"]
                )
            except botocore.exceptions.ClientError as error:
                if code(error) == "AccessDenied":  # not known everywhere yet
                    return None
                raise

        found = self.wait(f"taking the role {role}", taken, ROLE_SECONDS, 10)
        return {
            "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
            "AWS_SESSION_TOKEN": found["SessionToken"],
        }

    def role_arn(self, role: str) -> str:
        """The ARN of a role that is made here."""
        return f"arn:{self.account.partition}:iam::{self.account.id}:role/{SITE}-{role}"

    def reconcile(self, role: str, *arguments: str) -> Ran:
        """Run `reconcile` with the fleets, under a role."""
        return self._run("reconcile", role, "--fleets", str(self.fleets), *arguments)

    def workstation(self, role: str, *arguments: str) -> Ran:
        """Run `workstation` under a role."""
        return self._run("workstation", role, *arguments)

    def _run(self, program: str, role: str, *arguments: str) -> Ran:
        shown = [each for each in arguments if each != str(self.fleets)]
        command = " ".join([program, *(each for each in shown if each != "--fleets")])
        self.log(f"{command}  ({role})")
        done = subprocess.run(
            [sys.executable, "-m", "acceptance.recorded", role, program, *arguments],
            env=self._environment(role),
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
        return Ran(command, done.returncode, done.stdout, done.stderr)

    def _environment(self, role: str) -> Mapping[str, str]:
        spared = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "RECONCILE_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(spared)}
        region = {"AWS_REGION": self.account.region, "AWS_DEFAULT_REGION": self.account.region}
        return environment | region | self.recorder.environment() | self.credentials(role)

    def now(self) -> datetime:
        """The time there, in UTC: a sandbox's can be moved."""
        answer = self.client("sts").get_caller_identity()
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return parsedate_to_datetime(date) if date else datetime.now(UTC)

    def wait(
        self, subject: str, ready: Callable[[], T | None], at_most: float, every: float = 15
    ) -> T:
        """The first answer that is not None or False.

        Raises: Late.
        """
        limit, spent = min(at_most, self.backend.patience), 0.0
        while True:
            found = ready()
            if found is not None and found is not False:
                return found
            if spent >= limit:
                if not limit:
                    raise Late(f"{self.backend.name} lets no time pass: {subject} did not come")
                raise Late(f"{subject} did not come within {limit / 60:.0f} min")
            step = min(every, limit - spent)
            self.pause(step)
            spent += step

    def pause(self, seconds: float) -> None:
        """Let time pass there.

        Raises: NotRun when a signal came.
        """
        if self.backend.name == "AWS":
            self.stopped.wait(seconds)
        elif self.backend.patience:
            self.backend.sleep(seconds)
        if self.stopped.is_set():
            raise NotRun("stopped")

    def happens(self, ready: Callable[[], object], at_most: float, every: float = 15) -> bool:
        """Whether it does."""
        try:
            self.wait("it", lambda: bool(ready()) or None, at_most, every)
        except Late:
            return False
        return True


def code(error: botocore.exceptions.ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def attempt(call: Callable[..., Any], **parameters: Any) -> dict[str, str]:
    """Make a call that may be refused: its code and text, or `accepted`.

    Raises: nothing that AWS answers.
    """
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return {"code": code(error), "message": str(error.response["Error"].get("Message", ""))}
    except botocore.exceptions.ParamValidationError as error:
        return {"code": "ParamValidation", "message": str(error)}
    return {"code": "accepted", "message": ""}
