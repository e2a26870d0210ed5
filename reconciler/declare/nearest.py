"""Did you mean …? The known word nearest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

CLOSE = 0.6  # of 1; below it a suggestion is more often wrong than right


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; capitals, - and _ do not count."""
    wanted = _plain(word)
    best, best_score = None, 0.0
    for candidate in known:
        score = _likeness(wanted, _plain(candidate))
        if score > best_score:
            best, best_score = candidate, score
    return best if best_score >= CLOSE else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint, or nothing if no known word is near."""
    found = nearest(word, known)
    return f"did you mean `{found}`?" if found else ""


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 2.0
    if _one_edit(one, other):  # always worth saying, even for a word of two letters
        return 1.0 + SequenceMatcher(None, one, other).ratio() / 2
    return SequenceMatcher(None, one, other).ratio()


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter added, lost, changed or swapped with its neighbour makes them equal."""
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
    return word.lower().replace("-", "").replace("_", "")
