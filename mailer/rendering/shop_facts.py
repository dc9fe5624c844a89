"""What the shop says of itself in config.toml: kept as rows with their times, and read as facts.

A value that differs by language is a table by language; one that differs by country is a table by country, "EU" and
"*". Both are resolved here, so that a template finds one value under one path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from mailer.calendars import parse_zone
from mailer.db import insert_once
from mailer.model import ShopFact
from mailer.offers_config import OffersConfig
from mailer.rendering.fact import Fact, Turn, Value
from mailer.rendering.hosts import hosts_of
from mailer.shop_config import Shop as ShopConfig

_EU = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV"}
    | {"MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)
_BY_REGION = frozenset({"returns", "shipping", "customs"})
_SOURCE = "config.toml [shop]"
_MOST_OFFERS = 3
_NOT_FACTS = frozenset({"zone", "language", "address", "promise_hours"})


@dataclass(frozen=True)
class ShopBook:
    """The rows of [shop] as they read at a moment, in a language."""

    rows: Mapping[str, ShopFact]
    language: str
    now: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the shop's days begin and end."""
        return parse_zone(self.get("zone") or "UTC")

    @property
    def today(self) -> date:
        """The day in the shop's zone."""
        return self.day(self.now)

    def day(self, moment: datetime) -> date:
        """The day of a moment in the shop's zone."""
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The moment at which a day of the shop begins."""
        return datetime.combine(day, time(), self.zone)

    def get(self, key: str) -> Any:
        """A value of [shop] as it stands there; None when it does not."""
        row = self.rows.get(key)
        return row.value if row else None

    def words(self, value: Any) -> Any:
        """A value that may differ by language, in the best one."""
        if not isinstance(value, dict):
            return value
        house = self.get("language") or "en"
        parents = (self.language, self.language.split("-")[0], house, house.split("-")[0], "en")
        return next((value[one] for one in parents if value.get(one)), next(iter(value.values()), None))

    @cached_property
    def link_hosts(self) -> frozenset[str]:
        """Where links and pictures that others name may lead: the shop's own hosts, and those that it trusts."""
        own = {path: row.value for path, row in self.rows.items()}
        return frozenset((*hosts_of(own), *(self.get("link_hosts") or ())))

    def fact(self, path: str, key: str, value: Value) -> Fact:
        """A fact that rests on this key of [shop]."""
        row = self.rows.get(key)
        return Fact(path, value, row.source if row else "default", row.changed_at if row else self.now)

    def table(self, name: str, country: str | None) -> tuple[str, Any] | None:
        """Key and value of the table that holds for a country: its own, else the EU's, else everybody's."""
        for region in regions(country):
            if (value := self.get(f"{name}.{region}")) is not None:
                return region, value
        return None


def regions(country: str | None) -> list[str]:
    """The names under which config.toml may tell of a country, the closest first."""
    own = [country] if country else []
    return [*own, *(["EU"] if country in _EU else []), "*"]


def sync_shop_facts(session: Session, shop: ShopConfig, offers: OffersConfig | None = None, *, now: datetime) -> int:
    """Keep what [shop] says now; how many values are others. What stayed as it was keeps its time.

    A value that is gone stays as a row of none, so that drafts that rest on it are seen to be older.
    """
    known = {row.path: row for row in session.exec(select(ShopFact).with_for_update())}
    told = dict(_rows(shop.model_dump(mode="json", exclude_none=True)))
    if offers is not None and shop.compensation:
        told |= {"compensation.days": offers.period.days, "compensation.budget": offers.budget}
    changed = [path for path in {**known, **told} if path not in known or known[path].value != told.get(path)]
    for path in changed:
        row = ShopFact(path=path, value=told.get(path), source=_SOURCE, changed_at=now)
        # Two workers may start at once.
        if path in known or not insert_once(session, row):
            session.merge(row)
    session.flush()
    return len(changed)


