"""The shipped classifier: phrases told as people tell them, one TOML file per language in `words/`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

from mailer.model import Level
from mailer.triage.classifier import OTHER, Judgement

Words = tuple[str, ...]
# Each place of a phrase takes one word, or any of several that mean the same there.
Phrase = tuple[frozenset[str], ...]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_GAP = 2
_MAX_CHARACTERS = 20_000
_MAX_WORDS = 600


@dataclass(frozen=True)
class IntentPhrases:
    """The phrases of one intent."""

    intent: str
    says: tuple[Phrase, ...]
    hints: tuple[Phrase, ...]
    unless: tuple[Phrase, ...]

    @classmethod
    def of(cls, intent: str, table: Mapping[str, Any], same: Mapping[str, Sequence[str]]) -> Self:
        """From a table of a words file; `same` tells what its words in capitals stand for."""
        says, hints, unless = (
            tuple(_phrase(text, same) for text in table.get(key, [])) for key in ("says", "hints", "unless")
        )
        return cls(intent, says, hints, unless)


class PhraseClassifier:
    """Finds an intent by the phrases that mails of that intent are made of; says "other" when none is there."""

    name = "phrases"

    def __init__(self, intents: Sequence[IntentPhrases]) -> None:
        self._intents = intents

    @classmethod
    def shipped(cls) -> Self:
        """With the phrases of this package."""
        text = resources.files("mailer.triage").joinpath("words", "en.toml").read_text(encoding="utf-8")
        tables = tomllib.loads(text)
        same = tables.pop("same", {})
        return cls([IntentPhrases.of(intent, table, same) for intent, table in tables.items()])

    def classify(self, subject: str, own_words: str) -> Judgement:
        """The best intent of this mail; the order of evidence is that of the words file."""
        # The gap keeps a phrase from beginning in the subject and ending in the text.
        words = (*_split(subject), *[""] * (_GAP + 1), *_split(own_words))[:_MAX_WORDS]
        judgements = [_judge(phrases, words) for phrases in self._intents]
        return max(judgements, key=lambda one: one.confidence, default=_nothing())


def _judge(phrases: IntentPhrases, words: Words) -> Judgement:
    said = _found(phrases.says, words)
    if against := _found(phrases.unless, words):
        # More is wanted than this intent's answer would give: a person reads it.
        return Judgement(OTHER, 0.3, Level.LOW, (*said, *against))
    if said:
        return Judgement(phrases.intent, min(0.99, 0.85 + 0.05 * len(said)), Level.HIGH, said)
    hints = _found(phrases.hints, words)
    if len(hints) > 2:
        return Judgement(phrases.intent, 0.6, Level.MEDIUM, hints)
    return _nothing()


def _nothing() -> Judgement:
    return Judgement(OTHER, 0.0, Level.LOW)


def _found(phrases: Sequence[Phrase], words: Words) -> tuple[str, ...]:
    present = set(words)
    possible = (phrase for phrase in phrases if all(not place.isdisjoint(present) for place in phrase))
    return tuple(dict.fromkeys(" ".join(found) for phrase in possible if (found := _first(phrase, words))))


def _first(phrase: Phrase, words: Words) -> Words:
    """The mail's own words where this phrase stands first; none when it does not."""
    starts = (start for start, word in enumerate(words) if word in phrase[0])
    return next((found for start in starts if (found := _follow(phrase, words, start))), ())


def _follow(phrase: Phrase, words: Words, start: int) -> Words:
    position = start
    for place in phrase[1:]:
        window = range(position + 1, min(position + 2 + _GAP, len(words)))
        position = next((index for index in window if words[index] in place), -1)
        if position < 0:
            return ()
    return words[start : position + 1]


def _phrase(text: str, same: Mapping[str, Sequence[str]]) -> Phrase:
    return tuple(frozenset(same.get(word, _split(word))) for word in text.split())


def _split(text: str) -> Words:
    return tuple(_WORD.findall(text[:_MAX_CHARACTERS].casefold().replace("’", "'")))
