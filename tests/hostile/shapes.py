"""Made-up credentials of every shape, put together here so that no scanner of git finds them."""

from __future__ import annotations

import re

_LONG = "q9Xw7Lm2Zt4Rk8Vb3Nc6Hd1Jf5Gs0Pa9Ye4Uo2Ti7"

CREDENTIALS = {
    "AWS key id": "AKIA" + "IOSFODNN7EXAMPL2",
    "AWS temporary key id": "ASIA" + "Y34FZKBOKMUTVV7A",
    "AWS secret key": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "OpenSSH key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "GitHub token": "ghp_" + _LONG[:36],
    "GitHub app token": "ghs_" + _LONG[:36],
    "GitHub fine-grained token": "github_pat_" + _LONG[:30],
    "GitLab token": "glpat-" + _LONG[:20],
    "Slack token": "xoxb-" + "123456789012-" + _LONG[:24],
    "Google key": "AIza" + _LONG[:35],
    "Stripe key": "sk_live_" + _LONG[:24],
    "npm token": "npm_" + _LONG[:36],
    "PyPI token": "pypi-" + _LONG[:30],
    "Docker token": "dckr_pat_" + _LONG[:27],
    "provider's key": "sk-proj-" + _LONG[:30],
    "model hub token": "hf_" + _LONG[:34],
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".c2ln",
    "password in a URL": "postgres://app:" + "hunter2@db.example.com/x",
    "password in a git URL": "https://bot:" + "s3cret@github.com/x.git",
}

SCANNER = re.compile(
    r"(AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}|PRIVATE KEY|gh[opsur]_\w{30}|github_pat_|glpat-|xox[a-z]-"
    r"|AIza[\w-]{30}|[rs]k_(live|test)_|npm_\w{30}|pypi-\w{10}|dckr_pat_|sk-\w{15}|hf_\w{25}"
    r"|eyJ[\w-]+\.eyJ|[a-z]+://[^/\s:@]+:[^/\s@]+@|(?i:password|passwd|secret_?key|api_?key)\W"
)
"""What may stand in no argument, log line or output: wider than what the YAML is refused for."""
