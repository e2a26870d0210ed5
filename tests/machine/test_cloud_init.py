"""The user data of a machine, read by cloud-init's own code.

`CLOUD_INIT` names the folder with the package `cloudinit`; .ci/run unpacks Debian's there.
"""

from __future__ import annotations

import base64
import json
import lzma
import subprocess
from pathlib import Path

import pytest

from reconciler.machine import agent, user_data
from tests.support import cloud_init

INSTANCE = {"version": 1, "workstation": "alice", "mounts": ()}
needs_cloud_init = pytest.mark.skipif(not cloud_init.FOLDER, reason=cloud_init.MISSING)


@needs_cloud_init
@pytest.mark.parametrize("carries", [True, False], ids=["agent carried", "agent in the image"])
def test_cloud_init_writes_every_file_as_it_is(carries: bool) -> None:
    raw = base64.b64decode(user_data.encode(INSTANCE, carries_agent=carries))
    found = cloud_init.read(raw)
    assert found["type"] == "text/cloud-config"
    files = {path: base64.b64decode(content) for path, content in found["files"].items()}
    assert json.loads(files.pop("/etc/ws/instance.json")) == {**INSTANCE, "mounts": []}
    assert list(files) == ([agent.PACK] if carries else [])
    if carries:
        assert lzma.decompress(files[agent.PACK]) == agent.carried().content
    assert bool(found["script"]) is carries


@needs_cloud_init
def test_the_commands_are_a_shell_script_that_unpacks_the_agent(tmp_path: Path) -> None:
    """The script of cloud-init runs whole, with another folder, and a systemctl that notes."""
    raw = base64.b64decode(user_data.encode(INSTANCE, carries_agent=True))
    found = cloud_init.read(raw)
    content = agent.unpacked(lzma.decompress(base64.b64decode(found["files"][agent.PACK])))
    elsewhere = {f"{tmp_path}{path}" if path[0] == "/" else path: content[path] for path in content}
    folder, binaries = f"{tmp_path}/ws", f"{tmp_path}/bin"
    packed = "".join(f"{path}\0{text}\0" for path, text in elsewhere.items())
    cloud_init.write(f"{folder}/ws.xz", lzma.compress(packed.encode()))
    cloud_init.write(f"{binaries}/systemctl", b'#!/bin/sh\necho "$@"\n')
    for path in elsewhere:
        if path[0] == "/":
            cloud_init.write(path, b"")
    script = found["script"].replace("/usr/lib/ws/", f"{folder}/")
    script = script.replace(agent.COMMAND, f"{tmp_path}{agent.COMMAND}")
    done = subprocess.run(
        ["/bin/sh"],
        input=script,
        env={"PATH": f"{binaries}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    reload, enable = done.stdout.splitlines()
    assert reload == "daemon-reload"
    assert enable.split()[:3] == ["enable", "--now", "--no-block"]
    units = [Path(path).name for path in content if path.endswith(".service")]
    assert "ws-boot.service" in units
    assert enable.split()[3:] == units
    python = ["/usr/bin/python3", "-I", f"{folder}/ws.pyz", "--help"]
    assert subprocess.run(python, capture_output=True, check=False).returncode == 0


@needs_cloud_init
def test_cloud_init_refuses_what_is_no_cloud_config() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        cloud_init.read(b'#cloud-config\n{"write_files": [{"content": "x"}]}\n')
