"""How connections shrink and grow, how long a relay is left alone, and when somebody must know."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.outbound.circuit import Line, after, alarming
from mailer.outbound.outcome import CASES, Accepted, Cause, Deferred, Outcome, Refused, Scope, Unknown

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
C = Cause
GOOD = Accepted("250")


def deferred(cause: Cause) -> Deferred:
    return Deferred("said", 421, cause)


def run(line: Line, *outcomes: Outcome, most: int = 8) -> Line:
    return reduce(lambda standing, outcome: after(standing, outcome, most=most, now=NOW), outcomes, line)


def rest(line: Line) -> timedelta:
    return (line.rests_until or NOW) - NOW


@pytest.mark.parametrize(
    ("cause", "rests"),
    [
        (C.RELAY_SILENT, [2, 4, 8, 16, 32, 60, 60]),
        (C.RELAY_LATER, [2, 4, 8, 16, 32, 60, 60]),
        (C.TOO_MANY_CONNECTIONS, [5, 10, 20, 40, 60, 60]),
        (C.LOGIN_REFUSED, [60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (C.ACCOUNT_BLOCKED, [60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (C.GREYLISTED, [0, 0, 0]),
    ],
)
def test_the_rest_grows_with_each_failure(cause: Cause, rests: list[int]) -> None:
    line = Line(8.0)
    for seconds in rests:
        line = run(line, deferred(cause))
        assert timedelta(seconds=seconds) * 0.8 <= rest(line) <= timedelta(seconds=seconds) * 1.2


def test_connections_are_halved_and_grow_by_one_a_round() -> None:
    line = run(Line(8.0), deferred(C.TOO_MANY_CONNECTIONS))
    assert (line.connections, line.lanes(8)) == (4.0, 4)
    line = run(line, *[deferred(C.TOO_FAST)] * 9)
    assert line.lanes(8) == 1
    lanes = [(line := run(line, GOOD)).lanes(8) for _ in range(40)]
    assert lanes == sorted(lanes)
    assert lanes[-1] == 8
    # About one more after 1, then 2, then 3 mails and so on.
    assert [lanes.index(count) for count in (2, 3, 4)] == [0, 3, 6]


def test_one_mail_that_got_through_ends_it() -> None:
    failing = run(Line(8.0), *[deferred(C.LOGIN_REFUSED)] * 5)
    assert run(failing, GOOD) == Line(8.0)


def test_a_relay_that_speaks_of_a_single_mail_is_there() -> None:
    failing = run(Line(8.0), *[deferred(C.RELAY_SILENT)] * 5)
    assert run(failing, Refused("550", 550, C.NO_SUCH_ADDRESS)) == Line(8.0)


def test_three_refusals_for_policy_in_a_row_are_about_us() -> None:
    refusal = Refused("550 5.7.1", 550, C.POLICY)
    twice = run(Line(2.0), refusal, Refused("550", 550, C.NO_SUCH_ADDRESS), refusal)
    assert (rest(twice), alarming(twice, NOW)) == (timedelta(), False)
    thrice = run(twice, refusal)
    assert rest(thrice) > 40 * SECOND
    assert alarming(thrice, NOW)
    assert run(Line(2.0), refusal, refusal, GOOD, refusal, refusal).rests_until is None


def test_a_relay_that_dies_after_each_body_is_left_alone_for_long() -> None:
    lost = Unknown("gone", C.LOST_AFTER_BODY)
    assert rest(run(Line(2.0), lost)) < 3 * SECOND
    thrice = run(Line(2.0), lost, lost, lost)
    assert rest(thrice) > 3 * MINUTE
    assert alarming(thrice, NOW)


@pytest.mark.parametrize("cause", [cause for cause in Cause if CASES[cause].scope is not Scope.MAIL])
def test_an_account_s_trouble_alarms_at_once_a_relay_s_when_it_lasts(cause: Cause) -> None:
    line = run(Line(2.0), deferred(cause))
    bearable = {Scope.ACCOUNT: timedelta(), Scope.RELAY: 2 * MINUTE, Scope.CONNECTIONS: 15 * MINUTE}
    limit = bearable[CASES[cause].scope]
    assert alarming(line, NOW + limit)
    assert not limit or not alarming(line, NOW + limit - SECOND)


OUTCOMES = st.sampled_from(Cause).flatmap(
    lambda cause: st.sampled_from([Deferred("", 450, cause), Refused("", 550, cause), Unknown("", cause), GOOD])
)


@given(outcomes=st.lists(OUTCOMES, max_size=60), most=st.integers(1, 20))
def test_whatever_comes_there_is_a_lane_and_an_end_to_each_rest(outcomes: list[Outcome], most: int) -> None:
    line = run(Line(float(most)), *outcomes, most=most)
    assert 1 <= line.lanes(most) <= most
    assert rest(line) <= HOUR * 1.2
    assert (line.rests_until is None) or line.failures > 0
