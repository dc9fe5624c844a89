"""A difference for the eye: what changed with a few lines around it, and the rest folded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailer.replies.difference import Piece, pieces

_AROUND = 3


@dataclass(frozen=True)
class Passage:
    """A run of words: "same", "ins", "del", or "fold" for lines that nobody changed."""

    kind: str
    text: str

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


def difference(before: str, after: str) -> list[Passage]:
    """What a page shows of two texts; empty when they are the same."""
    found = pieces(before, after)
    return list(_folded(found)) if any(one.kind.value != "same" for one in found) else []


def _folded(found: list[Piece]) -> Iterator[Passage]:
    for number, piece in enumerate(found):
        if piece.kind.value != "same":
            yield Passage(piece.kind.value, piece.text)
            continue
        lines = piece.text.splitlines(keepends=True)
        first = 0 if number == 0 else _AROUND
        last = len(lines) if number == len(found) - 1 else len(lines) - _AROUND
        yield from _parts(lines, first, last)


def _parts(lines: list[str], first: int, last: int) -> Iterable[Passage]:
    if last - first <= 2:
        return [Passage("same", "".join(lines))]
    parts = (("same", lines[:first]), ("fold", lines[first:last]), ("same", lines[last:]))
    return [Passage(kind, "".join(some)) for kind, some in parts if some]
