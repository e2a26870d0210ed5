"""The reads of what a declaration names: images, subnets, roles, keys, Spot pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Image
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import ImageFacts, Missing, ResolvedWorkstation, Subnet


class Lookups(Protocol):
    """Reads of what a declaration names; `reconciler.aws.lookup` is one."""

    def subnets(self, aws: Aws) -> tuple[Subnet, ...] | Missing:
        """Every subnet of a region."""

    def images(self, aws: Aws, wanted: Iterable[Image]) -> Mapping[str, ImageFacts | Missing]:
        """Each image, by `str(image)`."""

    def template_image(self, aws: Aws, template_id: str, version: str) -> str | Missing:
        """What a version of a launch template boots."""

    def instance_profiles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs by name."""

    def roles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs by name."""

    def keys(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """ARNs of KMS keys, by what they are declared as."""

    def pools(
        self, aws: Aws, workstations: Iterable[ResolvedWorkstation]
    ) -> Mapping[str, Pools | Missing]:
        """Spot pools of one region, by workstation name."""
