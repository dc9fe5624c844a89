"""A link scanner over every link of a mail: HEAD, GET, prefetch. Nothing is recorded for the customer."""

from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.links import customer_links
from mailer.model import Choice, Consent, Conversation, Event, LinkVisit, Rating, ReturnRequest, Review, Suppression
from mailer.signing import Keys
from tests.feedback.build import bought, late
from tests.web.public.pages import all_of

KEPT = (Rating, Review, Choice, ReturnRequest, Suppression, Consent, Conversation, Event)


def mail_links(session: Session, clock: FrozenClock, keys: Keys) -> dict[str, str]:
    """Every web link of a mail about an order that is late."""
    order = bought(session, clock.now())
    found = customer_links(
        keys,
        "https://mail.shop.test",
        "care@shop.test",
        customer_id=order.customer,
        order_id=order.order,
        incident_id=late(session, order.order, clock.now()),
        conversation_id=None,
        enrollment_id=None,
        kind="feedback",
        now=clock.now(),
    )
    return {name: address for name, address in found.items() if address.startswith("https:")}


SCANS = {
    "HEAD": ("HEAD", {}),
    "GET": ("GET", {}),
    "prefetch": ("GET", {"sec-purpose": "prefetch;prerender"}),
    "purpose": ("GET", {"purpose": "prefetch"}),
    "all": ("GET", {"user-agent": "Mozilla/5.0", "accept-language": "de"}),
}


@pytest.mark.parametrize("scan", SCANS)
async def test_a_scanner_records_nothing(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, scan: str
) -> None:
    addresses = await db.run(mail_links, clock, keys)
    method, headers = SCANS[scan]
    for name, address in addresses.items():
        answer = await customer.request(method, address, headers=headers)
        assert answer.status_code == 200, name
        assert "set-cookie" not in answer.headers
    for kind in KEPT:
        assert await db.read(all_of(kind)) == [], kind.__name__


async def test_the_visits_show_what_was_there(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    addresses = await db.run(mail_links, clock, keys)
    for method, headers in SCANS.values():
        for address in addresses.values():
            await customer.request(method, address, headers=headers)
    visits: dict[str, list[LinkVisit]] = {}
    for visit in await db.read(all_of(LinkVisit)):
        visits.setdefault(visit.purpose, []).append(visit)
    satisfaction = next(visit for visit in visits["rate"] if "GET:5" in visit.seen)
    assert satisfaction.seen == {"HEAD": 5, "prefetch": 10, **{f"GET:{value}": 2 for value in range(1, 6)}}
    assert satisfaction.robot, "every answer was fetched"
    assert visits["unseen"][0].robot
    assert not visits["return"][0].robot


async def test_what_a_robot_sends_is_kept_marked_and_still_seen_by_people(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    addresses = await db.run(mail_links, clock, keys)
    await customer.get(addresses["unseen"])
    await customer.get(addresses["rate_1"])
    clock.current += timedelta(seconds=30)
    await customer.post(addresses["rate_1"].split("?")[0], data={"value": "1"})
    [rating] = await db.read(all_of(Rating))
    assert rating.suspected_robot
    [talk] = await db.read(all_of(Conversation))
    assert "perhaps a robot" in talk.reason


@pytest.mark.parametrize(("seconds", "is_robot"), [(0, True), (1, True), (2, False), (60, False)])
async def test_nobody_reads_and_answers_within_two_seconds(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, seconds: int, is_robot: bool
) -> None:
    addresses = await db.run(mail_links, clock, keys)
    await customer.get(addresses["rate_5"])
    clock.current += timedelta(seconds=seconds)
    await customer.post(addresses["rate_5"].split("?")[0], data={"value": "5"})
    assert [rating.suspected_robot for rating in await db.read(all_of(Rating))] == [is_robot]
