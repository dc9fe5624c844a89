"""May it go now? The order of the questions, and what is read to answer them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.model import Delivery, MessageState
from mailer.outbound.guard import Expire, Go, Standing, Verdict, Withhold, judge, standing_of
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CHANGES = ("order.state was in_transit, is delivered", "parcels.0.carrier was DHL, is unknown")


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        (Standing(None), Go()),
        (Standing(NOW + SECOND), Go()),
        (Standing(NOW), Go()),
        (Standing(NOW - SECOND), Expire("the relay did not take it in its time")),
        (Standing(None, newer_mail=True), Withhold("the customer wrote again before it left")),
        (
            Standing(None, changed_facts=CHANGES),
            Withhold(f"the facts changed before it left: {CHANGES[0]}; {CHANGES[1]}"),
        ),
        (Standing(None, True, CHANGES), Withhold("the customer wrote again before it left")),
        (Standing(NOW - SECOND, True, CHANGES), Expire("the relay did not take it in its time")),
    ],
)
def test_the_first_reason_against_it_decides(standing: Standing, verdict: Verdict) -> None:
    assert judge(standing, NOW) == verdict


def standing(db: Database, delivery_id: int) -> Standing:
    return db.read_here(lambda session: standing_of(session, session.get_one(Delivery, delivery_id)))


def test_what_nobody_overtook_stands_well(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    found = standing(db, delivery_id)
    assert (found.newer_mail, found.changed_facts) == (False, ())
    assert found.expires_at == now + 12 * SECOND + timedelta(hours=48)


@pytest.mark.parametrize(
    ("state", "newer"),
    [(MessageState.TRIAGED, True), (MessageState.RECEIVED, True), (MessageState.AUTOMATED, False)],
)
def test_a_newer_mail_is_seen_as_soon_as_it_is_received(
    db: Database, now: datetime, state: MessageState, newer: bool
) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, state=state)
    assert standing(db, delivery_id).newer_mail is newer


def test_a_mail_in_another_conversation_is_none_of_its_business(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now)
    assert standing(db, delivery_id).newer_mail is False


def test_changed_facts_are_said_in_words(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.shop_order, now, updated_at=now.isoformat(), cancelled_at=now.isoformat())
    assert "order.state was in_transit, is canceled" in standing(db, delivery_id).changed_facts


def test_a_delivery_without_a_draft_knows_its_expiry_only(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)

    def verb(session: Session) -> None:
        build.delivery(session, delivery_id).draft_id = None

    db.run_here(verb)
    assert standing(db, delivery_id) == Standing(now + 12 * SECOND + timedelta(hours=48))
