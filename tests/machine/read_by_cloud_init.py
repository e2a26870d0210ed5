"""Read user data with cloud-init's own code, as on a machine, and print what it makes of it.

It runs in a process of its own: `read_by_cloud_init.py FOLDER < USER_DATA`, with the folder that
has the packages `cloudinit`, `configobj`, `jsonpatch` and `jsonpointer`.
"""

from __future__ import annotations

import base64
import json
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def module(name: str) -> Any:
    """Import a module of cloud-init, of which mypy knows nothing."""
    return import_module(f"cloudinit.{name}")


def main(raw: bytes) -> None:
    """Process, check and unpack; print the files and the shell script as JSON."""
    processor = module("user_data").UserDataProcessor({})
    [part] = [part for part in processor.process(raw).walk() if not part.is_multipart()]
    text = module("util").fully_decoded_payload(part)
    config = module("util").load_yaml(text)
    module("config.schema").validate_cloudconfig_schema(config, strict=True)
    write_files = module("config.cc_write_files")
    files = {}
    for each in config["write_files"]:
        kinds = write_files.canonicalize_extraction(each.get("encoding"))
        content = write_files.extract_contents(each["content"], kinds)
        encoded = content if isinstance(content, bytes) else content.encode()
        files[each["path"]] = base64.b64encode(encoded).decode()
    script = module("util").shellify(config["runcmd"]) if "runcmd" in config else ""
    kind = part.get_content_type()
    sys.stdout.write(json.dumps({"type": kind, "files": files, "script": script}))


if __name__ == "__main__":
    with TemporaryDirectory() as alone:  # its other dependencies come from our own Python
        for name in ("cloudinit", "configobj", "jsonpatch.py", "jsonpointer.py"):
            (Path(alone) / name).symlink_to(Path(sys.argv[1]) / name)
        sys.path[:0] = [alone]
        main(sys.stdin.buffer.read())
