"""Which clocks a mail starts, and what a pause does to a deadline."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.config import Settings
from mailer.hours import Calendar, Limit, always, open_between, parse_intervals
from mailer.model import ClockKind, ClockPause, Intent, ReplyClock
from mailer.replies.clocks import Clocks, Rule, due_after_pause, run_of, started_by, warned_up_to
from mailer.replies.explain import parts
from tests.test_hours import MOMENTS, OFFICE, SPANS, calendars

F, S, R, C, D = (ClockKind(one) for one in ("first_answer", "settled", "return_agreed", "cancellation", "dispute"))
NOTHING = timedelta()


@pytest.mark.parametrize(
    ("intents", "kinds"),
    [
        ([], [F]),
        (["order_status"], [F, S]),
        (["delivery_delay"], [F, S]),
        (["website_safety", "size_question"], [F, S]),
        (["return_refund"], [F, R]),
        (["exchange", "size_not_fit"], [F, R]),
        (["damaged_defective"], [F, R]),
        (["wrong_missing_item"], [F, R]),
        (["cancel_order"], [F, C]),
        (["complaint_dispute"], [F, D]),
        (["complaint_dispute", "return_refund", "order_status"], [F, S, R, D]),
        (["unsubscribe_privacy"], [F]),
        (["positive_feedback"], [F]),
        (["other"], [F]),
    ],
)
def test_a_mail_starts_the_clocks_of_what_it_wants(intents: list[str], kinds: list[ClockKind]) -> None:
    assert started_by(intents) == kinds


def test_every_intent_has_a_first_answer_and_none_owes_money_by_words() -> None:
    for intent in Intent:
        assert started_by([intent])[0] is F
        assert ClockKind.REFUND_PAID not in started_by([intent])


def test_the_limits_are_those_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "none.toml")
    told = Settings.model_validate(
        {
            "shop": {"name": "x", "zone": "Europe/Berlin"},
            "outbound": {"host": "x"},
            "calendars": {"office": {"mon": ["09:00-12:30", "13:30-18:00"], "zone": "Europe/Paris"}},
            "replies": {"clocks": {"first_answer": {"calendar": "office", "limit": "2 working days"}}},
        }
    )
    clocks = Clocks.of(told)
    first = clocks.rules[F]
    assert (first.calendar.name, first.calendar.zone.key, first.limit.days) == ("office", "Europe/Paris", 2)
    assert [f"{kind}: {rule.limit} {rule.calendar.name}" for kind, rule in clocks.rules.items()][1:] == [
        "settled: 2 d always",
        "return_agreed: 7 d always",
        "cancellation: 3 working days weekdays",
        "refund_paid: 10 working days weekdays",
        "dispute: 5 d always",
    ]
    assert clocks.rules[C].calendar.zone.key == "Europe/Berlin"
    assert clocks.calendar("gone").name == "always"


BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "paused", "resumed", "expected"),
    [
        # Two hours were left; over a night, a lunch break, a weekend and Christmas two hours are left again.
        ("2026-11-23T18:00", "2026-11-23T16:00", "2026-11-24T09:00", "2026-11-24T11:00"),
        ("2026-11-23T18:00", "2026-11-23T16:00", "2026-11-24T02:00", "2026-11-24T11:00"),
        ("2026-11-23T18:00", "2026-11-23T16:00", "2026-11-24T11:00", "2026-11-24T14:00"),
        ("2026-11-27T18:00", "2026-11-27T16:00", "2026-11-29T12:00", "2026-11-30T11:00"),
        ("2026-12-24T18:00", "2026-12-24T16:00", "2026-12-24T17:00", "2026-12-28T10:00"),
        # Nothing of the pause was open time.
        ("2026-11-24T10:00", "2026-11-23T19:00", "2026-11-24T03:00", "2026-11-24T10:00"),
        ("2026-11-23T14:00", "2026-11-23T12:40", "2026-11-23T13:20", "2026-11-23T14:00"),
        # A mail that crossed the question: no pause.
        ("2026-11-24T10:00", "2026-11-23T17:00", "2026-11-23T17:00", "2026-11-24T10:00"),
        # It had broken before: it stays broken since then.
        ("2026-11-23T10:00", "2026-11-23T11:00", "2026-11-24T11:00", "2026-11-23T10:00"),
        ("2026-11-23T18:00", "2026-11-23T20:00", "2026-11-24T08:00", "2026-11-23T18:00"),
    ],
)
def test_a_deadline_moves_by_the_open_time_of_the_pause(due: str, paused: str, resumed: str, expected: str) -> None:
    assert due_after_pause(OFFICE, at(due), at(paused), at(resumed)) == at(expected)


@settings(max_examples=200, deadline=None)
@given(calendars(), MOMENTS, SPANS, st.lists(st.tuples(SPANS, SPANS), max_size=4))
def test_pauses_leave_what_was_left_and_never_thaw_overdue(
    calendar: Calendar, start: datetime, limit: timedelta, waits: list[tuple[timedelta, timedelta]]
) -> None:
    run = run_of(Rule(_span(limit), calendar, NOTHING), start)
    due, now, held = run.due_at, start, NOTHING
    for running, standing in waits:
        paused = now + running
        now = paused + standing
        was_overdue, left, before = due <= paused, open_between(calendar, paused, due), due
        due = due_after_pause(calendar, due, paused, now)
        assert due >= before
        if was_overdue:
            assert due == before
            continue
        held += open_between(calendar, paused, now)
        assert open_between(calendar, now, due) == left > NOTHING
        assert due > now
    assert open_between(calendar, start, due) == limit + held


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS, SPANS, st.lists(st.tuples(SPANS, SPANS), max_size=3))
def test_the_explanation_counts_up_to_the_limit(
    calendar: Calendar, start: datetime, limit: timedelta, waits: list[tuple[timedelta, timedelta]]
) -> None:
    due, now, pauses = run_of(Rule(_span(limit), calendar, NOTHING), start).due_at, start, []
    for running, standing in waits:
        paused = now + running
        now = paused + standing
        due = due_after_pause(calendar, due, paused, now)
        pauses.append(ClockPause(clock_id=1, paused_at=paused, resumed_at=now, reason="asked"))
    clock = ReplyClock(conversation_id=1, started_at=start, due_at=due)
    found = list(parts(clock, pauses, calendar))
    assert sum((part.open_time for part in found), NOTHING) == limit
    assert (found[0].start, found[-1].end) == (start, due)
    assert [part.start for part in found[1:]] == [part.end for part in found[:-1]]


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS, SPANS, MOMENTS, SPANS)
def test_a_warning_comes_when_no_more_than_that_open_time_is_left(
    calendar: Calendar, start: datetime, limit: timedelta, now: datetime, warn: timedelta
) -> None:
    rule = Rule(_span(limit), calendar, warn)
    due = run_of(rule, start).due_at
    assert (due <= warned_up_to(rule, now)) == (open_between(calendar, now, due) <= warn)


def _span(limit: timedelta) -> Limit:
    return Limit(limit)


def test_hours_are_read_in_the_calendar_s_zone() -> None:
    kiritimati = Calendar("x", ZoneInfo("Pacific/Kiritimati"), (parse_intervals(["09:00-10:00"]),) * 7)
    start = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert run_of(Rule(_span(timedelta(hours=1)), kiritimati, NOTHING), start).due_at == datetime(
        2026, 11, 22, 20, tzinfo=UTC
    )
    assert run_of(Rule(_span(timedelta(hours=1)), always(BERLIN), NOTHING), start).open_time == timedelta(hours=1)
