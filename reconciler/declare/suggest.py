"""Did you mean …? The known word nearest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

CLOSE = 0.6  # of 1; below it a suggestion is more often wrong than right
_NOT_COUNTED = str.maketrans("", "", "-_ ")


def suggest(word: str, known: Iterable[str], close: float = CLOSE) -> str | None:
    """Find the known word that was probably meant; capitals, - and _ do not count.

    `close` is how alike two words must be that are more than one edit apart, 1 being the same.
    """
    wanted = _plain(word)
    words = {_plain(candidate): candidate for candidate in known}
    if wanted in words:
        return words[wanted]
    edits = [
        candidate for candidate in words if _edited(wanted, candidate)
    ]  # even of a word of two letters
    if edits:
        return words[max(edits, key=lambda each: SequenceMatcher(None, wanted, each).ratio())]
    alike = get_close_matches(wanted, words, n=1, cutoff=close)
    return words[alike[0]] if alike else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Write the hint with the word that was probably meant; "" if no known word is similar."""
    found = suggest(word, known)
    return f"did you mean `{found}`?" if found else ""


def one_edit(one: str, other: str) -> bool:
    """Tell whether two words are the same, or become so when one letter is added, lost, changed
    or swapped with its neighbour; capitals, blanks, - and _ do not count."""
    return _plain(one) == _plain(other) or _edited(_plain(one), _plain(other))


def _edited(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    same = 0  # letters they begin with alike
    while same < len(short) and short[same] == long[same]:
        same += 1
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    swapped = short[same + 1 : same + 2] + short[same : same + 1] + short[same + 2 :]
    return short[same + 1 :] == long[same + 1 :] or swapped == long[same:]


def _plain(word: str) -> str:
    return word.lower().translate(_NOT_COUNTED)
