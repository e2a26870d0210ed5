"""Bugs of golden images: what is published, what is removed, what is left behind."""

from __future__ import annotations

from tests.seeded.bug import Bug

FIT = ("tests/plan/test_image_fit.py",)
BUILD = ("tests/images/test_build.py",)

PRUNE = ("tests/images/test_prune.py",)
SCRIPTS = ("tests/images/test_recipe.py",)
RIGHTS = ("tests/images/test_rights.py",)

BAKING = (
    Bug(
        "an image that failed its test is published",
        "reconciler/images/smoke.py",
        "    if output.code:\n",
        "    if output.code > 1:\n",
        BUILD,
    ),
    Bug(
        "the snapshots of an image stay for ever",
        "reconciler/images/bake.py",
        "ImageId=image.id, DeleteAssociatedSnapshots=True",
        "ImageId=image.id",
        PRUNE,
    ),
    Bug(
        "a parameter that somebody moved meanwhile is moved back",
        "reconciler/images/publish.py",
        '    if value != before.get(parameter, ""):\n',
        "    if not before:\n",
        BUILD,
    ),
    Bug(
        "the image of a pinned version of a launch template is removed",
        "reconciler/images/read.py",
        "        if specification and version.isdecimal():\n",
        "        if specification and not version:\n",
        PRUNE,
    ),
    Bug(
        "a finished bake leaves its instance",
        "reconciler/images/bake.py",
        '            if image.state == "available":\n'
        '                builders.end_all(context, key, "bake")\n',
        '            if image.state == "available":\n',
        BUILD,
    ),
    Bug(
        "a stage that runs is started a second time",
        "reconciler/images/stage.py",
        "if systemctl is-active --quiet {unit}; then",
        "if systemctl is-failed --quiet {unit} && false; then",
        SCRIPTS,
    ),
    Bug(
        "the image role ends workstations",
        "reconciler/aws/image_policy.py",
        "    on instances when ours builder\n",
        "    on instances when ours\n",
        RIGHTS,
    ),
    Bug(
        "an image without a driver for the GPU is planned",
        "reconciler/declare/drivers.py",
        "    if flavour not in support.flavours:\n",
        "    if flavour not in FLAVOURS:\n",
        FIT,
    ),
)
