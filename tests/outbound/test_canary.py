"""A new edition goes to a few first, and stops itself when these come back."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import NotFound
from mailer.model import Canary, Delivery, DeliveryState, open_alarms
from mailer.outbound.canary import CanaryTerms, canary_until, clear_canaries, edition_of
from mailer.outbound.catch_up import held_flows
from mailer.outbound.deliver import claim
from mailer.outbound.hold import resume_flow, stop_flow
from tests import build
from tests.outbound import flow_mails

MINUTE = timedelta(minutes=1)
D = DeliveryState
TERMS = CanaryTerms(first=3, rest=15 * MINUTE, limit=1)
EDITION = edition_of({"review.en.html": "a" * 64, "layout.html": "b" * 64})


def asked(session: Session, number: int, now: datetime, terms: CanaryTerms = TERMS, edition: str = EDITION) -> bool:
    """Whether the mail for this number may go; it is queued then."""
    enrollment = flow_mails.enrolled(session, number, now)
    if canary_until(session, "review", "ask", edition, enrollment, terms=terms, now=now) is not None:
        return False
    flow_mails.queued(session, enrollment, now)
    return True


def the_rest(session: Session, now: datetime, edition: str = EDITION) -> datetime | None:
    """What somebody after the first is told."""
    return canary_until(session, "review", "ask", edition, 10_000, terms=TERMS, now=now)


def sent(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery).order_by(Delivery.id)))  # type: ignore[arg-type]


def all_sent(session: Session, now: datetime) -> None:
    for one in sent(session):
        flow_mails.end(one, D.SENT, now)
    session.flush()


def test_an_edition_is_its_templates_whatever_their_sequence() -> None:
    assert edition_of({"b": "2", "a": "1"}) == edition_of({"a": "1", "b": "2"})
    assert edition_of({"a": "1", "b": "2"}) != edition_of({"a": "1", "b": "3"})


def test_a_few_go_first_and_the_others_when_these_arrived(session: Session, now: datetime) -> None:
    assert [asked(session, number, now) for number in range(5)] == [True, True, True, False, False]
    assert the_rest(session, now + 20 * MINUTE) == now + 35 * MINUTE, "what has not left shows nothing"
    all_sent(session, now + 20 * MINUTE)
    assert the_rest(session, now + 21 * MINUTE) == now + 35 * MINUTE
    assert the_rest(session, now + 35 * MINUTE) is None
    assert session.exec(select(Canary)).one().cleared_at == now + 35 * MINUTE
    assert [asked(session, number, now + 36 * MINUTE) for number in range(10, 20)] == [True] * 10


def test_those_of_one_transaction_are_watched_though_their_mails_are_not_written_yet(
    session: Session, now: datetime
) -> None:
    told = [canary_until(session, "review", "ask", EDITION, number, terms=TERMS, now=now) for number in range(1, 6)]
    assert told == [None, None, None, now + 15 * MINUTE, now + 15 * MINUTE]


def test_who_went_first_may_ask_again_without_taking_another_place(session: Session, now: datetime) -> None:
    enrollment = flow_mails.enrolled(session, 1, now)
    for _ in range(5):
        assert canary_until(session, "review", "ask", EDITION, enrollment, terms=TERMS, now=now) is None
    assert session.exec(select(Canary)).one().enrollments == [enrollment]


@pytest.mark.parametrize("state", [D.FAILED, D.BOUNCED, D.COMPLAINED])
def test_too_many_that_come_back_stop_the_flow(session: Session, now: datetime, state: DeliveryState) -> None:
    for number in range(3):
        asked(session, number, now)
    all_sent(session, now)
    for one in sent(session)[:2]:
        flow_mails.end(one, state, now)
    session.flush()
    assert the_rest(session, now + MINUTE) == now + 16 * MINUTE
    assert held_flows(session).keys() == {"review"}
    assert "2 of the first 3" in held_flows(session)["review"]
    (alarm,) = open_alarms(session)
    assert "mailer outbox resume --flow review" in alarm.words


def test_as_many_as_are_allowed_stop_nothing(session: Session, now: datetime) -> None:
    for number in range(3):
        asked(session, number, now)
    all_sent(session, now)
    flow_mails.end(sent(session)[0], D.BOUNCED, now)
    session.flush()
    assert the_rest(session, now + 15 * MINUTE) is None
    assert held_flows(session) == {}


def test_a_flow_that_few_go_through_is_watched_from_the_first(session: Session, now: datetime) -> None:
    terms = CanaryTerms(first=20, rest=MINUTE, limit=0)
    asked(session, 1, now, terms)
    flow_mails.end(sent(session)[0], D.FAILED, now)
    session.flush()
    assert not asked(session, 2, now, terms)
    assert held_flows(session).keys() == {"review"}


def test_another_edition_has_a_canary_of_its_own(session: Session, now: datetime) -> None:
    for number in range(3):
        asked(session, number, now)
    assert not asked(session, 4, now)
    assert asked(session, 5, now, edition="another")


def test_without_a_canary_all_go(session: Session, now: datetime) -> None:
    assert all(asked(session, number, now, CanaryTerms(first=0)) for number in range(5))
    assert session.exec(select(Canary)).all() == []


def test_stopping_a_flow_holds_its_mails_and_resuming_lets_them_go(db: Database, now: datetime) -> None:
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        mine = flow_mails.queued(session, flow_mails.enrolled(session, 1, now), now)
        other = flow_mails.queued(session, flow_mails.enrolled(session, 2, now, flow="survey"), now)
        flow_mails.end(flow_mails.queued(session, flow_mails.enrolled(session, 3, now), now), D.SENT, now)
        assert stop_flow(session, "review", by="ana", reason="wrong words", now=now)
        assert not stop_flow(session, "review", by="bo", reason="", now=now)
    stands = db.read_here(build.delivery, mine.id)
    assert (stands.state, stands.reason) == (D.HELD, "held by ana: wrong words")
    assert db.read_here(build.delivery, other.id).state == D.QUEUED
    assert db.run_here(resume_flow, "review", by="ana", now=now + MINUTE) == 1
    assert db.read_here(build.delivery, mine.id).state == D.QUEUED
    assert db.read_here(held_flows) == {}
    with pytest.raises(NotFound):
        db.run_here(resume_flow, "review", by="ana", now=now)


def test_a_mail_that_was_queued_in_the_moment_of_the_stop_does_not_leave(db: Database, now: datetime) -> None:
    def fill(session: Session) -> int:
        stop_flow(session, "review", by="ana", reason="wrong words", now=now)
        return flow_mails.queued(session, flow_mails.enrolled(session, 1, now), now, kind="transactional").id or 0

    delivery = db.run_here(fill)
    assert db.run_here(claim, owner="w", lease=MINUTE, now=now) is None
    assert db.read_here(build.delivery, delivery).reason == "held by ana: wrong words"
    assert db.run_here(resume_flow, "review", by="ana", now=now) == 1
    assert db.run_here(claim, owner="w", lease=MINUTE, now=now) is not None


def test_a_person_who_lets_it_go_ends_the_watch(session: Session, now: datetime) -> None:
    for number in range(3):
        asked(session, number, now)
    assert clear_canaries(session, "review", now=now) == 1
    session.expire_all()
    assert the_rest(session, now) is None
