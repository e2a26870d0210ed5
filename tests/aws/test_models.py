"""Service models: as botocore reads them, in the same order."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest
from botocore.loaders import JSONFileLoader

from reconciler.aws.models import PlainFiles

DATA = Path(botocore.__file__).parent / "data"


@pytest.mark.parametrize(
    "name", ["endpoints", "partitions", "ec2/2016-11-15/service-2", "sns/2010-03-31/paginators-1"]
)
def test_the_same_content_in_the_same_order(name: str) -> None:
    path = str(DATA / name)
    plain = PlainFiles().load_file(path)
    assert plain
    assert json.dumps(plain) == json.dumps(JSONFileLoader().load_file(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert PlainFiles().load_file(str(tmp_path / "service-2")) is None


def test_a_plain_file_comes_before_a_packed_one(tmp_path: Path) -> None:
    (tmp_path / "service-2.json").write_text('{"b": 1, "a": "ü"}', encoding="utf-8")
    (tmp_path / "service-2.json.gz").write_bytes(b"")
    assert list(PlainFiles().load_file(str(tmp_path / "service-2")).items()) == [
        ("b", 1),
        ("a", "ü"),
    ]
