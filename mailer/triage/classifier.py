"""What every classifier promises, what it is told of the order, and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailer.model import Intent, Level

OTHER = Intent.OTHER.value


@dataclass(frozen=True)
class OrderView:
    """What of an order bears on what its customer may want."""

    state: str  # not_shipped, in_transit, delivered or canceled
    placed_at: datetime | None = None
    days_out: int | None = None  # since it left us; since it was placed while it has not
    late: bool = False
    delivered_days: int | None = None  # since it came


@dataclass(frozen=True)
class Wish:
    """One thing that a mail wants, how sure we are (0 to 1), and the words that decided it."""

    intent: str
    confidence: float
    level: Level
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """All that a mail wants, the wish that counts most first; "other" when there is none."""

    wishes: tuple[Wish, ...]
    # The three likeliest intents, whether they apply or not.
    top: tuple[tuple[str, float], ...] = ()
    urgency: str = "normal"  # low, normal or high
    sentiment: str = "neutral"  # negative, neutral or positive

    @property
    def first(self) -> Wish:
        """The wish that the answer begins with."""
        return self.wishes[0]

    @property
    def intents(self) -> tuple[str, ...]:
        """Everything that it wants, the first one first."""
        return tuple(wish.intent for wish in self.wishes)


class Classifier(Protocol):
    """Judges a mail by its words and its order; pure, and quick enough to run within a transaction (under 5 ms)."""

    @property
    def name(self) -> str: ...

    def classify(self, subject: str, own_words: str, language: str, order: OrderView | None) -> Judgement: ...
