"""What is written next: a deck of cards that deals every intent before it repeats one, in all languages in turn."""

import random
from collections.abc import Collection
from dataclasses import dataclass

from mailer.demo.people import LANGUAGES
from mailer.model import Intent

# Mails that are no plain wish of an honest customer about their own order.
SECOND = "second_mail"
SITUATIONS = (
    "several_wishes", SECOND, "wrong_number", "stranger", "forged", "several_from", "unreadable",
)  # fmt: skip
ABOUT = (*(intent.value for intent in Intent), *SITUATIONS)
# How a mail looks. Half of them are plain text.
MANNERS = ("plain", "html", "plain", "charset", "plain", "quoted")


@dataclass(frozen=True)
class Card:
    """One mail to write: about what (an intent or a situation), in which language, and how it looks."""

    about: str
    language: str
    manner: str


class Deck:
    """Deals cards for ever. A round holds every intent and situation once; in five rounds each is in every language."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rounds = 0
        self._left: list[Card] = []

    def deal(self, not_now: Collection[str] = ()) -> Card:
        """The next card; those that cannot be played now stay for later."""
        if all(card.about in not_now for card in self._left):
            self._left += self._round()
        card = next(card for card in self._left if card.about not in not_now)
        self._left.remove(card)
        return card

    def _round(self) -> list[Card]:
        cards = [
            Card(about, LANGUAGES[(position + self._rounds) % len(LANGUAGES)], MANNERS[position % len(MANNERS)])
            for position, about in enumerate(ABOUT)
        ]
        self._rounds += 1
        self._chance.shuffle(cards)
        second = next(card for card in cards if card.about == SECOND)
        cards.remove(second)
        # While the first mail waits for its answer.
        cards.insert(1 + [card.about for card in cards].index(Intent.ORDER_STATUS), second)
        return cards
