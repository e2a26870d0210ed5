"""The same stages for other builders: EC2 Image Builder and Packer. Pure.

Both take the folder `ami/` as it is. An Image Builder component holds at most 16,000 characters of
YAML inline (botocore, imagebuilder, CreateComponent `data`), and JSON is YAML: so the packed folder
travels in components of its own, before the one that runs the stages.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from typing import Any

from reconciler.images import stage
from reconciler.images.model import Recipe

LARGEST = 16_000
"""Characters of the data of a component."""

CHUNK = 14_000
MOST = 20
"""Components of a recipe, by the default of the quota (botocore, imagebuilder, ImageRecipe)."""

REBOOT = 194
"""For this exit code the machine is restarted, and the step runs again (Image Builder user guide,
"Action modules": ExecuteBash)."""


def imagebuilder(recipe: Recipe) -> dict[str, str]:
    """Write the files of an Image Builder recipe by name.

    Raises: ValueError when the folder does not fit into the components of one recipe.
    """
    text = base64.b64encode(stage.archive(recipe)).decode()
    chunks = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    if len(chunks) + 1 > MOST:
        raise ValueError(
            f"the folder needs {len(chunks) + 1} components, and a recipe takes {MOST}: use "
            "`reconcile ami build`, or make the folder smaller"
        )
    components = {
        f"{_name(recipe)}-copy-{number:02}": _component(
            f"Copy the stages, part {number} of {len(chunks)}",
            [("copy", f"mkdir -p {stage.STATE}\nprintf %s {chunk} > {_part(number)}")],
        )
        for number, chunk in enumerate(chunks, 1)
    }
    components[f"{_name(recipe)}-stages"] = _component(
        "Unpack and run the stages, then validate",
        [("unpack", _unpack(len(chunks))), *_stages(recipe)],
        [("smoke", f"bash {stage.FOLDER}/validate/smoke.sh")],
    )
    files = {f"{name}.json": _dump(document) for name, document in components.items()}
    files["recipe.json"] = _dump(_recipe(recipe, list(components)))
    return files


def _name(recipe: Recipe) -> str:
    """The name of the image in the characters that Image Builder takes."""
    return recipe.name.replace(".", "-")


def _part(number: int) -> str:
    return f"{stage.STATE}/part-{number:02}"


def _unpack(parts: int) -> str:
    names = " ".join(_part(number) for number in range(1, parts + 1))
    return (
        f"set -eu\nrm -rf {stage.FOLDER}\nmkdir -p {stage.FOLDER}\n"
        f"cat {names} | base64 -d | tar -xz --no-same-owner -C {stage.FOLDER}"
    )


def _stages(recipe: Recipe) -> list[tuple[str, str]]:
    variables = recipe.variables()
    exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in variables.items())
    write = f"cat > {stage.STATE}/environment <<'END'\n{exports}\nEND"
    source = f". {stage.STATE}/environment"
    found = [("environment", write)]
    found += [
        (name.removesuffix(".sh"), f"{source}\nbash {stage.FOLDER}/stages/{name}")
        for name in recipe.stages
    ]
    found.append(("validate", f"{source}\nbash {stage.FOLDER}/validate/bake.sh"))
    found.append(("cleanup", f"rm -rf {stage.STATE}"))
    return found


def _component(
    description: str, build: list[tuple[str, str]], test: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    phases = [("build", build), *([("test", test)] if test else [])]
    return {
        "name": description,
        "schemaVersion": 1.0,
        "phases": [
            {
                "name": phase,
                "steps": [
                    {
                        "name": name,
                        "action": "ExecuteBash",
                        "onFailure": "Abort",
                        "timeoutSeconds": 5400,
                        "inputs": {"commands": [script]},
                    }
                    for name, script in steps
                ],
            }
            for phase, steps in phases
        ],
    }


def _recipe(recipe: Recipe, components: list[str]) -> dict[str, Any]:
    """The request of CreateImageRecipe; REGION and ACCOUNT are filled in by whoever sends it."""
    arn = "arn:aws:imagebuilder:REGION:ACCOUNT:component"
    disk = {"volumeSize": recipe.root_gib, "volumeType": "gp3", "deleteOnTermination": True}
    return {
        "name": _name(recipe),
        "semanticVersion": "1.0.0",
        "parentImage": f"ssm:{recipe.parent}",
        "components": [{"componentArn": f"{arn}/{name}/1.0.0"} for name in components],
        "blockDeviceMappings": [{"deviceName": "/dev/sda1", "ebs": disk}],
        "workingDirectory": "/tmp",
    }


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=False) + "\n"


def packer(recipe: Recipe, folder: str) -> str:
    """Write a Packer template in HCL that runs the same stages over SSH."""
    return _source(recipe) + _build(recipe, folder)


def _source(recipe: Recipe) -> str:
    """What Packer needs, and the instance that it builds on."""
    variables = ",\n".join(
        f"      {_hcl(f'{key}={value}')}" for key, value in sorted(recipe.variables().items())
    )
    return f"""\
