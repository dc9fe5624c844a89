"""Which clocks break at the pace of the last weeks: small worlds counted by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from mailer.insight.forecast import Broken, forecast, pace_by_hour, will_break
from tests.web.build import case

ZONE = ZoneInfo("UTC")
# A Monday.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAILY = {(day, hour): 2.0 for day in range(7) for hour in range(9, 17)}


def clock(number: int, hours: float) -> Broken:
    return Broken(number, "first_answer", NOW + timedelta(hours=hours))


def test_those_whose_turn_comes_too_late_will_break() -> None:
    clocks = [clock(1, 0.5), clock(2, 2), clock(3, 2), clock(4, 2), clock(5, 4)]
    # Two an hour: 1 and 2 by ten, 3 and 4 by eleven, 5 by twelve.
    assert [one.conversation_id for one in will_break(clocks, DAILY, ZONE, NOW)] == [1]
    slow = {hour: 1.0 for hour in DAILY}
    assert [one.conversation_id for one in will_break(clocks, slow, ZONE, NOW)] == [1, 3, 4, 5]


def test_nobody_answers_at_night() -> None:
    evening = NOW.replace(hour=17)
    late = [
        Broken(1, "first_answer", evening + timedelta(hours=12)),
        Broken(2, "settled", evening + timedelta(hours=17)),
    ]
    assert [one.conversation_id for one in will_break(late, DAILY, ZONE, evening)] == [1]


def test_clocks_of_one_conversation_are_one_answer_and_overdue_ones_take_their_turn() -> None:
    clocks = [clock(1, -3), clock(2, -1), clock(3, 2.5), clock(3, 2.6)]
    assert will_break(clocks, DAILY, ZONE, NOW) == []
    assert len(will_break([clock(9, -5), clock(8, -4), clock(7, -3), *clocks], DAILY, ZONE, NOW)) == 2


def test_the_pace_is_learned_by_hour_of_the_week() -> None:
    answers = [NOW - timedelta(weeks=week, minutes=-5) for week in (1, 2, 3, 4)] * 3
    assert pace_by_hour(answers, ZONE, NOW + timedelta(minutes=5)) == {(0, 9): 3.0}
    assert pace_by_hour([], ZONE, NOW) == {}


def test_the_queue_of_a_shop(session: Session, now: datetime) -> None:
    case(session, now)
    found = forecast(session, ZONE, now=now)
    # Nobody ever answered: it will break.
    assert (found.open, found.overdue, found.pace, len(found.will_break)) == (1, 0, 0.0, 1)
    assert found.before(now + timedelta(days=2)) == 1
    late = forecast(session, ZONE, now=now + timedelta(days=2))
    assert (late.overdue, len(late.will_break)) == (1, 0)
