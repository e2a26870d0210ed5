"""The protocol of lookups: images, subnets, roles, keys and Spot pools that the YAML names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from reconciler.aws_api import Aws
from reconciler.declare.fleet import Image
from reconciler.plan.pools import Pools
from reconciler.plan.resolve import ImageFacts, Missing, ResolvedWorkstation, Subnet


class Lookups(Protocol):
    """Lookups of what a declaration names; `reconciler.aws.lookup` is one."""

    def subnets(self, aws: Aws) -> tuple[Subnet, ...] | Missing:
        """List every subnet of a region."""

    def images(self, aws: Aws, wanted: Iterable[Image]) -> Mapping[str, ImageFacts | Missing]:
        """Find each image, by `str(image)`."""

    def template_image(self, aws: Aws, template_id: str, version: str) -> str | Missing:
        """Find the image of a version of a launch template."""

    def instance_profiles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """Find the ARNs of instance profiles by name."""

    def roles(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """Find the ARNs of roles by name."""

    def keys(self, aws: Aws, names: Iterable[str]) -> Mapping[str, str | Missing]:
        """Find the ARNs of KMS keys, by their declared values."""

    def pools(
        self, aws: Aws, workstations: Iterable[ResolvedWorkstation]
    ) -> Mapping[str, Pools | Missing]:
        """Find the Spot pools of one region, by workstation name."""
