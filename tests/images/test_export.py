"""The same stages for Image Builder and for Packer."""

from __future__ import annotations

import json
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from reconciler.images import export, stage
from reconciler.images.recipe import load
from reconciler.sandbox.server.constraints import violations

AMI = Path(__file__).parents[2] / "ami"


def model(operation: str) -> Any:
    service = botocore.session.get_session().get_service_model("imagebuilder")
    return service.operation_model(operation).input_shape


def test_the_components_of_this_repository_fit_and_hold_every_stage() -> None:
    recipe = load(AMI, "1.2.3")
    files = export.imagebuilder(recipe)
    *copies, last = [name for name in files if name != "recipe.json"]
    steps: list[str] = []
    for name in (*copies, last):
        text = files[name]
        assert len(text) <= export.LARGEST, name
        request = {
            "name": name.removesuffix(".json"),
            "semanticVersion": "1.0.0",
            "platform": "Linux",
            "data": text,
            "clientToken": "x",
        }
        shape = model("CreateComponent")
        assert not ParamValidator().validate(request, shape).has_errors()
        assert list(violations(shape, request)) == []
        document = json.loads(text)
        for phase in document["phases"]:
            assert phase["name"] in ("build", "validate", "test")
            for step in phase["steps"]:
                assert (step["action"], step["onFailure"]) == ("ExecuteBash", "Abort")
                steps += step["inputs"]["commands"]
    stages = [re.search(r"stages/(\S+)$", step) for step in steps]
    assert [found[1] for found in stages if found] == list(recipe.stages)
    assert steps[-1].endswith("validate/smoke.sh")


def test_the_recipe_is_a_request_that_image_builder_takes() -> None:
    recipe = load(AMI, "1.2.3")
    text = export.imagebuilder(recipe)["recipe.json"]
    request = json.loads(text.replace("REGION", "us-east-1").replace("ACCOUNT", "123456789012"))
    request["clientToken"] = "x"
    shape = model("CreateImageRecipe")
    assert not ParamValidator().validate(request, shape).has_errors()
    assert list(violations(shape, request)) == []
    assert len(request["components"]) <= export.MOST


def test_a_folder_that_is_too_large_for_a_recipe_is_refused(folder: Path) -> None:
    recipe = load(folder, "1")
    noise = random.Random(1).randbytes(300_000)
    big = replace(recipe, files={**recipe.files, "noise": noise})
    with pytest.raises(ValueError, match="a recipe takes 20"):
        export.imagebuilder(big)


def test_the_copied_parts_are_the_archive(folder: Path, tmp_path: Path) -> None:
    """The steps are run by a shell, in a folder of the test."""
    recipe = load(folder, "1")
    place, state = tmp_path / "usr/ami", tmp_path / "state"
    for name, text in export.imagebuilder(recipe).items():
        if name == "recipe.json":
            continue
        for step in json.loads(text)["phases"][0]["steps"]:
            if step["name"] in ("copy", "unpack", "environment"):
                script = step["inputs"]["commands"][0].replace("--no-same-owner ", "")
                script = script.replace(stage.FOLDER, str(place)).replace(stage.STATE, str(state))
                subprocess.run(["sh", "-c", script], check=True)
    assert (place / "image.yaml").read_bytes() == recipe.files["image.yaml"]
    assert "export WS_AGENT_VERSION=1\n" in (state / "environment").read_text()


def test_the_packer_template_is_balanced_and_runs_every_stage_in_order(folder: Path) -> None:
    recipe = load(folder, "1")
    hostile = replace(recipe, environment={"WS_X": 'a"b ${env("HOME")} %{if true} \\ \n'})
    text = export.packer(hostile, "ami")
    assert r'"WS_X=a\"b $${env(\"HOME\")} %%{if true} \\ \n"' in text
    bare = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("[") == bare.count("]")
    order = re.findall(r"stages/([\w.-]+)", text)
    assert list(dict.fromkeys(order)) == list(recipe.stages)
    assert text.rindex("validate/bake.sh") > text.rindex("stages/90-last.sh")
