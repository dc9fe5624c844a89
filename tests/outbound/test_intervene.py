"""What a person may do to a delivery, and what not."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    ConversationState,
    DeliveryState,
    DraftState,
    SendAnyway,
    Stream,
    SuppressionCause,
)
from mailer.outbound.deliver import claim
from mailer.outbound.hold import hold_address
from mailer.outbound.intervene import cancel_delivery, retry, send_anyway
from mailer.outbound.outcome import Cause, Outcome, Refused
from mailer.outbound.settle import expire, settle
from mailer.outbound.suppress import suppress
from mailer.outbound.view import OPEN, deliveries, one
from mailer.replies.approve import write_own
from tests import build

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEASE, PATIENCE = timedelta(seconds=30), timedelta(hours=48)
D = DeliveryState
REFUSED = Refused("550 5.7.1 spam", 550, Cause.POLICY)


def claimed(db: Database, now: datetime) -> int | None:
    found = db.run_here(claim, owner="w", lease=LEASE, now=now)
    return found.delivery_id if found else None


def end(session: Session, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    settle(session, build.delivery(session, delivery_id), outcome, now=now)


@pytest.fixture
def case(db: Database, now: datetime) -> tuple[build.Asked, int]:
    return db.run_here(build.approved, now - MINUTE)


@pytest.mark.parametrize("how", ["failed", "expired"])
def test_what_ended_is_tried_once_more(db: Database, now: datetime, case: tuple[build.Asked, int], how: str) -> None:
    asked, delivery_id = case
    if how == "failed":
        db.run_here(end, delivery_id, REFUSED, now)
    else:
        db.run_here(lambda session: expire(session, build.delivery(session, delivery_id), "late", now=now))
    db.run_here(retry, delivery_id, agent="maria", give_up_after=PATIENCE, now=now + DAY)
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.settled_at, found.expires_at) == (D.QUEUED, None, now + DAY + PATIENCE)
    assert found.reason == "maria asked to try it again"
    assert db.read_here(build.conversation_of, asked.conversation).state == ConversationState.DRAFTED
    assert db.read_here(build.drafts, asked.conversation)[0].state == DraftState.APPROVED
    assert claimed(db, now + DAY) == delivery_id


def test_what_waits_for_its_next_try_is_tried_now(db: Database, now: datetime, case: tuple[build.Asked, int]) -> None:
    _, delivery_id = case

    def deferred(session: Session) -> None:
        delivery = build.delivery(session, delivery_id)
        delivery.state, delivery.next_attempt_at = D.QUEUED, now + DAY

    db.run_here(deferred)
    assert claimed(db, now) is None
    db.run_here(retry, delivery_id, agent="maria", give_up_after=PATIENCE, now=now)
    assert claimed(db, now) == delivery_id


@pytest.mark.parametrize("state", [state for state in D if state not in (D.QUEUED, D.FAILED, D.EXPIRED)])
def test_what_cannot_be_tried_again_says_what_can_be_done(
    db: Database, now: datetime, case: tuple[build.Asked, int], state: DeliveryState
) -> None:
    db.run_here(lambda session: setattr(build.delivery(session, case[1]), "state", state))
    with pytest.raises(Conflict, match=f"is {state.value}; "):
        db.run_here(retry, case[1], agent="maria", give_up_after=PATIENCE, now=now)


def test_an_answer_that_another_replaced_is_not_sent_after_all(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    db.run_here(end, delivery_id, REFUSED, now)
    db.run_here(write_own, asked.conversation, text="Mine.", agent_id=asked.agent, now=now)
    with pytest.raises(Conflict, match="took the place"):
        db.run_here(retry, delivery_id, agent="maria", give_up_after=PATIENCE, now=now)
    assert db.read_here(build.delivery, delivery_id).state == D.FAILED


def test_what_waits_is_canceled_and_a_person_is_to_write(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    db.run_here(cancel_delivery, delivery_id, agent="maria", now=now)
    assert db.read_here(build.delivery, delivery_id).state == D.CANCELED
    talk = db.read_here(build.conversation_of, asked.conversation)
    assert (talk.state, talk.reason) == (ConversationState.NEEDS_PERSON, "maria canceled our answer")
    with pytest.raises(Conflict, match="only what waits"):
        db.run_here(cancel_delivery, delivery_id, agent="maria", now=now)
    with pytest.raises(NotFound):
        db.run_here(cancel_delivery, 99, agent="maria", now=now)


def anyway(db: Database, delivery_id: int, agent_id: int, now: datetime, reason: str = "she phoned") -> None:
    db.run_here(send_anyway, delivery_id, agent_id=agent_id, reason=reason, give_up_after=PATIENCE, now=now)


def test_a_suppressed_answer_is_withheld_and_goes_at_a_person_s_word(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    db.run_here(suppress, build.ANA, Stream.ALL, SuppressionCause.BOUNCES, "mail to it came back 2 times", now=now)
    assert claimed(db, now) is None
    assert db.read_here(build.delivery, delivery_id).state == D.WITHHELD
    assert "came back 2 times" in db.read_here(build.conversation_of, asked.conversation).reason
    anyway(db, delivery_id, asked.agent, now)
    assert claimed(db, now) == delivery_id
    kept = db.read_here(one, delivery_id).sent_anyway
    assert kept is not None
    assert (kept.agent_id, kept.reason) == (asked.agent, "she phoned")
    assert "came back 2 times" in kept.overruled


def test_a_held_answer_goes_at_a_person_s_word_though_its_address_stays_held(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    db.run_here(hold_address, build.ANA, by="ben", reason="", now=now)
    anyway(db, delivery_id, asked.agent, now)
    assert claimed(db, now) == delivery_id
    _, later = db.run_here(build.approved, now - MINUTE, number="#2", sender=build.ANA, id="2")
    assert claimed(db, now) is None
    assert db.read_here(build.delivery, later).state == D.HELD


def test_what_a_newer_mail_or_changed_facts_overtook_never_goes(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    db.run_here(hold_address, build.ANA, by="ben", reason="", now=now)
    db.run_here(build.customer_mail, now, conversation=asked.conversation)
    with pytest.raises(Conflict, match="afresh"):
        anyway(db, delivery_id, asked.agent, now)
    assert db.read_here(build.delivery, delivery_id).state == D.HELD


@pytest.mark.parametrize("kind", ["feedback", "marketing"])
def test_without_consent_nobody_may(db: Database, now: datetime, case: tuple[build.Asked, int], kind: str) -> None:
    asked, delivery_id = case
    db.run_here(suppress, build.ANA, Stream.ALL, SuppressionCause.BOUNCES, "came back", now=now)
    claimed(db, now)
    db.run_here(lambda session: setattr(build.delivery(session, delivery_id), "kind", kind))
    with pytest.raises(Conflict, match="consent"):
        anyway(db, delivery_id, asked.agent, now)
    assert db.read_here(lambda session: session.exec(select(SendAnyway)).all()) == []


def test_a_reason_is_needed_and_something_to_overrule(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    asked, delivery_id = case
    with pytest.raises(InputError, match="say why"):
        anyway(db, delivery_id, asked.agent, now, reason="  ")
    with pytest.raises(Conflict, match="is undoable"):
        anyway(db, delivery_id, asked.agent, now)


def test_the_list_shows_what_a_person_may_want_to_see(
    db: Database, now: datetime, case: tuple[build.Asked, int]
) -> None:
    assert [found.id for found in db.read_here(deliveries, OPEN)] == [case[1]]
    assert db.read_here(deliveries, [D.SENT]) == []
    seen = db.read_here(one, case[1])
    assert (seen.message.subject, seen.attempts, seen.holds) == ("Re: Where is my order?", [], [])
    with pytest.raises(NotFound):
        db.read_here(one, 99)
