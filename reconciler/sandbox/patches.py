"""What is changed inside moto itself. All else is done in front of it, in the operations."""

from __future__ import annotations

import functools
from typing import Any

from moto import backends
from moto.core.config import default_user_config
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.moto_server import werkzeug_app
from moto.sns.utils import FilterPolicyMatcher
from moto.sqs.models import Queue
from moto.ssm.models import Command
from moto.utilities.utils import load_resource

APPLIED: list[str] = []
"""The patches in force in this process, by name."""


def apply() -> None:
    """Apply each patch, once per process."""
    for patch in PATCHES:
        if patch.__name__ not in APPLIED:
            patch()
            APPLIED.append(patch.__name__)


def commands_by_name() -> None:
    """Find the commands of the named instances; moto sends them to all there are, for want of a
    filter."""
    command_class: Any = Command
    by_targets = command_class._get_instance_ids_from_targets

    def targets(command: Any) -> list[str]:
        return list(by_targets(command)) if command.targets else []

    command_class._get_instance_ids_from_targets = targets


@functools.cache
def _latest_images(region: str) -> list[dict[str, Any]]:
    try:
        return list(load_resource(f"ec2/resources/latest_amis/{region}.json"))
    except FileNotFoundError:
        return []


def few_images() -> None:
    """Make few images in each region; moto makes some 1300 every time it is emptied: 0.3 s of a
    reset.

    The 30 that the public SSM parameters of Amazon Linux name are enough here.
    """

    def load(backend: Any) -> None:
        for image in _latest_images(backend.region_name):
            words = {**image, "owner_alias": "amazon", "creation_date": None}
            backend.amis[image["ami_id"]] = Ami(backend, **words)

    backend_class: Any = EC2Backend
    backend_class._load_amis = load


def filters_need_attributes() -> None:
    """Let no message without attributes through a filter on attributes; moto lets it through
    `{"x": [{"exists": false}]}`. [D sns attribute-key-matching]"""
    matcher_class: Any = FilterPolicyMatcher
    matches = matcher_class.matches

    def attributes_or_none(matcher: Any, attributes: dict[str, Any] | None, message: str) -> bool:
        filters = bool(matcher.filter_policy) and matcher.filter_policy_scope == "MessageAttributes"
        return bool((attributes or not filters) and matches(matcher, attributes, message))

    matcher_class.matches = attributes_or_none


def no_containers() -> None:
    """Start no containers; moto runs Batch jobs and Lambda functions in them, and the sandbox
    answers neither."""
    default_user_config["batch"]["use_docker"] = False
    default_user_config["lambda"]["use_docker"] = False


def no_pages() -> None:
    """Send no CORS headers; with moto's, every page of a browser could read the answers."""
    anything: Any = werkzeug_app
    anything.DISABLE_GLOBAL_CORS = True


def modules_once() -> None:
    """List moto's modules once; moto lists its own folder, 180 calls of stat, at each request: 1
    ms of the 1.5 it took."""
    names = tuple(backends.list_of_moto_modules())
    anything: Any = backends
    anything.list_of_moto_modules = lambda: iter(names)


def policies_stay() -> None:
    """Keep a queue's policy when another attribute changes, as SQS does; moto takes it away. [M
    sqs.SetQueueAttributes]"""
    queue_class: Any = Queue
    change = queue_class._set_attributes

    def set_attributes(queue: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        stays = {"Policy": queue.policy} if hasattr(queue, "_policy_json") else {}
        change(queue, {**stays, **attributes}, now)

    queue_class._set_attributes = set_attributes


def tags_by_id() -> None:
    """Find the tags of a resource by its id; moto searches those of all: 100 instances took 0.2
    s to describe, and 1000 would take 20 s."""

    def get_tags(resource: Any) -> list[dict[str, str]]:
        kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "") if resource.id else ""
        return [
            {"resource_id": resource.id, "key": key, "value": value, "resource_type": kind}
            for key, value in resource.ec2_backend.tags.get(resource.id, {}).items()
        ]

    resource_class: Any = TaggedEC2Resource
    resource_class.get_tags = get_tags


PATCHES = (
    commands_by_name,
    few_images,
    filters_need_attributes,
    modules_once,
    no_containers,
    no_pages,
    policies_stay,
    tags_by_id,
)
