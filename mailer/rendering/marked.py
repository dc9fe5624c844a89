"""Where in a text does each fact stand? A text that was filled with marks around what it prints, and the same without.

The marks are characters that nobody types (Unicode's private use), so nothing needs to be searched for.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OPEN, NAMED, CLOSE = "\ue000", "\ue001", "\ue002"
_PIECE = re.compile(f"({OPEN}[^{OPEN}{NAMED}{CLOSE}]*{NAMED}|{CLOSE})")
_WORDS = re.compile(r"\w+|\W")


@dataclass(frozen=True)
class Mark:
    """The part of a text that prints these facts."""

    start: int
    end: int
    paths: tuple[str, ...]

    def stored(self) -> list[object]:
        """As a Draft keeps it."""
        return [self.start, self.end, *self.paths]


def of_stored(stored: Iterable[Sequence[object]]) -> list[Mark]:
    """The marks that a Draft keeps."""
    return [Mark(int(str(start)), int(str(end)), tuple(map(str, paths))) for start, end, *paths in stored]


def with_mark(text: str, paths: Iterable[str]) -> str:
    """The printed value between its marks; nothing around a value that writes nothing."""
    return f"{OPEN}{' '.join(paths)}{NAMED}{text}{CLOSE}" if text else text


def read(marked: str) -> tuple[str, list[Mark]]:
    """The text without marks, and where the facts stand in it; the outer one where one stands within another."""
    parts: list[str] = []
    marks: list[Mark] = []
    opened: list[tuple[int, tuple[str, ...]]] = []
    length = 0
    for piece in _PIECE.split(marked):
        if piece.startswith(OPEN):
            opened.append((length, tuple(piece[1:-1].split())))
        elif piece == CLOSE:
            if opened:
                start, paths = opened.pop()
                marks = [one for one in marks if one.start < start] if not opened else marks
                marks += [Mark(start, length, paths)] if not opened else []
        else:
            parts.append(piece)
            length += len(piece)
    return "".join(parts), marks


def moved(marks: Sequence[Mark], before: str, after: str) -> list[Mark]:
    """The marks of one text in another that a person made of it: those whose words still stand there, whole."""
    if before == after or not marks:
        return list(marks)
    places = _places(before, after)
    found = []
    for mark in marks:
        start, end = places.get(mark.start), places.get(mark.end - 1)
        if start is not None and end is not None and after[start : end + 1] == before[mark.start : mark.end]:
            found.append(Mark(start, end + 1, mark.paths))
    return found


def _places(before: str, after: str) -> dict[int, int]:
    """For each character of the first text that was kept, where it stands in the second."""
    old, new = ([*_WORDS.findall(text)] for text in (before, after))
    starts_old, starts_new = _starts(old), _starts(new)
    found: dict[int, int] = {}
    for block in difflib.SequenceMatcher(None, old, new).get_matching_blocks():
        first, last = starts_old[block.a], starts_old[block.a + block.size]
        shift = starts_new[block.b] - first
        found.update((place, place + shift) for place in range(first, last))
    return found


def _starts(words: Sequence[str]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts
