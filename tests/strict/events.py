"""EventBridge rules on the default bus."""

from __future__ import annotations

from tests.strict.aws import Here, Refusal
from tests.strict.tables import Record
from tests.strict.tags import retagged, untagged


def put_rule(here: Here, p: Record) -> Record:
    """Replaces the rule; members left out are gone. Tags of an existing rule are ignored (M)."""
    arn = here.arn(f"rule/{p['Name']}")
    old = here.all("rules").get(p["Name"])
    here.put(
        "rules",
        p["Name"],
        {
            "Rule": {
                "Name": p["Name"],
                "Arn": arn,
                "State": p.get("State", "ENABLED"),
                "EventBusName": "default",
                **{key: p[key] for key in ("EventPattern", "Description") if key in p},
            },
            "Targets": old["Targets"] if old else {},
            "Tags": old["Tags"] if old else list(p.get("Tags", ())),
        },
    )
    return {"RuleArn": arn}


def delete_rule(here: Here, p: Record) -> Record:
    """Refused while it has targets; no error for one that is gone (M)."""
    found = here.all("rules").get(p["Name"])
    if found and found["Targets"]:
        raise Refusal("ValidationException", "Rule can't be deleted since it has targets.")
    here.drop("rules", p["Name"])
    return {}


def list_rules(here: Here, p: Record) -> Record:
    """By prefix; rules come without their targets (M)."""
    prefix = p.get("NamePrefix", "")

    def found() -> list[Record]:
        return [r["Rule"] for n, r in here.seen("rules").items() if n.startswith(prefix)]

    return here.page(p, "Rules", found, "Limit", 100)


def list_targets_by_rule(here: Here, p: Record) -> Record:
    """ResourceNotFoundException for an unknown rule (M)."""
    rule = here.seen("rules").get(p["Rule"]) or _absent(p["Rule"])
    return here.page(p, "Targets", lambda: list(rule["Targets"].values()), "Limit", 100)


def put_targets(here: Here, p: Record) -> Record:
    """Adds or replaces by id; what fails is told inside a 200 (M)."""
    found = _rule(here, p["Rule"])
    changed = {**found["Targets"], **{target["Id"]: target for target in p["Targets"]}}
    here.put("rules", p["Rule"], {**found, "Targets": changed})
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(here: Here, p: Record) -> Record:
    """Remove targets by id (M)."""
    found = _rule(here, p["Rule"])
    left = {key: value for key, value in found["Targets"].items() if key not in p["Ids"]}
    here.put("rules", p["Rule"], {**found, "Targets": left})
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_tags_for_resource(here: Here, p: Record) -> Record:
    """List the tags of an ARN."""
    name = p["ResourceARN"].split("/")[-1]
    return {"Tags": (here.seen("rules").get(name) or _absent(name))["Tags"]}


def tag_resource(here: Here, p: Record) -> Record:
    """Set some tags of a rule."""
    name = p["ResourceARN"].split("/")[-1]
    found = _rule(here, name)
    here.put("rules", name, {**found, "Tags": retagged(found["Tags"], p["Tags"])})
    return {}


def untag_resource(here: Here, p: Record) -> Record:
    """Remove some tags of a rule."""
    name = p["ResourceARN"].split("/")[-1]
    found = _rule(here, name)
    here.put("rules", name, {**found, "Tags": untagged(found["Tags"], p["TagKeys"])})
    return {}


def _rule(here: Here, name: str) -> Record:
    return here.named("rules").get(name) or here.all("rules").get(name) or _absent(name)


def _absent(name: str) -> Record:
    raise Refusal("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")
