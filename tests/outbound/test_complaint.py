"""A spam report stops reviews, surveys and offers for good, when it speaks of a mail of ours."""

from datetime import datetime

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import DeliveryState, Message, ReportState, lift_undeliverable
from mailer.outbound.complaint import settle_complaints, take_complaints
from mailer.outbound.suppress import lift, suppressed
from mailer.signing import Keys
from tests import build
from tests.outbound import returns

LIMITED = {"feedback", "marketing"}


@pytest.mark.parametrize("feedback_type", ["abuse", "fraud", "opt-out", "virus", "other"])
def test_a_complaint_about_our_mail_moves_its_delivery(
    session: Session, now: datetime, keys: Keys, feedback_type: str
) -> None:
    case, delivery_id = returns.sent(session, now)
    report = returns.complaint(session, now, returns.answer_id(session, delivery_id), feedback_type)
    assert settle_complaints(session, keys, now=now) == 1
    assert returns.state(session, delivery_id) == DeliveryState.COMPLAINED
    assert returns.streams(session) == LIMITED
    assert suppressed(session, build.ANA, "reply") is None
    assert session.get_one(Message, report).conversation_id == case.conversation


def test_only_a_person_lifts_it(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.complaint(session, now, returns.answer_id(session, delivery_id))
    settle_complaints(session, keys, now=now)
    assert lift_undeliverable(session, build.ANA, now=now) == 0
    assert returns.streams(session) == LIMITED
    assert lift(session, build.ANA, words="they asked for it", now=now) == 2
    assert returns.streams(session) == set()


@pytest.mark.parametrize("feedback_type", ["auth-failure", "not-spam"])
def test_a_report_that_blames_nobody_changes_nothing(
    session: Session, now: datetime, keys: Keys, feedback_type: str
) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.complaint(session, now, returns.answer_id(session, delivery_id), feedback_type)
    settle_complaints(session, keys, now=now)
    assert returns.state(session, delivery_id) == DeliveryState.SENT
    assert returns.streams(session) == set()


def test_a_forged_complaint_suppresses_nothing(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.complaint(session, now, "<made-up@shop.test>")
    settle_complaints(session, keys, now=now)
    assert returns.state(session, delivery_id) == DeliveryState.SENT
    assert returns.streams(session) == set()
    assert returns.complaints(session)[0].state == ReportState.UNVERIFIED


async def test_the_loop_takes_what_waits(db: Database, clock: FrozenClock, keys: Keys) -> None:
    await db.run(returns.complaint, clock.now(), "")
    assert await take_complaints(db, clock, keys)
    assert not await take_complaints(db, clock, keys)
