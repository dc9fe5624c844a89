"""What of a sentence is counted: stems, pairs, pieces of long words; runs of characters where there are no blanks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailer.triage.tokens import fold, is_cjk, stem, tokens

_WORD, _PAIR, _NEAR_PAIR, _CHARACTER, _PIECE = 1.0, 0.6, 0.4, 0.5, 0.6
_RUN = 0.6
# Pieces find a word in its compounds and misspellings; short words have none that tell.
_PIECE_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Feature:
    """How much a thing counts against others, and how the sentence had it written; pieces are no evidence."""

    weight: float
    written: str


def features(sentence: str, language: str, classes: Mapping[str, str]) -> dict[str, Feature]:
    """What a sentence is made of; a word of a class (`[same]`) is counted as its class too."""
    words = tokens(sentence)
    stems = [stem(word, language) for word in words]
    kinds = [classes.get(word, stemmed) for word, stemmed in zip(words, stems, strict=True)]
    found = {one: Feature(_CHARACTER if is_cjk(one) else _WORD, word) for one, word in zip(stems, words, strict=True)}
    for kind, word in zip(kinds, words, strict=True):
        found.setdefault(kind, Feature(_WORD, word))
    for name, weight, written in _neighbours(words, kinds):
        found.setdefault(name, Feature(weight, written))
    for word in words:
        for piece in _pieces(word):
            found.setdefault(piece, Feature(_PIECE, ""))
    return found


def _neighbours(words: tuple[str, ...], kinds: list[str]) -> Iterator[tuple[str, float, str]]:
    """Two or three characters in a row; two words with at most one between."""
    for distance, weight in ((1, _PAIR), (2, _NEAR_PAIR)):
        for start in range(len(words) - distance):
            end = start + distance
            if is_cjk(words[start]):
                run = "".join(words[start : end + 1])
                yield run, _RUN, run
            else:
                yield f"{kinds[start]} {kinds[end]}", weight, " ".join(words[start : end + 1])


def _pieces(word: str) -> Iterator[str]:
    if len(word) < _PIECE_LETTERS or is_cjk(word):
        return
    whole = f"_{fold(word)}_"
    for start in range(len(whole) - _PIECE_LETTERS + 1):
        yield f"~{whole[start : start + _PIECE_LETTERS]}"