def _rows(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """One row for each key, and one for each region of the tables by region."""
    for key, value in settings.items():
        if key in _BY_REGION:
            yield from ((f"{key}.{region}", one) for region, one in value.items())
        elif value not in (None, [], {}):
            yield key, value


def read_shop(session: Session, language: str, *, now: datetime) -> ShopBook:
    """What the shop says of itself now."""
    return ShopBook({row.path: row for row in session.exec(select(ShopFact))}, language, now)


def shop_facts(shop: ShopBook, country: str | None) -> Iterator[Fact]:
    """Everything under `shop.`, `shipping.`, `customs.`, `offers.` and `size_table.`; `formal` too."""
    yield shop.fact("formal", "address", shop.get("address") != "informal")
    yield from _plain(shop)
    yield from _returns(shop, country)
    yield from _shipping(shop, country)
    yield from _customs(shop, country)
    yield from _offers(shop)
    yield from _list(shop, "size_table", "size_table", shop.get("size_table") or ())


def shop_turns(shop: ShopBook, country: str | None) -> Iterator[Turn]:
    """When offers begin and end, and when other customs rules hold."""
    moments = [one[name] for one in _told_offers(shop) for name in ("starts", "ends")]
    for moment in moments:
        if moment > shop.now:
            yield from (Turn(f"offers.*.{name}", moment) for name in _OFFER)
    _, rules = shop.table("customs", country) or ("", ())
    for rule in rules:
        begin = shop.start_of(date.fromisoformat(rule["valid_from"]))
        if begin > shop.now:
            yield from (Turn(f"customs.{name}", begin) for name in ("paid_by", "seen_low", "seen_high"))


def _plain(shop: ShopBook) -> Iterator[Fact]:
    for key, row in shop.rows.items():
        value = shop.words(row.value)
        if key in _NOT_FACTS or "." in key or value is None:
            continue
        if key == "payment_methods":
            yield shop.fact("shop.payment_methods", key, ", ".join(str(shop.words(one)) for one in value))
        elif isinstance(value, str | int):
            yield shop.fact(f"shop.{key}", key, value)


_RETURNS = {
    "days": "return_days",
    "form_url": "return_form_url",
    "paid_by": "return_paid_by",
    "address": "return_address",
    "keep_below": "keep_below",
}


def _returns(shop: ShopBook, country: str | None) -> Iterator[Fact]:
    """Each rule from the closest region that has it: an address of the EU beside the days of everybody."""
    for name, path in _RETURNS.items():
        if found := return_rule(shop, country, name):
            region, value = found
            yield shop.fact(f"shop.{path}", f"returns.{region}", value)


def return_rule(shop: ShopBook, country: str | None, name: str) -> tuple[str, Any] | None:
    """Region and value of one rule for returns."""
    for region in regions(country):
        value = (shop.get(f"returns.{region}") or {}).get(name)
        if value is not None:
            return region, shop.words(value)
    return None


def _shipping(shop: ShopBook, country: str | None) -> Iterator[Fact]:
    found = shop.table("shipping", country)
    if found is None:
        return
    region, methods = found
    # What holds for everybody says nothing of this country.
    if country and region != "*":
        yield shop.fact("shipping.country", f"shipping.{region}", country)
    currency = shop.get("currency")
    known = [{"currency": currency, **method} for method in methods]
    yield from _list(shop, f"shipping.{region}", "shipping.methods", known)


def _customs(shop: ShopBook, country: str | None) -> Iterator[Fact]:
    region, rules = shop.table("customs", country) or ("", ())
    begun = [rule for rule in rules if date.fromisoformat(rule["valid_from"]) <= shop.today]
    if not begun:
        return
    newest = max(begun, key=lambda rule: str(rule["valid_from"]))
    if country:
        yield shop.fact("customs.country", f"customs.{region}", country)
    for name in ("paid_by", "seen_low", "seen_high"):
        if newest.get(name) is not None:
            yield shop.fact(f"customs.{name}", f"customs.{region}", newest[name])


_OFFER = ("name", "discount", "benefit", "benefit2", "url", "ends_on")


def _offers(shop: ShopBook) -> Iterator[Fact]:
    running = [one for one in _told_offers(shop) if one["starts"] <= shop.now < one["ends"]]
    best = running[:_MOST_OFFERS]
    yield from _list(shop, "offers", "offers", [{name: one.get(name) for name in _OFFER} for one in best])


def _told_offers(shop: ShopBook) -> Sequence[Mapping[str, Any]]:
    return [_with_moments(shop, one) for one in shop.get("offers") or ()]


def _with_moments(shop: ShopBook, offer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An offer with the moments of its begin and end."""
    begin = _moment(shop.zone, offer.get("starts") or "1970-01-01", last=False)
    end = _moment(shop.zone, offer["ends"], last=True)
    last_day = shop.day(end - timedelta(seconds=1)).isoformat()
    benefits = dict(zip(("benefit", "benefit2"), offer.get("benefits") or (), strict=False))
    return {**offer, **benefits, "starts": begin, "ends": end, "ends_on": last_day}


def _moment(zone: ZoneInfo, text: str, *, last: bool) -> datetime:
    """What a date or time of config.toml means: a bare date begins with its day, or ends with it."""
    if "T" not in text:
        day = date.fromisoformat(text) + timedelta(days=1 if last else 0)
        return datetime.combine(day, time(), zone)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _list(shop: ShopBook, key: str, path: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
    for position, entry in enumerate(entries):
        for name, value in entry.items():
            if (said := shop.words(value)) is not None:
                yield shop.fact(f"{path}.{position}.{name}", key, said)
