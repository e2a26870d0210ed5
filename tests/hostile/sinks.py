"""What went wrong in each place a text is written to: lists of faults, empty when all is good."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARK = re.compile(r"<!-- reconciler plan( of [\w./ ,-]+)? -->")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_COMMAND = re.compile(r"^\s*::[A-Za-z]|##\[", re.MULTILINE)
_ANNOTATION = re.compile(r"::(error|warning)( file=[^,:\r\n]+,line=\d+,col=\d+)?::[^\r\n]*")
# GitHub takes a mention after anything that is no ASCII letter, digit or underscore.
_LIVE = re.compile(
    r"(?<![A-Za-z0-9_])@[A-Za-z0-9]|#\d|\bGH-\d|[a-z]+://\w|www\.\w", re.IGNORECASE | re.ASCII
)
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FRAME = {"<details><summary>Details</summary>", "</details>"}


def terminal(text: str) -> list[str]:
    """Of a terminal, a log or a runner: nothing obeyed, nothing unseen, no command."""
    unseen = {f"U+{ord(c):04X}" for c in text if c != "\n" and unicodedata.category(c) in _UNSEEN}
    return [*sorted(unseen), *(found[0] for found in _COMMAND.finditer(text))]


def stderr_on_github(text: str) -> list[str]:
    """Of a runner that is told annotations too: every command is one of ours, whole."""
    commands = [line for line in text.split("\n") if _ANNOTATION.fullmatch(line)]
    rest = "\n".join(line for line in text.split("\n") if line not in commands)
    unseen = {c for line in commands for c in line if unicodedata.category(c) in _UNSEEN}
    return [*terminal(rest), *sorted(unseen), *(line for line in commands if "##[" in line)]


def comment(text: str) -> list[str]:
    """Of a pull-request comment: our mark first and alone, nothing live, our frame and no other."""
    mark = text.partition("\n")[0]
    faults = [] if _MARK.fullmatch(mark) else ["the mark is not the first line"]
    if len(text) > 60_000:
        faults.append("longer than GitHub takes")
    faults += terminal(text.replace("\u200b", ""))
    for token in _tokens(_PARSER.parse(text)):
        match token.type:
            case "html_block":
                lines = {line for line in token.content.split("\n") if line}
                faults += sorted(lines - _FRAME - {mark})
            case "html_inline" | "link_open" | "image" | "s_open" | "fence" | "code_block":
                faults.append(f"{token.type}: {token.content or token.attrs}")
            case "text":
                faults += [found[0] for found in _LIVE.finditer(token.content)]
            case "heading_open" if token.tag != "h3":
                faults.append(f"a heading {token.tag}")
    return faults


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    """All of them; texts that stand side by side as one."""
    for token in tokens:
        if token.type != "inline":
            yield token
            continue
        text = ""
        for child in token.children or ():
            if child.type in ("text", "text_special"):
                text += child.content
                continue
            if text:
                yield Token("text", "", 0, content=text)
            text = "x" if child.type.endswith("_close") else " "
            yield child
        if text:
            yield Token("text", "", 0, content=text)
