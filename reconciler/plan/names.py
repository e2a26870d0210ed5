"""Names in AWS that follow from the name of a site. Kinds, checks and policies read them here."""

from __future__ import annotations

from reconciler.aws_api import Aws


def group_name(site: str, workstation: str) -> str:
    """Name the Auto Scaling group of a workstation; its launch template has the same name."""
    return f"{group_prefix(site)}{workstation}"


def group_prefix(site: str) -> str:
    """Return the prefix of the names of a site's groups; `acme` and `acme-eu` share one."""
    return f"{site}-"


def events_name(site: str) -> str:
    """Name the rule, the queue and the topic of a site in each region."""
    return f"{site}-events"


def dead_letters_name(site: str) -> str:
    """Name the dead-letter queue of a site in each region."""
    return f"{events_name(site)}-dead"


def topic_arn(aws: Aws, site: str) -> str:
    """Build the ARN of the site's topic in the region of `aws`."""
    return f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{events_name(site)}"
