"""A folder to write fleet files to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.declare.helpers import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a `_defaults.yaml` that gives all a workstation needs but its machine."""
    return Folder(tmp_path)
