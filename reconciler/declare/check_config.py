"""Check the declaration as a whole. What was taken out before as a problem is not missed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_network

from reconciler.declare import (
    check_instance_types,
    check_requirements,
    check_schedule,
    check_workstation,
    mails,
    rules_storage,
)
from reconciler.declare.merge import Item, MergedConfig
from reconciler.declare.scalars import show
from reconciler.declare.tree import Map, Seq, SourceSpan
from reconciler.errors import Problem

_WIDEST = {4: 8, 6: 16}  # the shortest prefix a rule may have, by IP version
_LOOKS_LIKE = str.maketrans("01", "ol")

OUR_TAGS = tuple(
    f"reconciler:{word}"
    for word in (
        "site", "fleet", "workstation", "owner", "file-system", "fallback", "max-runtime", "home",
        "override", "market", "phase", "replaces", "format", "starts", "next-stop", "stop-hook",
        "driver", "flavour",
    )
)  # fmt: skip
"""Every key that the program writes: what says whose a thing is, and what runtime remembers."""


def check(declared: MergedConfig) -> list[Problem]:
    """Find every problem that is not one of form."""
    problems = [*_site(declared), *_names(declared.workstations)]
    for rule in declared.ingress:
        problems += _ingress(rule)
    problems += _ignored(declared.ignore_tags)
    for item in declared.workstations:
        problems += check_workstation.workstation(item)
        problems += check_schedule.check(item, declared.calendars)
        problems += check_requirements.check(item)
        problems += check_instance_types.check(item)
        problems += mails.check(item)
        problems += rules_storage.check(item, declared.shared[item.fleet])
    for item in declared.file_systems:
        problems += check_workstation.file_system(item)
        problems += rules_storage.check_shared(item)
        if item.name == "home":
            problems.append(
                item.span.key("`home` is what a workstation's own storage is called", "rename it")
            )
    return problems


def _site(declared: MergedConfig) -> Iterator[Problem]:
    """What holds for the whole site is given once, wherever."""
    if declared.site == "default":
        yield declared.spans["site"].value(
            "the site cannot be called `default`",
            "AWS has a schedule group of that name; choose another",
        )
    if declared.fleets and declared.is_complete:
        first = next(iter(declared.fleets.values()))
        for key, example in (("site", "acme"), ("account", '"123456789012"')):
            if not getattr(declared, key):
                yield first.key(
                    f"no file gives the `{key}`", f"add {key}: {example} to the _defaults.yaml here"
                )


def _ignored(ignored: Iterable[Seq]) -> Iterator[Problem]:
    """No pattern may cover the tags that say whose a thing is."""
    for patterns in ignored:
        for pattern, span in zip(patterns, patterns.spans, strict=True):
            reserved = next((key for key in OUR_TAGS if fnmatchcase(key, pattern)), "")
            if reserved:
                yield span.value(
                    f"{show(pattern)} matches {reserved}, a tag that this program writes",
                    "name the keys of the other tool",
                )


def _names(workstations: Iterable[Item]) -> Iterator[Problem]:
    """A name is unique in the site, and not to be taken for another."""
    seen: dict[str, Item] = {}
    for item in workstations:
        first = seen.setdefault(item.name.translate(_LOOKS_LIKE), item)
        if first is item:
            continue
        if first.name == item.name:
            message = f"{show(item.name)} is declared in {first.span.where} too"
            hint = "a name is unique in the whole site; rename one of them"
        else:
            message = f"{show(item.name)} looks like {show(first.name)} in {first.span.where}"
            hint = "0 and o, 1 and l are easily mistaken; rename one of them"
        yield item.span.key(message, hint)


def _ingress(rule: Map) -> Iterator[Problem]:
    if "port" in rule:
        first, _, last = str(rule["port"]).partition("-")
        if not int(first) <= int(last or first) <= 65535:
            yield rule.spans["port"].value(
                f"`{rule['port']}` is not a range of ports", "the lower first, 65535 at most"
            )
    if "cidr" in rule:
        yield from _cidr(rule["cidr"], rule.spans["cidr"])


def _cidr(text: str, span: SourceSpan) -> Iterator[Problem]:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        yield span.value(f"`{text}` is not a network", "for example 10.20.0.0/16")
        return
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        extent = "the whole internet" if network.prefixlen == 0 else f"wider than /{widest}"
        yield span.value(
            f"`{text}` is {extent}",
            "name your own networks; `workstation connect` goes through SSM and needs no rule",
        )
    elif text.partition("/")[0] != str(network.network_address):
        yield span.value(f"`{text}` is an address within a network", f"write {network}")
