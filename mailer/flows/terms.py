"""What flows need of the shop: who writes, where links lead, whose days and zones count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self
from zoneinfo import ZoneInfo

from mailer.calendars import parse_zone
from mailer.config import Settings
from mailer.hours import Calendar
from mailer.offers.compensation import OfferTerms
from mailer.outbound.canary import CanaryTerms
from mailer.outbound.catch_up import CatchUpTerms
from mailer.outbound.consent import ConsentTerms
from mailer.signing import Keys
from mailer.sources_config import SourceBook


@dataclass(frozen=True)
class Terms:
    """As config.toml says; `senders` are address and name by their section, `sender` the section of replies."""

    keys: Keys
    shop: str
    zone: ZoneInfo
    language: str
    senders: Mapping[str, tuple[str, str]]
    sender: str
    calendar: Calendar
    # The country of the storefront: what is "home" to a flow.
    country: str = ""
    public_url: str = ""
    formal: bool = True
    give_up_after: timedelta = timedelta(hours=48)
    # An Event that we heard of later than this after it happened lets nobody in: it is history.
    enroll_within: timedelta = timedelta(days=7)
    consent: ConsentTerms = field(default_factory=ConsentTerms)
    sources: SourceBook = field(default_factory=SourceBook)
    canary: CanaryTerms = field(default_factory=lambda: CanaryTerms(first=0))
    catch_up: CatchUpTerms = field(default_factory=lambda: CatchUpTerms(after=timedelta()))
    per_hour: int = 0
    # What gives coupons and compensation; without it neither is given.
    offers: OfferTerms | None = None

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As config.toml says."""
        shop = settings.shop
        return cls(
            keys=keys,
            shop=shop.name,
            zone=parse_zone(shop.zone),
            language=shop.language,
            senders={name: (one.address, one.name) for name, one in settings.senders.items()},
            sender=settings.replies.sender,
            calendar=settings.flows.business_days(settings.calendars, parse_zone(shop.zone)),
            country=shop.country or "",
            public_url=settings.web.public_url,
            formal=shop.address == "formal",
            give_up_after=settings.outbound.give_up_after,
            enroll_within=settings.flows.enroll_within,
            consent=ConsentTerms.of(settings),
            sources=SourceBook(settings.sources, settings.inbound.relays),
            canary=CanaryTerms.of(settings),
            catch_up=CatchUpTerms.of(settings),
            per_hour=settings.outbound.automatic_per_hour,
            offers=OfferTerms.of(settings, keys),
        )

    def is_home(self, country: str | None) -> bool:
        """Whether a destination lies in the storefront's own country; what is not known is not abroad."""
        return not country or not self.country or country.upper() == self.country.upper()

    def sender_of(self, wanted: str, otherwise: str = "") -> tuple[str, str]:
        """Address and name of the flow's sender, else of the template's, else of replies."""
        return next(self.senders[name] for name in (wanted, otherwise, self.sender) if name in self.senders)
