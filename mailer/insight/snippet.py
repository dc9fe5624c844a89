"""A few lines of a mail around the words that were found, those words marked."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mailer.insight.query import Clause
from mailer.insight.words import LONGEST, RUNS, is_run, plain, terms

_WIDTH = 180
_BEFORE = 50
_MOST_LETTERS = 40_000
_PIECE = re.compile(rf"(?P<run>[{RUNS}]+)|(?:[^\W_{RUNS}]|[\u0300-\u036f\u0900-\u0dff])+")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Piece:
    """Some words of a text; `found`: they are what was looked for."""

    words: str
    found: bool = False


@dataclass(frozen=True)
class Marks:
    """What is marked: whole words, words that begin so, and characters in a row."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    runs: tuple[str, ...]


def marks_of(clauses: Sequence[Clause]) -> Marks:
    """What these clauses look for in a text."""
    words: set[str] = set()
    beginnings: list[str] = []
    runs: list[str] = []
    for clause in clauses:
        # An address is one term to the index, and several words on the page.
        found = [word for term in clause.terms if ":" not in term for word in (terms(term) if "@" in term else [term])]
        runs += _joined(found)
        plain_words = [term for term in found if not is_run(term)]
        words.update(plain_words)
        if clause.begins and found and not is_run(found[-1]):
            beginnings.append(found[-1])
    return Marks(frozenset(words), tuple(beginnings), tuple(runs))


def snippet(text: str, marks: Marks, *, width: int = _WIDTH) -> list[Piece]:
    """The part of a text that holds the first found words; its beginning when there are none."""
    told = _BLANKS.sub(" ", text[:_MOST_LETTERS]).strip()
    spans = list(_spans(told, marks, stop_after=width))
    start = _start(told, spans[0][0]) if spans else 0
    end = _end(told, start + width)
    pieces = [Piece("…")] if start else []
    at = start
    for begin, finish in spans:
        if begin >= at and finish <= end:
            pieces += [Piece(told[at:begin]), Piece(told[begin:finish], found=True)]
            at = finish
    pieces += [Piece(told[at:end]), Piece("…" if end < len(told) else "")]
    return [piece for piece in pieces if piece.words]


def _joined(found: Sequence[str]) -> Iterator[str]:
    """Pairs of characters as they stood in the text: AB, BC is ABC."""
    run = ""
    for term in [*found, ""]:
        if run and term and is_run(term) and run.endswith(term[0]):
            run += term[1:]
            continue
        if run:
            yield run
        run = term if term and is_run(term) else ""


def _spans(told: str, marks: Marks, *, stop_after: int) -> Iterator[tuple[int, int]]:
    """Where found words stand, up to so many letters after the first of them."""
    first: int | None = None
    for piece in _PIECE.finditer(told):
        if first is not None and piece.start() > first + stop_after:
            return
        for begin, end in _within(piece, marks):
            first = begin if first is None else first
            yield begin, end


def _within(piece: re.Match[str], marks: Marks) -> Iterator[tuple[int, int]]:
    if piece["run"] is None:
        word = _folded(piece[0])
        if word in marks.words or (marks.beginnings and word.startswith(marks.beginnings)):
            yield piece.span()
        return
    if not marks.runs:
        return
    run = unicodedata.normalize("NFKC", piece[0])
    if len(run) == len(piece[0]):
        for found in re.finditer("|".join(map(re.escape, marks.runs)), run):
            yield piece.start() + found.start(), piece.start() + found.end()


@lru_cache(maxsize=20_000)
def _folded(word: str) -> str:
    return plain(word)[:LONGEST]


def _start(told: str, first: int) -> int:
    """Some letters before the first found word, at the beginning of a word."""
    start = max(0, first - _BEFORE)
    blank = told.find(" ", start, first)
    return blank + 1 if start and blank >= 0 else start


def _end(told: str, end: int) -> int:
    blank = told.rfind(" ", end - 20, end)
    return blank if end < len(told) and blank >= 0 else min(end, len(told))
