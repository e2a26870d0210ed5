"""Who we are: name, version, addresses."""

from __future__ import annotations

DOCS = "https://github.com/reconciler/reconciler/tree/main/docs"
ISSUES = "https://github.com/reconciler/reconciler/issues"


def version() -> str:
    """One line: name, version, Python, boto3. Reads metadata, imports no SDK."""
    import platform
    from importlib.metadata import version as of

    from reconciler import __version__

    return f"reconcile {__version__} (Python {platform.python_version()}, boto3 {of('boto3')})"
