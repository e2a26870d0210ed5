"""GPU workstations on AWS Spot, declared in YAML and kept as declared by a loop.

`load`, `plan`, `apply` and `connect` are for other programs: docs/library.md.
"""

__version__ = "0.1.0"  # before the import: what it imports asks for it

from reconciler.library import apply, connect, load, plan

__all__ = ["apply", "connect", "load", "plan"]
