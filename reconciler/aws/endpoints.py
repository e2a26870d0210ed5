"""Decide whom a session's calls reach: AWS, a sandbox on this machine, or another server. Pure.

An endpoint can be set in four places, the first of which counts (AWS SDKs and Tools reference
guide, "Service-specific endpoints"): a variable for one service, the variable for all services, the
`services` section that the profile names, the profile. What a client really has is its
`meta.endpoint_url`, which overrules what was found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from reconciler.aws.services import SERVICES
from reconciler.errors import UsageError

VARIABLE = "AWS_ENDPOINT_URL"
IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"

DOMAINS = (
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
)
"""Where AWS's own endpoints are, by partition (botocore, data/partitions.json)."""


@dataclass(frozen=True)
class Setting:
    """An endpoint that somebody set, and the variable or the place in a file that sets it."""

    url: str
    source: str


@dataclass(frozen=True)
class Profile:
    """What a profile says of endpoints: its settings, and the `services` section that it names."""

    name: str = "default"
    file: str = "~/.aws/config"
    settings: Mapping[str, Any] | None = None
    services: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Target:
    """Whom the calls reach; `url` is "" for AWS itself."""

    url: str = ""
    named: str = ""  # the URL and what sets it
    note: str = ""  # what a person must know of it, "" for nothing
    local: bool = False  # an AWS of this machine: a sandbox, another emulator


@dataclass(frozen=True)
class Endpoints:
    """The endpoints that are set, by service.

    `ignored` is the one that AWS_ENDPOINT_URL names while another setting says to ignore it.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    ignored: str = ""

    def target(self, made: Mapping[str, str]) -> Target:
        """Decide whom the calls reach. `made`: the endpoints of the clients, by service.

        Raises: UsageError when some services are on this machine and others are not.
        """
        urls = {name: endpoint.url for name, endpoint in self.settings.items()} | dict(made)
        near = [name for name in sorted(urls) if is_local(urls[name])]
        # A service without a setting is AWS's, if settings are known at all.
        known = {*urls, *SERVICES} if self.settings else set(urls)
        far = [name for name in sorted(known) if name not in near]
        if near and far:
            raise UsageError(_mixed(near, far, urls, self.settings))
        others = [name for name in urls if self._is_set(name, urls[name])]
        if not others:
            return self._aws()
        first = "sts" if "sts" in others else min(others)
        setting = self.settings.get(first)
        source = setting.source if setting else "the AWS configuration"
        named = f"{urls[first]} ({source})"
        note = "a sandbox on this machine, not AWS" if near else "not AWS's own"
        return Target(urls[first], named, f"endpoint {named}: {note}", bool(near))

    def _is_set(self, service: str, url: str) -> bool:
        setting = self.settings.get(service)
        return not is_aws(url) or bool(setting and setting.url == url)

    def _aws(self) -> Target:
        if not self.ignored:
            return Target()
        note = f"AWS itself answers: {IGNORE} ignores {VARIABLE}, which is {self.ignored}"
        return Target(note=note)


def configured(env: Mapping[str, str], profile: Profile, *, ignored: bool) -> dict[str, Setting]:
    """Return the endpoints that are set, by service; none of them where they are `ignored`."""
    if ignored:
        return {}
    found = {name: _setting(service.endpoint, env, profile) for name, service in SERVICES.items()}
    return {name: setting for name, setting in found.items() if setting}


def _setting(identifier: str, env: Mapping[str, str], profile: Profile) -> Setting | None:
    settings, services = profile.settings or {}, profile.services or {}
    where = f"profile {profile.name} in {profile.file}"
    of_one = services.get(identifier.lower())
    own = of_one.get("endpoint_url") if isinstance(of_one, Mapping) else None
    places = (
        (env.get(f"{VARIABLE}_{identifier}"), f"{VARIABLE}_{identifier}"),
        (env.get(VARIABLE), VARIABLE),
        (own, f"the services section {settings.get('services')} of {where}"),
        (settings.get("endpoint_url"), f"endpoint_url of {where}"),
    )
    return next((Setting(str(url), source) for url, source in places if url), None)


def _mixed(
    near: list[str],
    far: list[str],
    urls: Mapping[str, str],
    settings: Mapping[str, Setting],
) -> str:
    def describe(names: list[str]) -> str:
        by: dict[str, list[str]] = {}
        for name in names:
            url, setting = urls.get(name, "AWS"), settings.get(name)
            chosen = f", by {setting.source}" if setting and setting.url == url else ""
            by.setdefault(url + chosen, []).append(name)
        return "; ".join(f"{', '.join(of)} to {place}" for place, of in by.items())

    return (
        f"some services would be asked on this machine and others elsewhere: {describe(near)}; "
        f"{describe(far)}: nothing was done; set {VARIABLE} alone for all services, or take these "
        "settings away"
    )


def is_local(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    host = _host(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_aws(url: str) -> bool:
    """Return whether a URL is in one of AWS's own domains."""
    host = _host(url)
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def _host(url: str) -> str:
    """The host of a URL; "" for what is none, which botocore refuses in its own words."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
