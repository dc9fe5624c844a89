"""The mail of a flow right before it leaves: what the guard asks of the rows that its flow left."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.events import record_event
from mailer.hours import Interval
from mailer.model import (
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    FlowStep,
    StepOutcome,
    Stream,
    SuppressionCause,
)
from mailer.outbound.guard import Block, Expire, Go, Redo, Verdict, Wait, Withhold, judge, standing_of
from mailer.outbound.intervene import retry, send_anyway
from mailer.outbound.outcome import Refused
from mailer.outbound.passage import Gates, quiet_until
from mailer.outbound.settle import cancel, expire, sent, settle, wait, waited
from mailer.outbound.suppress import suppress
from tests.build import ANA, agent
from tests.flows.line import Line, flow_text

BERLIN, NEW_YORK, TOKYO = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Tokyo"))
DAY = Interval(9 * 60, 20 * 60)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zones", "now", "until"),
    [
        (None, [BERLIN], "2026-11-22 03:00", None),
        (DAY, [BERLIN], "2026-11-22 10:00", None),
        (DAY, [BERLIN], "2026-11-22 19:00", "2026-11-23 08:00"),
        (DAY, [BERLIN], "2026-11-22 03:00", "2026-11-22 08:00"),
        # On the wall, also over the change of summer time.
        (DAY, [BERLIN], "2026-10-24 19:00", "2026-10-25 08:00"),
        (DAY, [BERLIN, NEW_YORK], "2026-11-22 10:00", "2026-11-22 14:00"),
        (DAY, [NEW_YORK, BERLIN], "2026-11-22 14:00", None),
    ],
)
def test_when_mails_may_leave(window: Interval | None, zones: list[ZoneInfo], now: str, until: str | None) -> None:
    assert quiet_until(window, zones, utc(now)) == (utc(until) if until else None)


def test_what_the_guard_keeps_of_a_flow_is_read_back_whole() -> None:
    gates = Gates((BERLIN, TOKYO), DAY, frozenset({"delay.open"}), "DE", True, utc("2026-11-24 10:00"))
    assert Gates.of(gates.stored()) == gates
    assert Gates.of({}) == Gates(())


@pytest.fixture
def queued(db: Database, clock: FrozenClock) -> Line:
    """A confirmation of Ana's order stands in the outbox, and flows have read all Events."""
    line = Line(db, clock).open()
    line.flow("plain", flow_text(step='expires = "30d"'))
    line.order()
    line.turn("enroll", "advance")
    line.turn("enroll")
    return line


def verdict(line: Line) -> Verdict:
    def ask(session: Session) -> Verdict:
        return judge(standing_of(session, session.get_one(Delivery, 1), now=line.clock.now()), line.clock.now())

    return line.db.read_here(ask)


def change(line: Line, verb: Callable[[Session], object]) -> None:
    line.db.run_here(verb)


def test_nothing_speaks_against_it(queued: Line) -> None:
    assert verdict(queued) == Go()


@pytest.mark.parametrize(
    ("subject", "order", "address", "waits"),
    [
        (("order", 1), 1, "", True),
        (("return", 4), None, ANA, True),
        (("conversation", 1), None, "", True),
        (("order", 2), 2, "uwe@customer.test", False),
    ],
)
def test_it_waits_while_flows_have_not_read_what_happened(
    queued: Line, subject: tuple[str, int], order: int | None, address: str, waits: bool
) -> None:
    now = queued.clock.now()
    given = {"key": "new", "order_id": order, "address": address, "at": now, "now": now}
    change(queued, lambda session: record_event(session, "order.placed", subject, **given))  # type: ignore[arg-type]
    assert isinstance(verdict(queued), Wait if waits else Go)
    queued.turn("enroll")
    assert verdict(queued) == Go()


def test_a_flow_that_ended_withholds_it(queued: Line) -> None:
    def end(session: Session) -> None:
        enrollment = session.get_one(Enrollment, 1)
        enrollment.state, enrollment.reason = EnrollmentState.EXITED, "order.canceled"

    change(queued, end)
    assert verdict(queued) == Withhold("its flow ended before it left: order.canceled")


