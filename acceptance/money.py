"""What a run costs at most, in dollars, computed before anything is made.

Prices are on-demand list prices of the regions below, rounded up to the dearest of them (AWS's
price pages of EC2, VPC, FSx for Lustre, FIS, read November 2026). Another region is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

CEILING = Decimal(2)
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")

MICRO_HOUR = Decimal("0.012")  # t3.micro
ADDRESS_HOUR = Decimal("0.005")  # a public IPv4 address
ROOT_HOUR = Decimal("0.003")  # 16 GiB of gp3
GPU_HOUR = Decimal("1.40")  # the smallest types with one L4
LUSTRE_GIB_HOUR = Decimal("0.26") / 730  # PERSISTENT_2, 250 MB/s per TiB
FAULT_MINUTE = Decimal("0.10")  # FIS, an action


@dataclass(frozen=True)
class Cost:
    """What is used at most: hours of machines, GiB-hours of Lustre, minutes of fault injection."""

    micro_hours: Decimal = Decimal(0)
    gpu_hours: Decimal = Decimal(0)
    lustre_gib_hours: int = 0
    fault_minutes: int = 0

    @property
    def dollars(self) -> Decimal:
        """In dollars, rounded up to a cent."""
        machine = ADDRESS_HOUR + ROOT_HOUR
        exact = (
            self.micro_hours * (MICRO_HOUR + machine)
            + self.gpu_hours * (GPU_HOUR + machine)
            + self.lustre_gib_hours * LUSTRE_GIB_HOUR
            + self.fault_minutes * FAULT_MINUTE
        )
        return exact.quantize(Decimal("0.01"), rounding=ROUND_UP)


NOTHING = Cost()


def micro(minutes: int, machines: int = 1) -> Cost:
    """So many t3.micro for so long."""
    return Cost(micro_hours=Decimal(minutes * machines) / 60)
