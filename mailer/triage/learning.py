"""How phrases become weights: a passive-aggressive learner, run by `make words` (a second or two for a language).

Phrase by phrase it guesses, and where the right intent does not win clearly it moves the weights of that phrase's words
by as little as is needed. Each step's weights count in the mean, so that no late phrase outweighs an early one.
"""

import math
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from mailer.model import Intent
from mailer.triage.features import features
from mailer.triage.lexicon import Lexicon
from mailer.triage.weights import Weights

# A phrase as numbers of words and how much each counts in it.
Vector: TypeAlias = "tuple[array[int], array[float]]"
# By number of a word, how much it speaks for each intent.
Rows = list[dict[int, float]]


@dataclass(frozen=True)
class Dials:
    """How it learns; set by holding back a part of the phrases and guessing their intents."""

    rounds: int = 6
    step: float = 0.3  # how far one phrase may move the weights


DIALS = Dials()
# A stride that has no factor in common with the usual counts of phrases mixes the intents without chance.
_STRIDE = 997


def learn(words: Lexicon, dials: Dials = DIALS) -> Weights:
    """The weights of a language from its phrases; the same phrases give the same weights."""
    intents = tuple(sorted({*words.says, Intent.OTHER.value}))
    numbers: dict[str, int] = {}
    told = [
        (place, _numbered(text, words, numbers))
        for place, intent in enumerate(intents)
        for text in words.says.get(intent, ())
    ]
    often = Counter(number for _, (found, _) in told for number in found)
    rare = array("f", (math.log(1 + len(told) / often[number]) for number in range(len(numbers))))
    for _, (found, values) in told:
        _shorten(found, values, rare)
    rows = _rows(told, len(numbers), len(intents), dials)
    return Weights.of(intents, tuple(numbers), rare, math.log(1 + len(told)), rows)


def _numbered(text: str, words: Lexicon, numbers: dict[str, int]) -> Vector:
    found = features(text, words.language, words.classes)
    known = array("I", (numbers.setdefault(one, len(numbers)) for one in found))
    return known, array("f", (feature.weight for feature in found.values()))


def _shorten(numbers: "array[int]", values: "array[float]", rare: "array[float]") -> None:
    """Make a phrase of length 1, in which what is rare counts more."""
    for at, number in enumerate(numbers):
        values[at] *= rare[number]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    for at in range(len(values)):
        values[at] /= length


def _rows(told: list[tuple[int, Vector]], words: int, intents: int, dials: Dials) -> Rows:
    rows: Rows = [{} for _ in range(words)]
    # Each weight's moves, counted by the step at which they came: what the mean over all steps is made from.
    moved: Rows = [{} for _ in range(words)]
    steps = 1
    for turn in range(dials.rounds):
        for number in range(len(told)):
            place, vector = told[(number * _STRIDE + turn) % len(told)]
            rival, loss = _rival(rows, place, vector, intents)
            if loss > 0:
                step = min(dials.step, loss / 2)
                _move(rows, place, rival, vector, step)
                _move(moved, place, rival, vector, step * steps)
            steps += 1
    for row, moves in zip(rows, moved, strict=True):
        for place in row:
            row[place] -= moves[place] / steps
    return rows


def _rival(rows: Rows, place: int, vector: Vector, intents: int) -> tuple[int, float]:
    """The likeliest wrong intent of a phrase, and how much is missing until the right one wins clearly."""
    scores = [0.0] * intents
    for number, value in zip(*vector, strict=True):
        for other, weight in rows[number].items():
            scores[other] += weight * value
    right, scores[place] = scores[place], -math.inf
    best = max(scores)
    return scores.index(best), 1 - (right - best)


def _move(rows: Rows, place: int, rival: int, vector: Vector, step: float) -> None:
    for number, value in zip(*vector, strict=True):
        row = rows[number]
        row[place] = row.get(place, 0.0) + step * value
        row[rival] = row.get(rival, 0.0) - step * value
