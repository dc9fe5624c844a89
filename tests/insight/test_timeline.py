"""One customer's story, from every table that knows of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.errors import NotFound
from mailer.insight.timeline import HappeningKind, timeline
from mailer.model import (
    Choice,
    Compensation,
    Consent,
    Incident,
    IncidentKind,
    Note,
    Order,
    Rating,
    Refund,
    ReturnRequest,
    Review,
    Stream,
    Suppression,
    SuppressionCause,
)
from tests.build import ANA, agent, approved
from tests.insight.build import letter

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def a_life(session: Session) -> None:
    """Everything that can happen to a customer, once; and another customer who wrote too."""
    case, _ = approved(session, NOW)
    letter(session, NOW, "somebody else's", sender="ben@customer.test")
    on = {"order_id": case.order}
    late = Incident(key="late", kind=next(iter(IncidentKind)), opened_at=LATER, reason="storm", **on)
    session.add(late)
    session.flush()
    rows = [
        Note(conversation_id=case.conversation, agent_id=agent(session, NOW), text="be kind", written_at=LATER),
        Note(conversation_id=case.conversation, agent_id=1, text="taken back", written_at=LATER, deleted_at=LATER),
        Rating(
            question="satisfaction",
            subject_kind="order",
            subject_id=1,
            address=ANA,
            value=2,
            rated_at=LATER,
            changed_at=LATER,
            **on,
        ),
        Review(address=ANA, product="Shirt", stars=4, words="soft", written_at=LATER, changed_at=LATER, **on),
        Choice(incident_id=late.id or 0, answer="wait", chosen_at=LATER, changed_at=LATER, **on),
        ReturnRequest(address=ANA, requested_at=LATER, changed_at=LATER, **on),
        Refund(external_id="1", amount="9.00", currency="EUR", refunded_at=LATER, **on),
        Compensation(key="k", address=ANA, amount="5", currency="EUR", month="2026-11", given_at=LATER, **on),
        Consent(
            key="c",
            address=ANA,
            stream="marketing",
            granted=True,
            basis="opt_in",
            source="shop",
            given_at=LATER,
            recorded_at=LATER,
        ),
        Suppression(address=ANA, stream=next(iter(Stream)), cause=SuppressionCause.OPT_OUT, since=LATER),
    ]
    session.add_all(rows)
    session.get_one(Order, case.order).canceled_at = LATER


def test_everything_is_told_the_newest_first(db: Database) -> None:
    db.run_here(a_life)
    story = db.read_here(timeline, 1)
    assert {one.kind for one in story} == set(HappeningKind) - {HappeningKind.FLOW_WROTE}
    assert [one.at for one in story] == sorted((one.at for one in story), reverse=True)
    words = " ".join(f"{one.title} {one.detail}" for one in story)
    assert "somebody else" not in words
    assert "taken back" not in words
    assert "be kind" in words
    assert "9.00 EUR" in words
    assert "satisfaction: 2" in words
    assert all(one.link.startswith("/") or not one.link for one in story)


def test_it_goes_on_before_a_moment(db: Database) -> None:
    db.run_here(a_life)
    whole = db.read_here(timeline, 1, limit=200)
    parts = part = db.read_here(timeline, 1, limit=1)
    while part:
        part = db.read_here(timeline, 1, limit=1, before=part[-1].at)
        parts = [*parts, *part]
    assert sorted(parts, key=repr) == sorted(whole, key=repr)


def test_nobody_has_no_story(db: Database) -> None:
    with pytest.raises(NotFound):
        db.read_here(timeline, 77)
