"""Credentials that got into the YAML by mistake, by their shape. Their text is never repeated.

The YAML is in git, and its tags and descriptions can be read by everybody in the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What each begins with or holds, and its whole shape: most files have none of the marks, and
# looking for a word is quick.
SHAPES = {
    "an AWS access key id": ("AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": ("PRIVATE", r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY"),
    "a GitHub token": (
        "ghp_ gho_ ghs_ ghu_ ghr_ github_pat_",
        r"\b(?:gh[opsur]_[A-Za-z0-9]{36}|github_pat_\w{22})",
    ),
    "a GitLab token": ("glpat-", r"\bglpat-[\w-]{20}"),
    "a Slack token": ("xox", r"\bxox[a-z]-[\w-]{10}"),
    "a Google key": ("AIza", r"\bAIza[\w-]{35}"),
    "a Stripe key": ("k_live_ k_test_", r"\b[rs]k_(?:live|test)_\w{16}"),
    "a registry's token": (
        "npm_ pypi- dckr_pat_",
        r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{16}|dckr_pat_[\w-]{20})",
    ),
    "a model provider's key": ("sk- hf_", r"\b(?:sk-[\w-]{20}|hf_[A-Za-z0-9]{30})"),
    "a JSON web token": ("eyJ", r"\beyJ[\w-]{8,200}\.eyJ[\w-]{8}"),
    "a password in a URL": ("://", r"://[^\s/:@'\"]{1,100}:[^\s/@'\"]{1,100}@"),
}
_MARKS = " ".join(marks for marks, _ in SHAPES.values()).split()
_ANY = re.compile("|".join(f"({shape})" for _, shape in SHAPES.values()))
_NAMES = tuple(SHAPES)
# An AWS secret key is 40 letters of base64. A digest has no capitals, a path begins with a slash.
_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9+][A-Za-z0-9/+]{39}(?![A-Za-z0-9/+=])")
_KINDS = tuple(map(re.compile, ("[A-Z]", "[a-z]", "[0-9]")))


def found(text: str) -> Iterator[tuple[str, int, int]]:
    """Find the credentials in a text: the type of each, where it begins and where it ends."""
    if any(mark in text for mark in _MARKS):
        for match in _ANY.finditer(text):
            yield _NAMES[(match.lastindex or 1) - 1], *match.span()
    for match in _SECRET.finditer(text):
        if all(kind.search(match[0]) for kind in _KINDS):
            yield "an AWS secret access key", *match.span()
