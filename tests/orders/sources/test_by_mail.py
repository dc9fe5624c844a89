"""Orders in the shop's own mails: the same JSON as the API's, from the signed block to the row."""

import json
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.order_block import sign_block
from mailer.inbound.receive import receive_stored
from mailer.inbound.thread import Rules
from mailer.model import Message, MessageState, Order, PayloadState, Shipment, SourcePayload
from mailer.orders.hook import Hooked
from mailer.orders.hooks import take_payloads
from mailer.orders.sources.by_mail import ByMail
from mailer.sources_config import SourceBook, SourceConfig
from tests import build

OWN = frozenset({"care@shop.test"})
SHOP = SourceConfig.model_validate({"kind": "mail", "secrets": "s3cret", "storefront": "nordic"})
BOOK = SourceBook({"shop": SHOP})
RULES = Rules(keys=build.KEYS, order_secrets={"shop": SHOP.keys})


def order(**changes: Any) -> dict[str, Any]:
    told = {"id": 5001, "name": "#1001", "email": "ana@customer.test", "created_at": "2026-11-20T09:00:00+0100"}
    return {**told, **changes}


def read(data: object, config: SourceConfig = SHOP) -> Any:
    return ByMail().read(Hooked("shop", {}, json.dumps(data).encode()), config)


def test_one_order_or_a_list() -> None:
    assert [one.name for one in read(order()).facts] == ["#1001"]
    assert [one.name for one in read([order(), order(name="#1002")]).facts] == ["#1001", "#1002"]


def test_tests_of_the_platform_are_ignored_unless_wanted() -> None:
    assert "test order" in read(order(test=True)).ignored
    assert read([]).ignored == "no order"
    sandbox = SHOP.model_copy(update={"sandbox": True})
    assert [one.test for one in read(order(test=True), sandbox).facts] == [False]


@pytest.mark.parametrize("body", [b"{", b'{"name": "#1"}', b'"order"'])
def test_what_cannot_be_read_says_why(body: bytes) -> None:
    with pytest.raises(InputError):
        ByMail().read(Hooked("shop", {}, body), SHOP)


def test_over_http_nobody_is_believed(now: datetime) -> None:
    source = ByMail()
    assert not source.verify(Hooked("shop", {}, b"{}"), ["s3cret", ""], now)
    assert not source.is_ping(Hooked("shop", {}, b"{}"))


async def arrive(db: Database, clock: FrozenClock, number: int, payload: object) -> None:
    """The shop's mail comes, is read, and its payload taken."""
    block = sign_block("shop", json.dumps(payload).encode(), "s3cret")
    raw = build.mail_bytes(f"A new order\r\n\r\n{block}\r\n", To="care@shop.test", Message_ID=f"<{number}@shop.test>")
    await db.run(lambda session: build.raw_mail(session, clock.now(), raw, uid=number))
    while await receive_stored(db, clock, OWN, rules=RULES):
        pass
    while await take_payloads(db, clock, BOOK):
        pass


async def test_a_shop_without_public_address_tells_its_orders(db: Database, clock: FrozenClock) -> None:
    assert Ourselves(OWN)
    await arrive(db, clock, 1, order())
    shipped = order(
        updated_at="2026-11-21T10:00:00+0100",
        fulfillments=[{"id": 88, "status": "success", "tracking_company": "DHL", "tracking_number": "JD014"}],
    )
    for number in (2, 3):
        await arrive(db, clock, number, shipped)
    rows = await db.read(lambda session: session.exec(select(Order)).all())
    assert [(row.number, row.source, row.storefront) for row in rows] == [("#1001", "shop", "nordic")]
    (parcel,) = await db.read(lambda session: session.exec(select(Shipment)).all())
    assert (parcel.carrier, parcel.tracking_number) == ("DHL", "JD014")
    payloads = await db.read(lambda session: session.exec(select(SourcePayload)).all())
    assert [(row.kind, row.state) for row in payloads] == [("mail", PayloadState.TAKEN)] * 2
    mails = await db.read(lambda session: session.exec(select(Message)).all())
    assert {mail.state for mail in mails} == {MessageState.AUTOMATED}


async def test_an_order_that_cannot_be_read_is_kept_with_its_reason(db: Database, clock: FrozenClock) -> None:
    await arrive(db, clock, 1, {"name": "#1001"})
    (payload,) = await db.read(lambda session: session.exec(select(SourcePayload)).all())
    assert payload.state == PayloadState.UNREADABLE
    assert "email: missing" in payload.reason
