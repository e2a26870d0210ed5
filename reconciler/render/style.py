"""The style of text for its stream: colour, characters, width."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Literal

Role = Literal["add", "change", "remove", "trouble", "strong", "quiet"]

_SGR: dict[Role, str] = {
    "add": "32",
    "change": "33",
    "remove": "31",
    "trouble": "31;1",
    "strong": "1",
    "quiet": "2",
}
_ASCII = str.maketrans({"→": "->", "…": "...", "×": "x", "–": "-"})


@dataclass(frozen=True)
class Style:
    """What the reader's terminal can show. `width` None: lines are not wrapped (a pipe)."""

    colour: bool = False
    unicode: bool = True
    width: int | None = None

    def paint(self, role: Role, text: str) -> str:
        """Colour a text by its role. Colour never carries meaning alone: a sign or a word says
        the same."""
        return f"\x1b[{_SGR[role]}m{text}\x1b[0m" if self.colour else text

    def wrap(self, text: str, first: str = "", rest: str = "") -> list[str]:
        """Wrap a text into lines within the width; ids and paths are never cut."""
        text = self.plain(text)  # before widths are counted
        if self.width is None:
            return [first + text]
        return textwrap.wrap(
            text,
            max(self.width, 40),
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

    def cut(self, text: str) -> str:
        """Cut a text to one line that is shorter than the width."""
        text = self.plain(text)
        return text if self.width is None else text[: max(self.width - 1, 1)]

    def finish(self, lines: list[str]) -> str:
        """Join the lines to the whole text, in characters that the reader's locale has."""
        return self.plain("\n".join(lines) + "\n")

    def plain(self, text: str) -> str:
        """Replace characters that the reader's locale lacks by ASCII."""
        if self.unicode:
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()
