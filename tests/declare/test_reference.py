"""The reference is written from the schema."""

from __future__ import annotations

import re
from pathlib import Path

from docs.reference_yaml import reference
from reconciler.declare.schema import inlined
from tests.conftest import Golden

PAGE = Path(__file__).parents[2] / "docs" / "reference-yaml.md"


def test_the_reference_is_up_to_date(golden: Golden) -> None:
    golden(PAGE, reference(inlined()))


def test_every_link_of_the_reference_leads_to_a_section() -> None:
    text = reference(inlined())
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[`.]", "", heading).replace(" ", "-").lower() for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
    assert len(headings) == len(set(headings)) > 15
