"""A draft whose order changed is drafted anew; a person's own words stay and are approved with the facts of now."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Conversation, ConversationState, Draft, DraftState, Order
from mailer.rendering.catalog import Catalog
from mailer.replies import approve
from mailer.replies.draft import draft_waiting
from mailer.replies.refresh import outdated, refresh
from tests import build

HOUR = timedelta(hours=1)


def delivered(session: Session, now: datetime) -> None:
    """The carrier brings the parcel of Ana's order."""
    parcel = build.parcel(now - 2 * HOUR, "carrier_picked_up", "in_transit", "delivered")
    build.shop_order(session, now, updated_at=now.isoformat(), fulfillments=[parcel])


def drafts(session: Session) -> list[Draft]:
    return list(session.exec(select(Draft).order_by(col(Draft.id))))


def test_a_changed_order_makes_its_draft_stale_and_asks_for_a_new_one(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    db.run_here(delivered, now + HOUR)
    assert db.read_here(outdated, 10) == [asked.draft]
    db.run_here(refresh, [asked.draft], now=now + HOUR)
    [draft] = db.read_here(drafts)
    assert draft.state == DraftState.STALE
    assert "order.state was in_transit, is delivered" in draft.reason
    conversation = db.read_here(lambda session: session.get_one(Conversation, asked.conversation))
    assert conversation.state == ConversationState.NEEDS_ANSWER


def test_news_that_changes_no_fact_leaves_the_draft_and_is_looked_at_once(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    db.run_here(build.shop_order, now + HOUR, updated_at=now.isoformat(), financial_status="refunded")
    assert db.read_here(outdated, 10) == [asked.draft]
    db.run_here(refresh, [asked.draft], now=now + HOUR)
    [draft] = db.read_here(drafts)
    assert draft.state == DraftState.PENDING
    assert db.read_here(outdated, 10) == []


def test_a_person_s_words_are_left_to_the_person(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    version = db.run_here(approve.edit, asked.draft, version=1, text="It comes.", agent_id=asked.agent, now=now)
    db.run_here(delivered, now + HOUR)
    assert db.read_here(outdated, 10) == []
    terms = {"agent_id": asked.agent, "terms": build.TERMS, "now": now + HOUR}
    with pytest.raises(Conflict, match="in_transit, is delivered"):
        db.run_here(approve.approve, asked.draft, version=version, **terms)
    version = db.run_here(
        approve.edit, asked.draft, version=version, text="It came.", agent_id=asked.agent, now=now + HOUR
    )
    assert db.run_here(approve.approve, asked.draft, version=version, **terms) > 0


def test_an_order_that_went_to_another_address_is_not_told_to_the_old_one(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)

    def hand_over(session: Session) -> None:
        session.get_one(Order, asked.order).email = "ben@customer.test"

    db.run_here(hand_over)
    with pytest.raises(Conflict, match="belongs to another address"):
        db.run_here(approve.approve, asked.draft, version=1, agent_id=asked.agent, terms=build.TERMS, now=now + HOUR)


async def test_the_loop_drafts_it_anew(db: Database, clock: FrozenClock) -> None:
    asked = db.run_here(build.asked, clock.now())
    clock.current += HOUR
    db.run_here(delivered, clock.now())
    assert await draft_waiting(db, clock, Catalog(build.TEMPLATES), build.HOUSE)
    old, new = db.read_here(drafts)
    assert (old.id, old.state, new.state) == (asked.draft, DraftState.STALE, DraftState.PENDING)
    assert "delivered" in new.text
