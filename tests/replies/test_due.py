"""By when must what be done in a conversation? Started by mails, stopped or held by what the relay took."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.errors import NotFound
from mailer.hours import Limit, weekdays
from mailer.model import ClockKind, ClockPause, Delivery, Draft, Order, ReplyClock
from mailer.outbound.outcome import Accepted
from mailer.outbound.settle import settle
from mailer.replies.clocks import Clocks, Rule
from mailer.replies.due import clocks_of, due_list, end_clocks, on_mail, running_clock, start_missing, warn
from mailer.replies.explain import explain, lines
from mailer.replies.refunds import look_after_refunds
from tests import build

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def talk(db: Database, now: datetime) -> int:
    return db.run_here(build.customer_mail, now).conversation_id


def mail(session: Session, conversation: int, intents: Sequence[str], at: datetime) -> None:
    on_mail(session, conversation, intents, build.CLOCKS, received_at=at)


def running(session: Session, conversation: int) -> dict[str, datetime]:
    return {clock.kind: clock.due_at for clock in clocks_of(session, conversation)}


def clock(session: Session, conversation: int, kind: str) -> ReplyClock:
    here = select(ReplyClock).where(ReplyClock.conversation_id == conversation, ReplyClock.kind == kind)
    return session.exec(here.order_by(col(ReplyClock.id).desc())).first() or ReplyClock(conversation_id=0)


def answer(session: Session, conversation: int, at: datetime, approved: datetime | None = None, **draft: Any) -> None:
    """A reply is drafted, approved, and taken by the relay."""
    pending = build.pending(session, conversation)
    for name, value in draft.items():
        setattr(pending, name, value)
    session.flush()
    agent = build.agent(session, at)
    asked = build.Asked(0, 0, conversation, pending.id or 0, agent)
    delivery = session.get_one(Delivery, build.approve_again(session, asked, approved or at))
    settle(session, delivery, Accepted("250"), now=at)
    session.flush()


def test_a_mail_starts_its_clocks_at_its_receipt(db: Database, now: datetime) -> None:
    one, other = talk(db, now), talk(db, now)
    db.run_here(mail, one, ["order_status", "return_refund"], now)
    assert db.read_here(running, one) == {
        "first_answer": now + DAY,
        "settled": now + 2 * DAY,
        "return_agreed": now + 7 * DAY,
    }
    first = db.read_here(running_clock, one)
    assert first is not None
    assert (first.kind, first.limit_seconds, first.calendar) == ("first_answer", 86_400, "always")
    assert db.read_here(running, other) == {}


def test_a_clock_that_runs_keeps_its_earlier_deadline(db: Database, now: datetime) -> None:
    one = talk(db, now)
    db.run_here(mail, one, ["order_status"], now)
    db.run_here(build.customer_mail, now + 5 * HOUR, conversation=one)
    db.run_here(mail, one, ["order_status", "cancel_order"], now + 5 * HOUR)
    assert db.read_here(running, one) == {
        "first_answer": now + DAY,
        "settled": now + 2 * DAY,
        "cancellation": now + 5 * HOUR + 7 * DAY,
    }


def test_a_mail_that_is_judged_anew_changes_its_clocks_and_starts_none_twice(db: Database, now: datetime) -> None:
    one = talk(db, now)
    db.run_here(mail, one, ["complaint_dispute"], now)
    db.run_here(mail, one, ["order_status"], now)
    assert db.read_here(running, one).keys() == {"first_answer", "settled"}
    db.run_here(end_clocks, one, now=now + HOUR)
    db.run_here(mail, one, ["order_status"], now)
    assert db.read_here(running, one) == {"first_answer": now + DAY, "settled": now + 2 * DAY}


@pytest.mark.parametrize(
    ("draft", "runs_on", "held"),
    [
        ({}, set(), set()),
        ({"holding": True}, {"settled", "return_agreed"}, set()),
        ({"asks": True}, {"settled", "return_agreed"}, {"settled", "return_agreed"}),
        ({"holding": True, "asks": True}, {"settled", "return_agreed"}, set()),
    ],
)
def test_what_the_relay_took_stops_clocks_or_holds_them(
    db: Database, now: datetime, draft: dict[str, bool], runs_on: set[str], held: set[str]
) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(mail, case.conversation, ["order_status", "return_refund"], now)
    db.run_here(answer, case.conversation, now + HOUR, **draft)
    left = db.read_here(clocks_of, case.conversation)
    assert {one.kind for one in left} == runs_on
    assert {one.kind for one in left if one.paused_at == now + HOUR} == held
    assert {one.kind for one in db.read_here(due_list, 10)} == runs_on - held


def test_clocks_stand_still_while_it_is_the_customer_s_turn(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(answer, case.conversation, now + HOUR, asks=True)
    assert db.read_here(running_clock, case.conversation) is None
    again = now + 4 * DAY
    db.run_here(build.customer_mail, again, conversation=case.conversation)
    db.run_here(mail, case.conversation, ["order_status"], again)
    # 47 of 48 hours were left, and the mail asks for a first answer of its own.
    assert db.read_here(running, case.conversation) == {"first_answer": again + DAY, "settled": again + 47 * HOUR}
    pause = db.read_here(lambda session: session.exec(select(ClockPause)).one())
    assert (pause.paused_at, pause.resumed_at, pause.reason) == (now + HOUR, again, "we asked the customer")


def test_one_that_had_broken_stays_broken(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(answer, case.conversation, now + 50 * HOUR, now, asks=True)
    db.run_here(build.customer_mail, now + 9 * DAY, conversation=case.conversation)
    db.run_here(mail, case.conversation, ["order_status"], now + 9 * DAY)
    assert db.read_here(running, case.conversation)["settled"] == now + 2 * DAY


def test_after_a_holding_reply_the_next_mail_has_a_first_answer_of_its_own(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(answer, case.conversation, now + HOUR, holding=True)
    again = now + 2 * HOUR
    # Judged anew, the first mail has had its first answer.
    db.run_here(mail, case.conversation, ["order_status"], now)
    assert db.read_here(running, case.conversation).keys() == {"settled"}
    db.run_here(build.customer_mail, again, conversation=case.conversation)
    db.run_here(mail, case.conversation, ["order_status"], now)
    assert db.read_here(running, case.conversation) == {"first_answer": again + DAY, "settled": now + 2 * DAY}


def test_a_warning_is_given_once_and_names_who_has_had_no_answer(db: Database, now: datetime) -> None:
    one, other = talk(db, now), talk(db, now + HOUR)
    db.run_here(mail, one, ["order_status"], now)
    db.run_here(mail, other, ["order_status"], now + HOUR)
    assert db.run_here(warn, build.CLOCKS, now=now + 19 * HOUR) == []
    assert db.run_here(warn, build.CLOCKS, now=now + 20 * HOUR) == [one]
    assert db.run_here(warn, build.CLOCKS, now=now + 20 * HOUR) == []
    assert db.run_here(warn, build.CLOCKS, now=now + 60 * HOUR) == [other]
    warned = db.read_here(clock, one, "first_answer").warned_at
    assert warned == now + 20 * HOUR


def test_what_stands_still_or_was_stopped_warns_nobody(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(answer, case.conversation, now + HOUR, asks=True)
    assert db.run_here(warn, build.CLOCKS, now=now + 60 * HOUR) == []
    assert db.read_here(clock, case.conversation, "settled").warned_at is None


def test_nothing_to_answer_ends_all_but_what_is_owed(db: Database, now: datetime) -> None:
    one = talk(db, now)
    db.run_here(mail, one, ["cancel_order"], now)
    db.run_here(lambda session: session.add(ReplyClock(conversation_id=one, kind="refund_paid", started_at=now,
                                                       due_at=now + DAY)))  # fmt: skip
    db.run_here(end_clocks, one, now=now + HOUR)
    assert db.read_here(running, one) == {"refund_paid": now + DAY}


def canceled(session: Session, order: int, at: datetime | None, payment: str = "paid") -> None:
    row = session.get_one(Order, order)
    row.canceled_at, row.payment_state = at, payment


def refunds(db: Database, now: datetime) -> None:
    db.run_here(look_after_refunds, build.CLOCKS, now=now)


def not_shipped(db: Database, now: datetime) -> build.Asked:
    case = db.run_here(build.asked, now, fulfillments=[])
    db.run_here(mail, case.conversation, ["cancel_order"], now)
    return case


def test_a_refund_is_owed_from_the_answer_until_the_order_says_so(db: Database, now: datetime) -> None:
    case = not_shipped(db, now)
    refunds(db, now + HOUR)
    assert "refund_paid" not in db.read_here(running, case.conversation)
    db.run_here(answer, case.conversation, now + 2 * HOUR)
    for _ in range(2):
        refunds(db, now + 3 * HOUR)
    assert db.read_here(running, case.conversation) == {"refund_paid": now + 2 * HOUR + 7 * DAY}
    db.run_here(canceled, case.order, now + 4 * HOUR, "refunded")
    refunds(db, now + 5 * HOUR)
    assert db.read_here(running, case.conversation) == {}
    refunds(db, now + 6 * HOUR)
    assert db.read_here(running, case.conversation) == {}


def test_a_refund_is_owed_from_the_canceling_in_the_shop_too(db: Database, now: datetime) -> None:
    case = not_shipped(db, now)
    db.run_here(canceled, case.order, now + HOUR)
    refunds(db, now + 2 * HOUR)
    assert db.read_here(running, case.conversation)["refund_paid"] == now + HOUR + 7 * DAY


@pytest.mark.parametrize("payment", ["pending", "voided", "refunded"])
def test_where_nothing_was_paid_or_all_was_paid_back_nothing_is_owed(db: Database, now: datetime, payment: str) -> None:
    case = not_shipped(db, now)
    db.run_here(canceled, case.order, now + HOUR, payment)
    refunds(db, now + 2 * HOUR)
    assert "refund_paid" not in db.read_here(running, case.conversation)


def test_a_parcel_on_its_way_is_not_canceled_by_our_answer(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(mail, case.conversation, ["cancel_order"], now)
    db.run_here(answer, case.conversation, now + HOUR)
    refunds(db, now + 2 * HOUR)
    assert db.read_here(running, case.conversation) == {}


def test_a_deadline_is_counted_out(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(answer, case.conversation, now + HOUR, asks=True)
    db.run_here(build.customer_mail, now + DAY, conversation=case.conversation)
    db.run_here(mail, case.conversation, ["order_status"], now + DAY)
    found = db.read_here(explain, case.conversation, build.CLOCKS)
    assert [one.clock.kind for one in found] == ["first_answer", "settled", "first_answer"]
    assert list(lines(found[1], now + DAY)) == [
        'settled: 2 d of open time on "always", in UTC',
        "  Sun 2026-11-22 10:00  to  Sun 2026-11-22 11:00           1 h           1 h",
        "  Sun 2026-11-22 11:00  to  Mon 2026-11-23 10:00             -                paused: we asked the customer",
        "  Mon 2026-11-23 10:00  to  Wed 2026-11-25 09:00      1 d 23 h           2 d",
        "  due Wed 2026-11-25 09:00 UTC, due in 1 d 23 h",
    ]
    assert list(lines(found[0], now + DAY))[-1].endswith("stopped 23 h ago, in time")
    with pytest.raises(NotFound):
        db.read_here(explain, 4711, build.CLOCKS)


def test_a_draft_keeps_its_promise_to_no_clock(db: Database, now: datetime) -> None:
    """Only what the relay took stops a clock: not the draft, not its approval."""
    case, _ = db.run_here(build.approved, now)
    assert db.read_here(lambda session: session.get_one(Draft, case.draft)).state == "approved"
    assert db.read_here(running, case.conversation).keys() == {"first_answer", "settled"}


def test_a_mail_that_waits_without_a_clock_gets_one(db: Database, now: datetime) -> None:
    """As when drafting failed, or a merge was undone; what was answered or has its clock is left alone."""
    other = db.run_here(build.asked, now).conversation
    held = db.run_here(build.asked, now, number="#1002", sender="bo@customer.test").conversation
    db.run_here(answer, held, now + HOUR, holding=True)
    silent = talk(db, now)
    assert db.run_here(start_missing, build.CLOCKS, now=now) == 0
    assert db.run_here(start_missing, build.CLOCKS, now=now + 3 * HOUR) == 1
    assert db.run_here(start_missing, build.CLOCKS, now=now + 3 * HOUR) == 0
    assert db.read_here(running, silent) == {"first_answer": now + DAY}
    assert len(db.read_here(running, other)) == 2
    assert db.read_here(running, held).keys() == {"settled"}


def test_working_days_are_told_as_they_are_written(db: Database, now: datetime) -> None:
    one = talk(db, now)
    weekday = weekdays(ZoneInfo("Europe/Berlin"))
    rules = {**build.CLOCKS.rules, ClockKind.CANCELLATION: Rule(Limit(days=3), weekday, HOUR)}
    clocks = Clocks(rules, {**build.CLOCKS.calendars, "weekdays": weekday})
    db.run_here(on_mail, one, ["cancel_order"], clocks, received_at=now)
    found = db.read_here(explain, one, clocks)[-1]
    assert list(lines(found, now)) == [
        'cancellation: 3 working days, that is 3 d of open time on "weekdays", in Europe/Berlin',
        "  Sun 2026-11-22 11:00  to  Mon 2026-11-23 00:00             -                Sunday",
        "  Mon 2026-11-23 00:00  to  Thu 2026-11-26 00:00           3 d           3 d",
        "  due Thu 2026-11-26 00:00 CET, due in 3 d 13 h",
    ]
