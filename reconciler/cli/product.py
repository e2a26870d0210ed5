"""The name, the version and the addresses of the product."""

from __future__ import annotations

DOCS = "https://github.com/reconciler/reconciler/tree/main/docs"
ISSUES = "https://github.com/reconciler/reconciler/issues"


def version(*, verbose: bool = False) -> str:
    """Format name, version, Python, boto3; verbose, a second line: the time zone data.

    Reads metadata, imports no SDK.
    """
    import platform
    from importlib.metadata import version as of

    from reconciler import __version__

    line = f"reconcile {__version__} (Python {platform.python_version()}, boto3 {of('boto3')})"
    if not verbose:
        return line
    from reconciler.declare.zonedata import in_use

    return f"{line}\ntime zone data {in_use()}"
