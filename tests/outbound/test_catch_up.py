"""After an outage flows send nothing by themselves: a plan is shown, and spread when somebody agrees."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Enrollment, EnrollmentState, Hold, HoldScope, open_alarms
from mailer.outbound.catch_up import CatchUpTerms, approve_catch_up, catch_up_plan, closed_because
from mailer.outbound.hold import resume, stop
from tests.outbound import flow_mails

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TERMS = CatchUpTerms(after=6 * HOUR, least=5, per_hour=60)


def closed(session: Session, now: datetime, terms: CatchUpTerms = TERMS) -> str:
    return closed_because(session, terms=terms, now=now)


def waiting(session: Session, count: int, due: datetime, flow: str = "review") -> None:
    known = len(session.exec(select(Enrollment)).all())
    for number in range(known, known + count):
        flow_mails.enrolled(session, number, due, flow=flow)


def outage(session: Session, now: datetime, count: int = 8, hours: float = 7) -> datetime:
    """The worker moved on at this moment, and again so many hours later, with so many steps due; when that is."""
    assert closed(session, now) == ""
    waiting(session, count, now + HOUR)
    return now + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hours", "count", "holds"), [(7, 8, True), (7, 5, False), (5.9, 8, False), (7, 6, True), (100, 0, False)]
)
def test_a_long_outage_with_many_steps_due_waits_for_a_person(
    session: Session, now: datetime, hours: float, count: int, holds: bool
) -> None:
    then = outage(session, now, count, hours)
    assert bool(closed(session, then)) is holds
    assert bool(closed(session, then + MINUTE)) is holds, "and it stays so"
    assert [one.kind for one in open_alarms(session)] == (["catch_up"] if holds else [])


def test_a_worker_that_is_alive_is_never_held(session: Session, now: datetime) -> None:
    waiting(session, 100, now)
    for step in range(30):
        assert closed(session, now + 5 * HOUR * step) == ""


def test_the_first_start_of_all_holds_nothing(session: Session, now: datetime) -> None:
    waiting(session, 100, now - 100 * HOUR)
    assert closed(session, now) == ""


def test_switched_off_it_never_holds(session: Session, now: datetime) -> None:
    then = outage(session, now)
    assert closed(session, then, CatchUpTerms(after=timedelta(), least=5)) == ""


def test_the_storys_clock_may_run_ahead(session: Session, now: datetime) -> None:
    waiting(session, 100, now)
    for step in range(5):
        told = closed_because(session, terms=TERMS, now=now + 24 * HOUR * step, wall=now + step * MINUTE)
        assert told == ""


def test_a_long_stop_counts_as_an_outage_when_it_is_over(session: Session, now: datetime) -> None:
    then = outage(session, now)
    stop(session, by="ana", reason="", now=now + MINUTE)
    assert closed(session, then - HOUR) == "all sending is stopped by ana"
    resume(session, by="ana", now=then)
    assert "nothing moved for 7 h" in closed(session, then)


def test_the_plan_tells_flow_by_flow_how_many_how_late_and_what_expires(session: Session, now: datetime) -> None:
    then = outage(session, now)
    waiting(session, 3, now - 40 * HOUR, "notice")
    closed(session, then)
    plan = catch_up_plan(session, terms=TERMS, now=then, expires={("notice", "ask"): 30 * HOUR})
    assert [(one.flow, one.step, one.count, one.expired) for one in plan.steps] == [
        ("notice", "ask", 3, 3),
        ("review", "ask", 8, 0),
    ]
    assert (plan.steps[1].oldest, plan.count) == (now + HOUR, 11)
    assert plan.spread == 8 * MINUTE, "what is too old is only skipped"
    assert plan.hold is not None


def test_approving_spreads_what_waits_the_oldest_first(session: Session, now: datetime) -> None:
    then = outage(session, now, 4)
    waiting(session, 4, now + 2 * HOUR)
    waiting(session, 1, then + HOUR)
    closed(session, then)
    assert approve_catch_up(session, by="ana", terms=TERMS, now=then) == 8
    session.expire_all()
    rows = session.exec(select(Enrollment).order_by(col(Enrollment.id))).all()
    assert [row.due_at for row in rows] == [*(then + number * MINUTE for number in range(8)), then + HOUR]
    assert [row.version for row in rows] == [1] * 8 + [0], "who read the older row changes nothing"
    assert closed(session, then) == ""
    assert open_alarms(session) == []
    hold = session.exec(select(Hold).where(Hold.scope == HoldScope.CATCH_UP)).one()
    assert (hold.put_by, hold.released_by) == ("Mailer", "ana")
    with pytest.raises(NotFound):
        approve_catch_up(session, by="ana", terms=TERMS, now=then)


def test_only_what_is_active_and_due_counts(session: Session, now: datetime) -> None:
    then = outage(session, now)
    for row in session.exec(select(Enrollment)):
        row.state = EnrollmentState.PAUSED
    session.flush()
    assert closed(session, then) == ""
