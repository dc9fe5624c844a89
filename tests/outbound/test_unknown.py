"""What became of a mail whose body left and whose answer did not come back."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.model import ConversationState, DeliveryState, Message, Sighting
from mailer.outbound.deliver import Result, claim, mark_handing_over, record
from mailer.outbound.outcome import Unknown
from mailer.outbound.unknown import LOOK_FOR, decide, settle_unknown
from tests import build

MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)


def lost(session: Session, now: datetime) -> tuple[build.Asked, int]:
    """An approved answer whose body left at this moment, and nobody knows."""
    case, delivery_id = build.approved(session, now - MINUTE)
    claimed = claim(session, owner="w", lease=LEASE, now=now)
    assert claimed is not None
    assert mark_handing_over(session, [(claimed, now)]) == [True]
    assert record(session, [Result(claimed, Unknown("silence"), now)]) == [True]
    return case, delivery_id


def message_of(session: Session, delivery_id: int) -> Message:
    return session.get_one(Message, build.delivery(session, delivery_id).message_id)


def sight(session: Session, delivery_id: int, now: datetime) -> None:
    ours = message_of(session, delivery_id).internet_message_id
    session.add(Sighting(internet_message_id=ours, place="mailbox 1", seen_at=now))


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("after", [timedelta(), MINUTE, timedelta(days=2)])
def test_seen_means_sent(db: Database, now: datetime, complete: bool, after: timedelta) -> None:
    case, delivery_id = db.run_here(lost, now)
    db.run_here(sight, delivery_id, now)
    assert db.run_here(settle_unknown, sightings_complete=complete, now=now + after) == 1
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.SENT, "seen in mailbox 1")
    assert db.read_here(build.conversation_of, case.conversation).state == ConversationState.WAITING


@pytest.mark.parametrize(
    ("complete", "after", "state"),
    [
        (True, timedelta(), DeliveryState.UNKNOWN),
        (True, LOOK_FOR, DeliveryState.UNKNOWN),
        (True, LOOK_FOR + timedelta(seconds=1), DeliveryState.QUEUED),
        (False, LOOK_FOR + timedelta(seconds=1), DeliveryState.UNKNOWN),
        (False, timedelta(days=365), DeliveryState.UNKNOWN),
    ],
)
def test_never_seen_means_not_sent_only_where_everything_shows_and_after_fifteen_minutes(
    db: Database, now: datetime, complete: bool, after: timedelta, state: DeliveryState
) -> None:
    _, delivery_id = db.run_here(lost, now)
    db.run_here(settle_unknown, sightings_complete=complete, now=now + after)
    assert db.read_here(build.delivery, delivery_id).state == state


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("acknowledgement", DeliveryState.EXPIRED),
        ("marketing", DeliveryState.EXPIRED),
        ("transactional", DeliveryState.UNKNOWN),
        ("feedback", DeliveryState.UNKNOWN),
    ],
)
def test_offers_and_notes_expire_where_others_ask_a_person(
    db: Database, now: datetime, kind: str, state: DeliveryState
) -> None:
    _, delivery_id = db.run_here(lost, now)

    def of_that_kind(session: Session) -> None:
        build.delivery(session, delivery_id).kind = kind

    db.run_here(of_that_kind)
    db.run_here(settle_unknown, sightings_complete=False, now=now + LOOK_FOR + MINUTE)
    assert db.read_here(build.delivery, delivery_id).state == state


def test_a_sighting_of_another_mail_says_nothing(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(lost, now)
    db.run_here(lambda session: session.add(Sighting(internet_message_id="<x@y>", place="Sent", seen_at=now)))
    assert db.run_here(settle_unknown, sightings_complete=False, now=now) == 0
    assert db.read_here(build.delivery, delivery_id).state == DeliveryState.UNKNOWN


def test_a_person_says_that_it_arrived(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(lost, now)
    db.run_here(decide, delivery_id, arrived=True, agent_id=case.agent, now=now + MINUTE)
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.SENT, f"agent {case.agent} says that it arrived")
    assert db.read_here(build.conversation_of, case.conversation).state == ConversationState.WAITING


def test_a_person_asks_to_send_it_again_and_the_same_mail_goes(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(lost, now)
    before = db.read_here(message_of, delivery_id)
    db.run_here(decide, delivery_id, arrived=False, agent_id=case.agent, now=now + MINUTE)
    claimed = db.run_here(claim, owner="w", lease=LEASE, now=now + MINUTE)
    assert claimed is not None
    assert (claimed.delivery_id, claimed.attempt) == (delivery_id, 2)
    assert f"Message-ID: {before.internet_message_id}".encode() in claimed.raw


def test_a_mail_sent_again_at_a_person_s_word_still_meets_the_guard(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(lost, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, order=case.order)
    db.run_here(decide, delivery_id, arrived=False, agent_id=case.agent, now=now)
    # The relay that lost a body is given a rest first.
    assert db.run_here(claim, owner="w", lease=LEASE, now=now) is None
    assert db.run_here(claim, owner="w", lease=LEASE, now=now + MINUTE) is None
    assert db.read_here(build.delivery, delivery_id).state == DeliveryState.WITHHELD


@pytest.mark.parametrize("arrived", [True, False])
def test_only_an_unknown_delivery_can_be_decided(db: Database, now: datetime, arrived: bool) -> None:
    _, delivery_id = db.run_here(lost, now)
    for state in set(DeliveryState) - {DeliveryState.UNKNOWN}:
        db.run_here(move, delivery_id, state)
        with pytest.raises(Conflict, match=f"is {state.value}, not unknown"):
            db.run_here(decide, delivery_id, arrived=arrived, agent_id=1, now=now)
        assert db.read_here(build.delivery, delivery_id).state == state


def move(session: Session, delivery_id: int, state: DeliveryState) -> None:
    build.delivery(session, delivery_id).state = state


def test_the_second_of_two_decisions_is_told(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(lost, now)
    db.run_here(decide, delivery_id, arrived=False, agent_id=1, now=now)
    with pytest.raises(Conflict):
        db.run_here(decide, delivery_id, arrived=False, agent_id=1, now=now)
    with pytest.raises(NotFound, match="4711"):
        db.run_here(decide, 4711, arrived=True, agent_id=1, now=now)
