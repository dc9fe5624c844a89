"""How much a sentence speaks for each intent, by what was learned from the phrases of its language."""

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Self

from mailer.triage.features import Feature, features
from mailer.triage.learning import learn
from mailer.triage.lexicon import Lexicon, lexicon, written
from mailer.triage.weights import Weights


class Learned:
    """The weights of one language at work."""

    def __init__(self, words: Lexicon, weights: Weights) -> None:
        self._words = words
        self._weights = weights
        self.intents = weights.intents

    @classmethod
    def of(cls, words: Lexicon) -> Self:
        """Learned from these words now."""
        return cls(words, learn(words))

    def features(self, sentence: str) -> dict[str, Feature]:
        """What a sentence is made of, as this language counts it."""
        return features(sentence, self._words.language, self._words.classes)

    def scores(self, found: Mapping[str, Feature]) -> list[float]:
        """How much a sentence speaks for each of `intents`: near 1 for what sounds like its phrases, else near 0."""
        total = [0.0] * len(self.intents)
        for _, number, value in self._known(found):
            self._weights.add(number, value, total)
        return total

    def telling(self, found: Mapping[str, Feature], intent: str) -> list[tuple[float, str]]:
        """The words of a sentence that speak for an intent, and how much."""
        place = self.intents.index(intent)
        values = (
            (self._weights.speaks_for(number, place) * value, found[one].written)
            for one, number, value in self._known(found)
            if found[one].written
        )
        return [(value, text) for value, text in values if value > 0]

    def _known(self, found: Mapping[str, Feature]) -> list[tuple[str, int, float]]:
        """The known words of a sentence, each with its part of length 1: what is unknown thins the rest."""
        numbers, rare, rarest = self._weights.numbers, self._weights.rare, self._weights.rarest
        square, known = 0.0, []
        for one, feature in found.items():
            number = numbers.get(one, -1)
            value = feature.weight * (rarest if number < 0 else rare[number])
            square += value * value
            if number >= 0:
                known.append((one, number, value))
        length = math.sqrt(square) or 1.0
        return [(one, number, value / length) for one, number, value in known]


@cache
def shipped(language: str) -> Learned:
    """What was learned from the shipped phrases; learned again here when they were changed since."""
    words = lexicon(language)
    file = resources.files("mailer.triage").joinpath("words", f"{language}.weights")
    known = Weights.read(file.read_bytes(), written(language)) if file.is_file() else None
    return Learned(words, known or learn(words))