def test_a_step_whose_time_is_over_expires_whatever_the_relay_has_left(queued: Line) -> None:
    def later(session: Session) -> None:
        session.get_one(Delivery, 1).expires_at = queued.clock.now() + timedelta(days=90)

    change(queued, later)
    queued.clock.current += timedelta(days=30)
    assert isinstance(verdict(queued), Expire)


def test_changed_facts_are_for_the_flow_to_decide(queued: Line) -> None:
    queued.order(name="#1001", updated_at=queued.clock.now().isoformat(), line_items=[{"id": "900", "title": "Cap"}])
    queued.turn("enroll")
    found = verdict(queued)
    assert isinstance(found, Redo)
    assert "Cap" in found.reason


def test_a_suppressed_address_blocks_and_a_person_may_overrule_it(queued: Line) -> None:
    now = queued.clock.now()
    change(queued, lambda s: suppress(s, ANA, Stream.ALL, SuppressionCause.BOUNCES, "it came back", now=now))
    assert isinstance(verdict(queued), Block)
    queued.turn()
    assert queued.deliveries()[0].state is DeliveryState.WITHHELD
    assert queued.steps()[0].outcome is StepOutcome.SKIPPED

    def overrule(session: Session) -> None:
        who = agent(session, now)
        send_anyway(session, 1, agent_id=who, reason="she called", give_up_after=timedelta(days=2), now=now)

    change(queued, overrule)
    assert (verdict(queued), queued.steps()[0].outcome) == (Go(), StepOutcome.QUEUED)


def test_what_the_flow_decides_anew_is_not_sent_by_hand(queued: Line) -> None:
    def again(session: Session) -> None:
        session.exec(select(FlowStep)).one().outcome = StepOutcome.AGAIN
        session.get_one(Delivery, 1).state = DeliveryState.EXPIRED

    change(queued, again)
    now = queued.clock.now()
    with pytest.raises(Conflict, match="overtaken"):
        queued.db.run_here(retry, 1, agent="maria", give_up_after=timedelta(days=1), now=now)


def test_each_end_of_a_mail_stands_among_the_notes(queued: Line) -> None:
    now, story = queued.clock.now(), queued.clock.now() - timedelta(days=3)
    ends: dict[str, Callable[[Session, Delivery], None]] = {
        "sent": lambda session, delivery: sent(session, delivery, "250 ok", now=now, story=story),
        "failed": lambda session, delivery: settle(
            session, delivery, Refused("550 5.1.1 no such user"), now=now, story=story
        ),
        "expired": lambda session, delivery: expire(session, delivery, "too late", now=now, story=story),
        "canceled": lambda session, delivery: cancel(session, delivery, "maria canceled it", now=now),
    }
    for what, end in ends.items():
        change(queued, lambda session, end=end: end(session, session.get_one(Delivery, 1)))  # type: ignore[misc]
        assert queued.notes()[-1].startswith(f"{what} first")
    assert queued.steps()[0].sent_at == story


def test_the_relay_has_its_whole_time_after_a_wait(queued: Line) -> None:
    now, later = queued.clock.now(), queued.clock.now() + timedelta(days=6)

    def pass_time(session: Session) -> None:
        delivery = session.get_one(Delivery, 1)
        wait(delivery, timedelta(minutes=30), "waits: quiet hours", now=now)
        assert delivery.next_attempt_at == now + timedelta(minutes=30)
        assert not isinstance(judge(standing_of(session, delivery, now=later), later), Expire)
        waited(delivery, now=later)
        assert (delivery.reason, delivery.expires_at) == ("", later + timedelta(hours=48))

    change(queued, pass_time)


def test_in_a_story_that_runs_fast_it_asks_again_at_once(queued: Line) -> None:
    def ask(session: Session) -> None:
        delivery = session.get_one(Delivery, 1)
        wait(delivery, timedelta(hours=11), "waits: quiet hours", now=queued.clock.now(), told=True)
        assert delivery.next_attempt_at - queued.clock.now() <= timedelta(seconds=1)

    change(queued, ask)
