"""A bug to plant: one edit that a tired person could make, and the tests that must catch it."""

from __future__ import annotations

from dataclasses import dataclass

PLAN = ("tests/plan",)
AWS = ("tests/aws",)
KINDS = ("tests/kinds/test_desired.py", "tests/kinds/test_contract.py")
PRIVATE = ("tests/kinds/test_desired.py", "tests/kinds/test_private_homes.py")
DELIVERY = (
    "tests/machine/test_delivery.py",
    "tests/machine/test_instance_file.py",
    "tests/machine/test_user_data.py",
)
MACHINE = ("tests/iam/test_machine.py",)
HOOKS = ("tests/strict/test_lifecycle_hooks.py",)
SHAPE = ("tests/kinds/test_group_shape.py",)
ESCALATIONS = ("tests/iam/test_escalations.py",)
STRICT = ("tests/strict/test_crash.py",)
REPORTED = ("tests/strict/test_reported.py",)
DECLARE = ("tests/declare",)
POWER = ("tests/strict/test_power_crash.py",)
POWER_RACES = ("tests/strict/test_power_found.py", "tests/strict/test_power_two_writers.py")
POWER_RULES = ("tests/power",)
ENDS = ("tests/kinds/test_override_end.py",)
ODD_TAGS = ("tests/power/test_odd_tags.py",)
TURNS = ("tests/power/test_interleaving.py",)
TWO_COMMANDS = ("tests/power/test_two_commands.py",)


@dataclass(frozen=True)
class Bug:
    """Replace `old`, which stands exactly once in `file`, with `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def promise(*numbers: int) -> tuple[str, ...]:
    """The tests of these promises."""
    return tuple(f"tests/promises/test_promise_{number:02}_*.py" for number in numbers)
