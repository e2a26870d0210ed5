"""A credential in the YAML is refused where it stands, and its text is in no message."""

from __future__ import annotations

import random
import string

import pytest

from reconciler.declare import secrets
from reconciler.declare.load import load
from reconciler.errors import BadDeclaration
from reconciler.render.problems import text
from reconciler.render.style import Style
from tests.declare.helpers import Folder, fleet
from tests.hostile.shapes import CREDENTIALS


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize(
    "place",
    [
        "gpu: {}, tags: {Note: '%s'}",
        "gpu: {}, tags: {'%s': x}",
        "gpu: {}, ssm: '%s'",
        "owner: '%s'",
    ],
)
def test_a_credential_is_refused_and_not_repeated(folder: Folder, kind: str, place: str) -> None:
    secret = CREDENTIALS[kind]
    problems = folder.says(fleet(place.replace("%s", secret)))
    assert len(problems) == 1
    assert "this looks like a" in problems[0]
    assert "revoke it" in problems[0]
    assert problems[0].startswith("3:")
    assert secret not in problems[0]


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_nor_does_the_excerpt_of_a_comment_show_it(folder: Folder, kind: str) -> None:
    folder.write("a.yaml", f"{fleet('gpu: {}')}# {CREDENTIALS[kind]} is mine\n")
    with pytest.raises(BadDeclaration) as caught:
        load([folder.path])
    shown = text(caught.value.problems, Style())
    assert CREDENTIALS[kind] not in shown
    assert "a.yaml:4:" in shown


HARMLESS = (
    "3f786850e387550fdab836ed7e6dc881de23001b",  # a commit
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    "/Golden/Images/Vision2/Desktop/Ubuntu/22/x",
    "https://wiki.example.com/x?y=1@2",
    "disk-array-of-the-vision-team-number-12",
    "ghp_short",
    "eyJust.a.word",
    "ticket AKIA-12",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_one_is_let_through(text: str) -> None:
    assert not list(secrets.found(text))


def test_every_random_secret_key_with_a_digit_is_found() -> None:
    dice = random.Random(1)
    letters = string.ascii_letters + string.digits + "+/"
    for _ in range(500):
        key = "a1B" + "".join(dice.choice(letters) for _ in range(37))
        assert [kind for kind, _, _ in secrets.found(f"key: {key}")] == ["an AWS secret access key"]
