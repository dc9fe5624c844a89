"""No hour has more automatic mails than the shop allows, and who waits is told when to come again."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from mailer.outbound.hourly import hour_full_until
from tests.conftest import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def sent_at(session: Session, moments: list[datetime], per_hour: int) -> list[datetime]:
    return [at for at in moments if hour_full_until(session, per_hour=per_hour, now=at) is None]


def most_in_an_hour(moments: list[datetime]) -> int:
    return max((sum(begin <= at < begin + HOUR for at in moments) for begin in moments), default=0)


def test_no_hour_has_more_than_its_share_however_many_ask(session: Session, now: datetime) -> None:
    moments = [now + timedelta(seconds=10) * step for step in range(3 * 360)]
    sent = sent_at(session, moments, 40)
    assert most_in_an_hour(sent) <= 40
    assert len(sent) > 2.5 * 40, "and it is used up"


def test_those_who_wait_come_one_after_the_other_and_then_find_a_place(session: Session, now: datetime) -> None:
    told = [hour_full_until(session, per_hour=8, now=now) for _ in range(6)]
    assert told[0] is None
    waits = [at for at in told if at is not None]
    assert len(waits) == 5
    assert waits == sorted(set(waits))
    assert min(waits) > now
    assert [hour_full_until(session, per_hour=8, now=at) for at in waits] == [None] * 5


def test_no_cap_asks_no_row(session: Session, now: datetime) -> None:
    assert sent_at(session, [now] * 500, 0) == [now] * 500


def test_a_clock_that_goes_back_gives_nothing(session: Session, now: datetime) -> None:
    assert len(sent_at(session, [now] * 20, 16)) == 2
    assert sent_at(session, [now - HOUR] * 20, 16) == []


@settings(max_examples=60, deadline=None)
@given(per_hour=st.integers(1, 60), steps=st.lists(st.integers(0, 900), min_size=1, max_size=150))
def test_whoever_asks_when_no_hour_is_overfull(per_hour: int, steps: list[int]) -> None:
    from sqlmodel import create_engine

    from mailer.model import Pace

    engine = create_engine("sqlite://")
    Pace.__table__.create(engine)  # type: ignore[attr-defined]
    moments, at = [], NOW
    for step in steps:
        at += timedelta(seconds=step)
        moments.append(at)
    with Session(engine) as session:
        assert most_in_an_hour(sent_at(session, moments, per_hour)) <= per_hour
    engine.dispose()