# Made by `reconcile ami export packer` from {recipe.name}, content {recipe.content}.
# Each stage runs twice: the first time it may restart the machine, then it must end well.

packer {{
  required_plugins {{
    amazon = {{
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0"
    }}
  }}
}}

locals {{
  environment = [
{variables}
  ]
}}

data "amazon-parameterstore" "parent" {{
  name   = {_hcl(recipe.parent)}
  region = {_hcl(recipe.regions[0])}
}}

source "amazon-ebs" "image" {{
  ami_name      = {_hcl(recipe.image_name("packer-" + recipe.content))}
  instance_type = {_hcl(recipe.bake_types[0])}
  region        = {_hcl(recipe.regions[0])}
  source_ami    = data.amazon-parameterstore.parent.value
  ssh_username  = {_hcl("ec2-user" if recipe.os == "al2023" else "ubuntu")}

  launch_block_device_mappings {{
    device_name           = "/dev/sda1"
    volume_size           = {recipe.root_gib}
    volume_type           = "gp3"
    delete_on_termination = true
  }}

  tags = {{
    "reconciler:flavour" = {_hcl(recipe.flavour)}
    "reconciler:agent"   = {_hcl(recipe.agent)}
  }}
}}

"""


def _build(recipe: Recipe, folder: str) -> str:
    """What Packer does on the instance."""
    stages = "".join(map(_provisioners, recipe.stages))
    return f"""\
build {{
  sources = ["source.amazon-ebs.image"]

  provisioner "file" {{
    source      = {_hcl(folder.rstrip("/") + "/")}
    destination = "/tmp/ami"
  }}

  provisioner "shell" {{
    inline = [
      "sudo rm -rf {stage.FOLDER}",
      "sudo mkdir -p {stage.FOLDER}",
      "sudo cp -rT /tmp/ami {stage.FOLDER}",
    ]
  }}
{stages}
  provisioner "shell" {{
    environment_vars = local.environment
    inline           = ["sudo -E bash {stage.FOLDER}/validate/bake.sh"]
  }}
}}
"""


def _provisioners(name: str) -> str:
    run = f"sudo -E bash {stage.FOLDER}/stages/{name}"
    restart = f"if [ $code = {REBOOT} ]; then sudo systemctl reboot; sleep 600; fi"
    return f"""
  provisioner "shell" {{
    environment_vars  = local.environment
    inline            = ["code=0", "{run} || code=$?", "{restart}", "exit $code"]
    expect_disconnect = true
  }}

  provisioner "shell" {{
    environment_vars = local.environment
    pause_before     = "10s"
    inline           = ["{run}"]
  }}
"""


def _hcl(text: str) -> str:
    """Quote a string of HCL; `${{` and `%{{` would begin a template."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
