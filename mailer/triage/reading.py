"""Everything that a mail tells, in one look: language, wishes, mood, numbers, details. Pure, as its parts are."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailer.triage.details import Details, Ware
from mailer.triage.language import detect
from mailer.triage.lexicon import NEAREST, languages, lexicon
from mailer.triage.tracking import tracking_numbers


@dataclass(frozen=True)
class Reading:
    """What a mail names and in which language; its wishes are the classifier's."""

    language: str | None
    tracking_number: str | None
    entities: dict[str, Any]


def read_mail(subject: str, own_words: str, wares: Iterable[Ware] = ()) -> Reading:
    """Read the customer's own words; what they quote does not count."""
    language = detect(subject, own_words)
    parcels = tracking_numbers(f"{subject}\n{own_words}"[:50_000])
    found = _details(language or "en").find(subject, own_words, wares)
    return Reading(language, next(iter(parcels), None), found)


@cache
def _details(language: str) -> Details:
    return Details(lexicon(language if language in languages() else NEAREST.get(language, "en")))
