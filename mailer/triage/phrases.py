"""The shipped classifier: sentence by sentence, by phrases in `words/` and what they teach, with the order in mind."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Self

from mailer.model import Level, in_precedence
from mailer.triage.circumstance import in_truth, leaning
from mailer.triage.classifier import OTHER, Judgement, OrderView, Wish
from mailer.triage.features import Feature
from mailer.triage.learned import Learned, shipped
from mailer.triage.lexicon import NEAREST, Lexicon, languages, lexicon
from mailer.triage.mood import Mood
from mailer.triage.patterns import Patterns
from mailer.triage.tokens import clauses, tokens

# Set as the dials of `learned` are.
_LEARNED = 10.0
_STRONG, _HINT, _AGAINST = 1.8, 0.6, 2.0
_OTHER = 1.4
_HEAT = 1.0
_MORE_SENTENCES = 0.6

# How likely a wish must be in one of its sentences to apply beside the likeliest.
_APPLIES = 0.75
_HIGH, _MEDIUM = 0.9, 0.45
# A wish is high only when so much speaks for it, however little speaks for the others.
_PLAIN = 7.5
_MOST_EVIDENCE = 4
_MOST_WISHES = 4
_LONGEST_NAME = 3
_LEVELS = (Level.LOW, Level.MEDIUM, Level.HIGH)
_REPLY = re.compile(r"^(?:\s*(?:re|aw|antw|fwd?|wg|tr|rv|sv|回复|答复|转发)\s*[:：])+", re.IGNORECASE)


@dataclass(frozen=True)
class _Said:
    """What one sentence says: a score for each intent, and the words behind it."""

    scores: dict[str, float]
    found: dict[str, Feature]
    written: dict[str, list[str]]  # the patterns found, in the customer's words


class Voice:
    """How one language puts the intents: its patterns and what its phrases teach."""

    def __init__(self, words: Lexicon, learned: Learned | None = None) -> None:
        self.words = words
        self.learned = learned or Learned.of(words)
        self.mood = Mood(words)
        self._strong = Patterns(words.strong, words.same, gap=2)
        self._hints = Patterns(words.hints, words.same, gap=0)
        self._against = Patterns(words.unless, words.same, gap=0)
        self._polite = frozenset(
            token for key in ("thanks", "greetings") for text in words.names.get(key, ()) for token in tokens(text)
        )

    def said(self, sentence: str) -> _Said:
        """What a sentence says."""
        words = tokens(sentence)
        found = self.learned.features(sentence)
        learned = (_LEARNED * score for score in self.learned.scores(found))
        scores = dict(zip(self.learned.intents, learned, strict=True))
        written: dict[str, list[str]] = {}
        for source, value, most in ((self._strong, _STRONG, 2), (self._hints, _HINT, 3), (self._against, -_AGAINST, 2)):
            counted: dict[str, list[str]] = {}
            for one in source.found(words):
                counted.setdefault(one.key, []).append(one.written)
            for intent, texts in counted.items():
                scores[intent] = scores.get(intent, 0.0) + value * min(len(texts), most)
                if value > 0:
                    written.setdefault(intent, []).extend(texts)
        return _Said(scores, found, written)

    def is_polite(self, sentence: str) -> bool:
        """Whether a sentence is mere politeness, as "Hello", "Thanks in advance" and "Thank you, Ann Lee" are."""
        words = sentence.split()
        said = [word for word in words if not self._is_polite_word(word)]
        # What is left may be a name, when politeness comes before it.
        return not said or (words[: -len(said)] != [] and words[-len(said) :] == said and _may_be_name(said))

    def _is_polite_word(self, word: str) -> bool:
        return all(token in self._polite for token in tokens(word))


def _may_be_name(words: list[str]) -> bool:
    return len(words) <= _LONGEST_NAME and all(word[0].isupper() and word.strip(".,").isalpha() for word in words)


@cache
def voice(language: str) -> Voice:
    """The shipped words of a language, made ready once."""
    return Voice(lexicon(language), shipped(language))


class PhraseClassifier:
    """Hears what a mail wants, in the words of its language or of the nearest that we have."""

    name = "phrases"

    def __init__(self, voices: Mapping[str, Callable[[], Voice]]) -> None:
        self._voices = voices

    @classmethod
    def shipped(cls) -> Self:
        """With the phrases of this package; those of a language are made ready when its first mail comes."""
        return cls({language: partial(voice, language) for language in languages()})

    def classify(self, subject: str, own_words: str, language: str, order: OrderView | None) -> Judgement:
        """All that a mail wants, the wish that counts most first."""
        known = language in self._voices
        near = language if known else NEAREST.get(language, "en")
        heard = self._voices.get(near, self._voices["en"])()
        said = _listen(heard, subject, own_words)
        scores = _together(said, leaning(order))
        wishes = _wishes(heard, said, scores, order)
        if not known:
            wishes = tuple(replace(wish, level=min(wish.level, Level.MEDIUM, key=_LEVELS.index)) for wish in wishes)
        urgency, sentiment = heard.mood.judge(f"{subject}\n{own_words}", wishes[0].intent)
        likeliest = sorted(_shares(scores).items(), key=lambda pair: -pair[1])[:3]
        top = tuple((intent, round(share, 3)) for intent, share in likeliest)
        return Judgement(wishes, top, urgency, sentiment)


def _listen(heard: Voice, subject: str, own_words: str) -> list[_Said]:
    """What each sentence says; politeness, and the subject of a reply, are heard only where nothing else is said."""
    body = _telling(heard, clauses(own_words))
    if body and _REPLY.match(subject):
        return [heard.said(part) for part in body]
    title = clauses(_REPLY.sub("", subject))
    return [heard.said(part) for part in [*_telling(heard, title), *body] or [*title, *clauses(own_words)]]


def _telling(heard: Voice, parts: list[str]) -> list[str]:
    return [part for part in parts if not heard.is_polite(part)]


def _together(said: list[_Said], leans: Mapping[str, float]) -> dict[str, float]:
    """The score of each intent in the whole mail: its plainest sentence, and a part of the others that agree."""
    scores: dict[str, float] = {}
    for intent in {intent for one in said for intent in one.scores}:
        values = sorted((one.scores.get(intent, 0.0) for one in said), reverse=True)
        more = sum(value for value in values[1:4] if value > 0)
        scores[intent] = values[0] + _MORE_SENTENCES * more + leans.get(intent, 0.0)
    # One sentence about a shop's matter is enough for a mail that is about it.
    scores[OTHER] = _OTHER + sum(one.scores.get(OTHER, 0.0) for one in said) / max(1, len(said))
    return scores


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as shares of 1."""
    best = max(scores.values())
    heat = {intent: math.exp((score - best) / _HEAT) for intent, score in scores.items()}
    total = sum(heat.values())
    return {intent: value / total for intent, value in heat.items()}


