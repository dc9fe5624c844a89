"""How the shipped phrases tell our own mails apart: `python -m tests.triage.measure` prints the figures and each miss.

These mails were made up by us, so the figures guard against breakage; they do not measure quality. Mail that nobody
here wrote does (benchmarks and the evaluation sets, which stay outside of the repository).
"""

from dataclasses import dataclass

from mailer.model import Level
from mailer.triage.phrases import PhraseClassifier
from tests.triage.mails import ASKING, NOT_ASKING

# Asking after an order is one wish in two coats: the order's state tells them apart better than words.
_AFTER_AN_ORDER = {"order_status", "delivery_delay"}


@dataclass(frozen=True)
class Figures:
    """The mails that were missed, and those taken for what they are not."""

    missed: list[tuple[str, str]]
    mistaken: list[tuple[str, str]]

    @property
    def recall(self) -> float:
        return 1 - len(self.missed) / len(ASKING)

    @property
    def mistakes(self) -> float:
        return len(self.mistaken) / len(NOT_ASKING)


def measure() -> Figures:
    """Judge all mails. What is taken for another wish counts as a mistake only when it is said to be sure."""
    classifier = PhraseClassifier.shipped()

    def asks(mail: tuple[str, str], *, surely: bool) -> bool:
        first = classifier.classify(*mail, "en", None).first
        return first.intent in _AFTER_AN_ORDER and (first.level == Level.HIGH or not surely)

    missed = [mail for mail in ASKING if not asks(mail, surely=False)]
    return Figures(missed, [mail for mail in NOT_ASKING if asks(mail, surely=True)])


if __name__ == "__main__":
    figures = measure()
    print(f"recall {figures.recall:.2f} of {len(ASKING)}, mistaken {figures.mistakes:.2f} of {len(NOT_ASKING)}")
    for title, mails in (("missed", figures.missed), ("mistaken", figures.mistaken)):
        for mail in mails:
            print(f"{title}: {mail}")
