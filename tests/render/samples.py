"""Reports to render: one of each situation, made by hand."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Where
from reconciler.kinds import schedule
from reconciler.plan.model import (
    IN_WORDS,
    Change,
    Desired,
    FieldChange,
    Finding,
    Impact,
    Key,
    Level,
    Live,
    Op,
    Outcome,
    Plan,
    Ref,
    Report,
    Sensitive,
    Shown,
    Unknown,
)
from tests.support.plan_rows import plan_row

REGION = "us-east-1"
HERE = Where("fleets/vision.yaml", 12, 5)


def key(kind: str, name: str) -> Key:
    return Key(REGION, kind, name)


def unchanged(number: int) -> tuple[Key, ...]:
    return tuple(key("launch_template", f"acme-{n}") for n in range(number))


def report(plan: Plan, *findings: Finding, dry_run: bool = True, stopped: bool = False) -> Report:
    return Report(
        "acme",
        "123456789012",
        dry_run,
        plan,
        findings,
        {"ec2:DescribeImages": 1},
        stopped,
        digest="5af1e0" + "0" * 58,
    )


def update(name: str, *fields: FieldChange, kind: str = "auto_scaling_group") -> Change:
    return plan_row(
        Op.UPDATE,
        key(kind, f"acme-{name}"),
        fields,
        Impact.NEXT_START,
        fleet="vision",
        workstation=name,
        where=HERE,
    )


def sensitive(kind: str, summary: str, owner: str) -> tuple[Sensitive, ...]:
    """What a new thing gives away."""
    line = Sensitive("summary", {"home_volume": "home"}.get(kind, "market"), None, summary)
    owner_row = Sensitive("tags.reconciler:owner", "owner", None, owner, personal=True)
    match kind:
        case "launch_template":
            profile = Sensitive("instance_profile", "instance_profile", None, "workstation")
            image = Sensitive("image_id", "image", None, "ami-0abc (golden) of this account")
            return profile, image, replace(line, word="root disk"), owner_row
        case "schedule":
            return (Sensitive("role_arn", "scheduler_role", None, "workstation-scheduler"),)
    return line, owner_row


NO_HOURS = schedule.Schedule("", "UTC", "DISABLED", "", "", {}, {}, {}, "", {})
"""Of a schedule that never fires: its row has no words."""


def new(name: str, outcome: Outcome = Outcome.PLANNED) -> tuple[Change, ...]:
    """Make the changes of a wholly new workstation."""
    pools = "4 pools (g6.xlarge, g5.xlarge in us-east-1a, us-east-1b)"
    rows = (
        ("home_volume", f"acme-{name}/home", "200 GiB gp3 in us-east-1a", ()),
        ("launch_template", f"acme-{name}", "100 GiB gp3, encrypted", ()),
        ("auto_scaling_group", f"acme-{name}", "Spot", (pools,)),
        ("schedule", f"{name}-start", "", ("start Mon-Fri 09:00 Europe/Berlin",)),
        ("schedule", f"{name}-stop", "", ("stop Mon-Fri 19:00 Europe/Berlin",)),
    )
    return tuple(
        plan_row(
            Op.CREATE,
            key(kind, full),
            outcome=outcome,
            desired=Desired(key(kind, full), NO_HOURS if kind == schedule.NAME else None),
            fleet="vision",
            workstation=name,
            where=HERE,
            notes=notes,
            summary=summary,
            fields=(FieldChange("tags", "tags", None, {"Name": full}),),
            sensitive=sensitive(kind, summary, f"{name}@example.com"),
        )
        for kind, full, summary, notes in rows
    )


def template_ref(name: str) -> Ref:
    return Ref(key("launch_template", f"acme-{name}"), "version")


IMAGE = FieldChange("image_id", "image_id", "ami-0aaa", "ami-0bbb")

NOTHING = report(Plan(unchanged=unchanged(41)))

ALICE = (
    update("alice", IMAGE, kind="launch_template"),
    update(
        "alice",
        FieldChange("max_size", "max_size", 2, 1),
        FieldChange("launch_template", "launch_template.version", "3", template_ref("alice")),
        FieldChange("requirements", "requirements.MemoryMiB", {"Min": 8192}, {"Min": 16384}),
        FieldChange("zones", "zones", ("us-east-1a",), ("us-east-1a", "us-east-1b")),
        FieldChange("suspended", "suspended", None, ("AZRebalance",)),
    ),
)

MIXED = report(
    Plan(
        changes=(
            plan_row(Op.CREATE, key("security_group", "acme-workstation")),
            plan_row(Op.CREATE, key("event_rule", "acme-interruption")),
            *ALICE,
            *new("bob"),
            plan_row(
                Op.UPDATE,
                key("file_system", "acme-carol-home"),
                (
                    FieldChange(
                        "storage_capacity",
                        "storage_capacity",
                        1200,
                        2400,
                        Shown("storage_capacity", "1,200 GiB", "2,400 GiB"),
                    ),
                ),
                Impact.DISRUPTIVE,
                fleet="vision",
                workstation="carol",
            ),
            plan_row(
                Op.REPLACE,
                key("file_system", "acme-dan-home"),
                (FieldChange("deployment_type", "deployment_type", "SCRATCH_2", "PERSISTENT_2"),),
                Impact.DATA,
                Outcome.BLOCKED,
                "a file system cannot change its deployment type: restore SCRATCH_2, or declare a "
                "new one and move the data",
                "refused",
                fleet="vision",
                workstation="dan",
                where=HERE,
            ),
            plan_row(
                Op.DELETE,
                key("auto_scaling_group", "acme-eve"),
                outcome=Outcome.WAITING,
                reason="i-0abc is running; a run removes it when nothing runs",
                fleet="vision",
                workstation="eve",
            ),
            plan_row(
                Op.DELETE, key("schedule", "eve-start-9f9f"), fleet="vision", workstation="eve"
            ),
            plan_row(
                Op.UPDATE,
                key("file_system", "acme-vision-datasets"),
                (FieldChange("tags", "tags.Team", None, "vision"),),
                fleet="vision",
            ),
        ),
        unchanged=unchanged(41),
        unknown=(
            Unknown(
                "schedule_group",
                "eu-west-1",
                "scheduler:ListScheduleGroups: AccessDeniedException: not authorized",
                "denied",
            ),
        ),
        retained=(
            Live(
                key("file_system", "acme-zoe-home"),
                None,
                True,
                {"id": "fs-0123456789abcdef0"},
                "vision",
                "zoe",
                monthly_cost="about $174/month",
            ),
        ),
    ),
    Finding(
        Level.WARNING,
        "few-spot-pools",
        "alice: only 3 Spot pools (type × zone) match; 8 or more make a start likely: widen gpu, "
        "or add zones",
        HERE,
    ),
    Finding(
        Level.INFO, "cross-zone-traffic", "bob: traffic between zones costs about $0.01 per GB"
    ),
)

HUNDRED = report(
    Plan(changes=tuple(row for n in range(1, 101) for row in new(f"dev-{n:03}"))),
)

IMAGE_ON_ALL = report(
    Plan(
        changes=tuple(
            row
            for n in range(1, 31)
            for row in (
                update(f"dev-{n:03}", IMAGE, kind="launch_template"),
                update(
                    f"dev-{n:03}",
                    FieldChange("v", "launch_template.version", "3", template_ref(f"dev-{n:03}")),
                ),
            )
        ),
        unchanged=unchanged(60),
    )
)


def hours(name: str, *, op: Op = Op.UPDATE, number: str = "", by_time: bool = False) -> Change:
    """A schedule whose times change."""
    change = FieldChange(
        "expression", "expression", "cron(0 9 ? * MON-FRI *)", "cron(0 8 ? * MON-FRI *)", IN_WORDS
    )
    bound = FieldChange("end_date", "end_date", None, "2026-12-30T20:00:00Z", IN_WORDS)
    words = ("start Mon-Fri 09:00 → 08:00 Europe/Berlin, 23 starts until 24 Dec",)
    if by_time:
        words = ("start Mon-Fri 09:00 Europe/Berlin, not on Thu 31 Dec and Fri 01 Jan 2027",)
    return plan_row(
        op,
        key("schedule", f"{name}-start{number}"),
        (bound if by_time else change,),
        fleet="vision",
        workstation=name,
        where=HERE,
        words=words,
        by_time=by_time,
        reason="a day off is less than 35 days away" if by_time else "",
    )


HOURS = report(
    Plan(
        changes=(
            hours("anna"),
            hours("anna", number=".2"),
            *(
                hours(name, op=op, number=number, by_time=True)
                for name in ("bert", "carla")
                for op, number in ((Op.UPDATE, ""), (Op.CREATE, ".2"))
            ),
            plan_row(
                Op.UPDATE,
                key("auto_scaling_group", "acme-dora"),
                (
                    FieldChange(
                        "desired_capacity",
                        "desired_capacity",
                        1,
                        0,
                        Shown("desired_capacity", "1 (on)", "0 (off)"),
                    ),
                ),
                Impact.STOPS,
                reason="it has been up for 25 h, longer than max_runtime (24 h)",
                fleet="vision",
                workstation="dora",
            ),
        ),
        unchanged=unchanged(20),
    )
)

TOKEN = "1a2b3c4d5e6f708192a3b4c5d6e7f809"

HELD = report(
    Plan(
        changes=tuple(
            plan_row(
                Op.DELETE,
                key("schedule", f"{name}-start-1"),
                outcome=Outcome.BLOCKED,
                reason="3 of 12 workstations would be removed at once",
                error="many-removals",
                fleet="vision",
                workstation=name,
            )
            for name in ("alice", "bob", "carol")
        )
    ),
    Finding(
        Level.ERROR,
        "many-removals",
        "3 of 12 workstations would be removed at once (alice, bob, carol), more than 1: these "
        "rows are held back. If that is meant, run again with --approve " + TOKEN,
        approval=TOKEN,
    ),
)

APPLIED = report(
    Plan(
        changes=(
            *new("bob", Outcome.DONE),
            replace(ALICE[0], outcome=Outcome.DONE),
            replace(
                ALICE[1],
                outcome=Outcome.FAILED,
                reason="autoscaling:UpdateAutoScalingGroup: ValidationError: no such subnet",
                error="aws",
            ),
            plan_row(
                Op.CREATE,
                key("file_system", "acme-carol-home"),
                outcome=Outcome.WAITING,
                reason="still CREATING; a later run goes on",
                fleet="vision",
                workstation="carol",
            ),
        ),
        unchanged=unchanged(7),
    ),
    dry_run=False,
)

STOPPED = report(
    Plan(
        changes=(
            *new("bob", Outcome.DONE),
            replace(
                ALICE[0],
                outcome=Outcome.WAITING,
                reason="unknown: AWS had not answered ec2:CreateLaunchTemplateVersion when the "
                "command was told to stop; the next run finds out",
                error="unanswered",
            ),
            *(
                replace(row, outcome=Outcome.WAITING, reason="stopped before it", error="stopped")
                for row in ALICE[1:]
            ),
        )
    ),
    dry_run=False,
    stopped=True,
)

HOSTILE_TEXT = "\x1b[31mred\r\n::error::pwned ##[group]x | `</details><script>` @root #1 \u202e"
HOSTILE = report(
    Plan(
        changes=(
            plan_row(
                Op.UPDATE,
                key("tag", HOSTILE_TEXT),
                (FieldChange("tags", HOSTILE_TEXT, HOSTILE_TEXT, {HOSTILE_TEXT: HOSTILE_TEXT}),),
                outcome=Outcome.FAILED,
                reason=HOSTILE_TEXT,
                fleet="vision",
                workstation="alice",
                notes=(HOSTILE_TEXT,),
            ),
        ),
        unknown=(Unknown("topic", REGION, HOSTILE_TEXT),),
        retained=(Live(key("file_system", HOSTILE_TEXT), None, True, monthly_cost=HOSTILE_TEXT),),
    ),
    Finding(Level.WARNING, "odd", HOSTILE_TEXT, Where(f"a{HOSTILE_TEXT}.yaml", 1, 1)),
)

ALL = {
    "nothing": NOTHING,
    "mixed": MIXED,
    "hundred": HUNDRED,
    "image-on-all": IMAGE_ON_ALL,
    "held": HELD,
    "hours": HOURS,
    "applied": APPLIED,
    "stopped": STOPPED,
    "hostile": HOSTILE,
}