def _wishes(heard: Voice, said: list[_Said], scores: Mapping[str, float], order: OrderView | None) -> tuple[Wish, ...]:
    """The likeliest wish and those that some sentence plainly holds beside it, in their precedence."""
    shares = _shares(scores)
    first, *others = sorted(shares, key=lambda intent: -shares[intent])
    plain = _plainest(said)
    more = [one for one in others if plain.get(one, 0.0) >= _APPLIES and OTHER not in (one, first)]
    chosen: dict[str, Wish] = {}
    for intent in [first, *more][:_MOST_WISHES]:
        sure = shares[intent] if intent == first else plain[intent]
        level = _level(sure, scores[intent], intent)
        wish = Wish(in_truth(intent, order), round(min(sure, 0.99), 3), level, _evidence(heard, said, intent))
        chosen.setdefault(wish.intent, wish)
    return tuple(chosen[one] for one in in_precedence(chosen))


def _plainest(said: list[_Said]) -> dict[str, float]:
    """How likely each intent is in the sentence that says it most plainly."""
    plain: dict[str, float] = {}
    for one in said:
        for intent, share in _shares({OTHER: _OTHER, **one.scores}).items():
            plain[intent] = max(plain.get(intent, 0.0), share)
    return plain


def _level(sure: float, score: float, intent: str) -> Level:
    if intent == OTHER or sure < _MEDIUM:
        return Level.LOW
    return Level.HIGH if sure >= _HIGH and score >= _PLAIN else Level.MEDIUM


def _evidence(heard: Voice, said: list[_Said], intent: str) -> tuple[str, ...]:
    """The words behind a wish: whole patterns first, then the single words that speak most for it."""
    patterns = [text for one in said for text in one.written.get(intent, ())]
    plainest = max(said, key=lambda one: one.scores.get(intent, 0.0), default=None)
    telling = sorted(heard.learned.telling(plainest.found, intent), reverse=True) if plainest else []
    patterns.sort(key=len, reverse=True)
    evidence: list[str] = []
    for text in [*patterns, *(text for _, text in telling)]:
        if len(evidence) < _MOST_EVIDENCE and not any(text in other or other in text for other in evidence):
            evidence.append(text)
    return tuple(evidence)
