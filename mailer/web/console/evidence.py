"""The words that decided what a mail wants, where they stand in it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailer.triage.tokens import placed, tokens


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; `decided` when it is a reason for our judgement."""

    text: str
    decided: bool = False


def pieces(text: str, evidence: Iterable[str]) -> list[Piece]:
    """The text whole, cut where the words of the evidence begin and end; each is marked where it stands first."""
    words = placed(text)
    spans = [span for one in evidence if (span := _span(words, tokens(one)))]
    return list(_cut(text, _joined(sorted(spans))))


def _span(words: Sequence[tuple[int, int, str]], wanted: Sequence[str]) -> tuple[int, int] | None:
    """Where these words follow each other, whatever signs stand between them."""
    length = len(wanted)
    for place in range(len(words) - length + 1) if wanted else ():
        if all(words[place + step][2] == wanted[step] for step in range(length)):
            return words[place][0], words[place + length - 1][1]
    return None


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    position = 0
    for start, end in spans:
        if start > position:
            yield Piece(text[position:start])
        yield Piece(text[start:end], True)
        position = end
    if position < len(text):
        yield Piece(text[position:])
