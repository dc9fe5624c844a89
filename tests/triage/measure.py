"""How well the shipped phrases tell mails apart: `python -m tests.triage.measure` prints the figures and each miss."""

from dataclasses import dataclass

from mailer.model import Level
from mailer.triage.phrases import PhraseClassifier
from tests.triage.mails import ASKING, NOT_ASKING


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
    """Judge all mails. Only what leads to a draft counts: a judgement of low level goes to a person."""
    classifier = PhraseClassifier.shipped()

    def asks(mail: tuple[str, str]) -> bool:
        judgement = classifier.classify(*mail)
        return judgement.intent == "order_status" and judgement.level != Level.LOW

    return Figures([mail for mail in ASKING if not asks(mail)], [mail for mail in NOT_ASKING if asks(mail)])


if __name__ == "__main__":
    figures = measure()
    print(f"recall {figures.recall:.2f} of {len(ASKING)}, mistaken {figures.mistakes:.2f} of {len(NOT_ASKING)}")
    for title, mails in (("missed", figures.missed), ("mistaken", figures.mistaken)):
        for mail in mails:
            print(f"{title}: {mail}")
