"""The shipped classifier: phrases told as people tell them, one TOML file per language in `words/`."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

from mailer.model import Level
from mailer.triage.classifier import OTHER, Judgement

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_GAP = 2
_MAX_WORDS = 600


@dataclass(frozen=True)
class IntentPhrases:
    """The phrases of one intent."""

    intent: str
    says: tuple[Words, ...]
    hints: tuple[Words, ...]
    unless: tuple[Words, ...]

    @classmethod
    def of(cls, intent: str, table: dict[str, Any]) -> Self:
        """From a table of a words file."""
        says, hints, unless = (
            tuple(_split(text) for text in table.get(key, [])) for key in ("says", "hints", "unless")
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
        return cls([IntentPhrases.of(intent, table) for intent, table in tomllib.loads(text).items()])

    def classify(self, subject: str, own_words: str) -> Judgement:
        """The best intent of this mail; the order of evidence is that of the words file."""
        words = _split(f"{subject} . {own_words}")[:_MAX_WORDS]
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


def _found(phrases: Sequence[Words], words: Words) -> tuple[str, ...]:
    present = set(words)
    return tuple(" ".join(one) for one in phrases if present.issuperset(one) and _stands_in(one, words))


def _stands_in(phrase: Words, words: Words) -> bool:
    return any(_follows(phrase, words, start) for start, word in enumerate(words) if word == phrase[0])


def _follows(phrase: Words, words: Words, start: int) -> bool:
    position = start
    for wanted in phrase[1:]:
        window = words[position + 1 : position + 2 + _GAP]
        if wanted not in window:
            return False
        position += 1 + window.index(wanted)
    return True


def _split(text: str) -> Words:
    return tuple(_WORD.findall(text.casefold().replace("’", "'")))
