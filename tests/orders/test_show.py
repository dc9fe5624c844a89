"""One order in words, with all that may be known and with as little."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from mailer.errors import NotFound
from mailer.orders.ingest import ingest
from mailer.orders.show import order_text
from mailer.orders.source import parse_payload
from tests.orders.payloads import a_parcel, a_scan, an_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_all_that_is_known_is_told(session: Session) -> None:
    scans = (
        a_scan(1, "in_transit", "06T08:00", estimated_delivery_at="2026-11-10T18:00:00Z"),
        a_scan(2, "delayed", "08T08:00", city="Leipzig", country="DE", message="Snow"),
    )
    payload = an_order(fulfillments=[a_parcel(*scans)], cancelled_at="2026-11-09T10:00:00Z")
    ingest(session, parse_payload(payload), source="shopify", storefront="main", now=NOW)
    assert order_text(session, " 1001 ").splitlines() == [
        "#1001  placed 2026-11-02 08:00  59.00 EUR paid",
        "  Ana Silva  ana@example.com  DE",
        "  canceled 2026-11-09 10:00",
        "  from shopify, last changed there 2026-11-09 10:00",
        "  1 x Linen shirt M (LS-M)",
        "  parcel DHL JD014: delayed since 2026-11-08 08:00",
        "    expected on 2026-11-10",
        "    last scan 2026-11-08 08:00: delayed  Leipzig, DE  Snow",
    ]


def test_little_is_told_when_little_is_known(session: Session) -> None:
    payload = {"name": "7", "email": "a@b.example", "created_at": "2026-11-02T08:00:00Z"}
    ingest(session, parse_payload({**payload, "fulfillments": [{"status": "open"}]}), now=NOW)
    assert order_text(session, "#7").splitlines() == [
        "7  placed 2026-11-02 08:00",
        "  a@b.example",
        "  from api, last changed there 2026-11-02 08:00",
        "  parcel without number: label",
    ]


def test_a_number_of_another_storefront_is_not_found(session: Session) -> None:
    ingest(session, parse_payload(an_order()), storefront="japan", now=NOW)
    with pytest.raises(NotFound, match='no order "1001" in storefront "main"'):
        order_text(session, "1001")
