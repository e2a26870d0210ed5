"""Amazon SNS topics."""

from __future__ import annotations

from tests.strict.aws import ACCOUNT, Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged


def create_topic(here: Here, p: Record) -> Record:
    """An upsert by name; other attributes or tags than before are refused (D, CreateTopic)."""
    arn = here.arn(p["Name"])
    old = here.all("topics").get(arn)
    attributes, tags = dict(p.get("Attributes", {})), list(p.get("Tags", ()))
    if old is None:
        here.put("topics", arn, {"Attributes": attributes, "Tags": tags})
    elif any(old["Attributes"].get(name) != value for name, value in attributes.items()):
        raise Refusal("InvalidParameter", "Topic already exists with different attributes")
    elif tags and _dict(old["Tags"]) != _dict(tags):
        raise Refusal("InvalidParameter", "Topic already exists with different tags")
    return {"TopicArn": arn}


def get_topic_attributes(here: Here, p: Record) -> Record:
    """The policy, which AWS always has."""
    topic = here.seen("topics").get(p["TopicArn"]) or _absent(404)
    default = '{"Version":"2008-10-17","Statement":[]}'
    known = {"TopicArn": p["TopicArn"], "Owner": ACCOUNT, "Policy": default}
    return {"Attributes": {**known, **topic["Attributes"]}}


def set_topic_attributes(here: Here, p: Record) -> Record:
    """One attribute at a time."""
    topic = here.all("topics").get(p["TopicArn"]) or _absent(404)
    changed = {**topic["Attributes"], p["AttributeName"]: p["AttributeValue"]}
    here.put("topics", p["TopicArn"], {**topic, "Attributes": changed})
    return {}


def delete_topic(here: Here, p: Record) -> Record:
    """No error for one that is gone (M)."""
    here.drop("topics", p["TopicArn"])
    return {}


def list_tags_for_resource(here: Here, p: Record) -> Record:
    """ResourceNotFound, unlike the calls on topics (M)."""
    topic = here.seen("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    return {"Tags": topic["Tags"]}


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags."""
    topic = here.all("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    here.put("topics", p["ResourceArn"], {**topic, "Tags": retagged(topic["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Take some tags away."""
    topic = here.all("topics").get(p["ResourceArn"]) or _absent(404, "ResourceNotFound")
    left = untagged(topic["Tags"], p["TagKeys"])
    here.put("topics", p["ResourceArn"], {**topic, "Tags": left})
    return {}


def _absent(status: int, code: str = "NotFound") -> Record:
    raise Refusal(code, "Topic does not exist", status)


def _dict(tags: list[Record]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
