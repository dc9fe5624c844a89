"""What every classifier promises, and what it answers."""

from dataclasses import dataclass
from typing import Protocol

from mailer.model import Level

OTHER = "other"


@dataclass(frozen=True)
class Judgement:
    """What a mail wants, how sure we are (0 to 1), and the words that decided it."""

    intent: str
    confidence: float
    level: Level
    evidence: tuple[str, ...] = ()


class Classifier(Protocol):
    """Judges a mail by its words; pure, and quick enough to run within a transaction (under 1 ms)."""

    @property
    def name(self) -> str: ...

    def classify(self, subject: str, own_words: str) -> Judgement: ...
