"""Every report by its key: what the page shows, what CSV gives, what the digest picks from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.insight import causes, drafting, quality, response, satisfaction, shipping, volume, warning
from mailer.insight.sheet import Filters, Sheet
from mailer.model import Conversation, Order

Report = Callable[[Session, Filters, datetime], Sheet]

REPORTS: dict[str, Report] = {
    "clocks": lambda session, filters, now: response.clocks(session, filters, now=now),
    "days": lambda session, filters, _: response.by_day(session, filters),
    "backlog": lambda session, filters, now: response.backlog(session, filters, now=now),
    "intents": lambda session, filters, _: volume.by_intent(session, filters),
    "languages": lambda session, filters, _: volume.by_language(session, filters),
    "products": lambda session, filters, _: volume.by_product(session, filters),
    "countries": lambda session, filters, _: volume.by_country(session, filters),
    "templates": lambda session, filters, now: drafting.by_template(session, filters, now=now),
    "quality": lambda session, filters, _: quality.by_template(session, filters),
    "faults": lambda session, filters, _: drafting.by_fault(session, filters),
    "satisfaction": lambda session, filters, _: satisfaction.by_question(session, filters),
    "satisfaction-weeks": lambda session, filters, _: satisfaction.by_week(session, filters),
    "reviews": lambda session, filters, _: satisfaction.reviews(session, filters),
    "shipping": lambda session, filters, now: shipping.cohorts(session, filters, now=now),
    "routes": lambda session, filters, _: shipping.ways(session, filters),
    "returns": lambda session, filters, _: causes.by_product(session, filters),
    "warnings": lambda session, _, now: warning.sheet(session, now=now),
}

# The parts of the page, each with its reports.
PARTS: dict[str, tuple[str, ...]] = {
    "answers": ("clocks", "days", "backlog"),
    "volume": ("intents", "languages", "countries", "products"),
    "drafts": ("templates", "faults", "quality"),
    "satisfaction": ("satisfaction", "satisfaction-weeks", "reviews"),
    "shipping": ("shipping", "routes"),
    "products": ("warnings", "returns", "reviews"),
}


@dataclass(frozen=True)
class Choices:
    """What the filters offer."""

    languages: Sequence[str]
    countries: Sequence[str]
    storefronts: Sequence[str]


def choices(session: Session) -> Choices:
    """The languages, countries and storefronts that there are."""
    languages = session.exec(select(Conversation.language).where(col(Conversation.language).is_not(None)).distinct())
    countries = session.exec(select(Order.country).where(col(Order.country).is_not(None)).distinct())
    storefronts = session.exec(select(Conversation.storefront).distinct())
    return Choices(*(sorted(one for one in found.all() if one) for found in (languages, countries, storefronts)))
