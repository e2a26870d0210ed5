"""The YAML language server, driven as an editor drives it: JSON-RPC over its standard streams."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).parent / "node_modules/yaml-language-server/bin/yaml-language-server"
PATIENCE = 60  # seconds, for a whole session; a server that hangs is killed
MODELINE = "# yaml-language-server: $schema=../schemas/fleet.schema.json\n"

SETTINGS = {
    "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}},
    "http": {},
    "[yaml]": {},
    "editor": {"tabSize": 2},
    "files": {},
}


class LanguageServer:
    """One running server; a file in it lies in `fleets/` and names its schema in the first line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._requests = 0
        self._files = 0

    def __enter__(self) -> Self:
        self._watchdog.start()
        folder = {"uri": ROOT.as_uri(), "name": "reconciler"}
        self.ask(
            "initialize",
            processId=None,
            rootUri=ROOT.as_uri(),
            workspaceFolders=[folder],
            capabilities={
                "workspace": {"configuration": True, "workspaceFolders": True},
                "textDocument": {
                    "completion": {"completionItem": {"snippetSupport": True}},
                    "publishDiagnostics": {"relatedInformation": True},
                },
            },
        )
        self._tell("initialized")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._process.communicate()

    def open(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """Open a file; its address, and what the editor would underline."""
        self._files += 1
        uri = (ROOT / "fleets" / f"editor-{self._files}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": MODELINE + text}
        self._tell("textDocument/didOpen", textDocument=document)
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                found = message["params"]
                if found["uri"] == uri:
                    return uri, found["diagnostics"]

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a request and wait for its answer."""
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("id") == self._requests and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is shown over a place; line 1 is the one after the modeline."""
        found = self._at("textDocument/hover", uri, line, column)
        return str(found["contents"]["value"]) if found else ""

    def completion(self, uri: str, line: int, column: int) -> list[str]:
        """What is offered at a place."""
        found = self._at("textDocument/completion", uri, line, column)
        return [item["label"] for item in found["items"]]

    def _at(self, method: str, uri: str, line: int, column: int) -> Any:
        position = {"line": line, "character": column - 1}
        return self.ask(method, textDocument={"uri": uri}, position=position)

    def _tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """The next message; requests of the server itself are answered on the way."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:
            self._answer(message)
        return message

    def _answer(self, message: dict[str, Any]) -> None:
        result = None
        if message["method"] == "workspace/configuration":
            result = [SETTINGS.get(item["section"]) for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})
