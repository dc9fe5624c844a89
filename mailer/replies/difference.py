"""What differs between two texts, word by word, and how much they share."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

# A word, a character of a script without blanks, a run of blanks, or one sign.
_PIECES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|\s+|\W")
_MOST_PIECES = 4_000


class Kind(StrEnum):
    """What became of a piece."""

    SAME = "same"  # stands in both
    INS = "ins"  # only in the newer
    DEL = "del"  # only in the older


@dataclass(frozen=True)
class Piece:
    """A run of words."""

    kind: Kind
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """The newer text with what was taken out and put in."""
    old, new = _split(before, after)
    found: list[Piece] = []
    for tag, start, end, begin, until in _codes(old, new):
        if tag == "equal":
            found.append(Piece(Kind.SAME, "".join(new[begin:until])))
            continue
        removed, added = "".join(old[start:end]), "".join(new[begin:until])
        found += [Piece(kind, text) for kind, text in ((Kind.DEL, removed), (Kind.INS, added)) if text]
    return found


def similarity(before: str, after: str) -> float:
    """How much of both texts is the same: 1 for the same words, 0 for none in common."""
    old, new = (_PIECES.findall(" ".join(text.split())) for text in (before, after))
    if max(len(old), len(new)) > _MOST_PIECES:
        old, new = (text.split("\n") for text in (before, after))
    return round(difflib.SequenceMatcher(None, old, new).ratio(), 3)


def _split(before: str, after: str) -> tuple[Sequence[str], Sequence[str]]:
    """As words; as lines where so many words would take long to compare."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if max(len(old), len(new)) <= _MOST_PIECES:
        return old, new
    return before.splitlines(keepends=True), after.splitlines(keepends=True)


def _codes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Like difflib's, with a blank between two changes counted as changed: single blanks say nothing."""
    waiting: list[int] = []
    for tag, start, end, begin, until in difflib.SequenceMatcher(None, old, new).get_opcodes():
        is_blank = tag == "equal" and waiting and "".join(new[begin:until]).isspace() and "\n" not in new[begin:until]
        if tag == "equal" and not (is_blank and end < len(old)):
            if waiting:
                yield ("replace", *_bounds(waiting))
                waiting = []
            yield tag, start, end, begin, until
        else:
            waiting = [waiting[0], end, waiting[2], until] if waiting else [start, end, begin, until]
    if waiting:
        yield ("replace", *_bounds(waiting))


def _bounds(found: Sequence[int]) -> tuple[int, int, int, int]:
    return found[0], found[1], found[2], found[3]
