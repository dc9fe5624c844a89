"""A flow's own tests end in time, whatever somebody wrote into them, and say why they were stopped."""

import pytest

from mailer.clock import worked
from mailer.flows.own_tests import Patience, TookTooLong, failures, outcomes
from mailer.flows.parse import parse_flow
from tests.flows.build import SMALL


def case(events: str, expect: str = "[]") -> str:
    return f'[[test]]\nname = "one"\norder = {{ country = "DE" }}\nevents = [{events}]\nexpect = {expect}\n'


# Each parcel is a passage of its own, and each of them looks at what happened so far: some seconds of work.
OF_PARCELS = SMALL.replace("order.delivered", "shipment.delivered").replace('per = "order"', 'per = "shipment"')
LONG = case(", ".join(f'"{hour}h shipment.delivered #{hour + 1}"' for hour in range(290)))


def test_tests_that_take_long_are_stopped_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience.__init__, "__defaults__", (0.1,))
    flow = parse_flow("small", OF_PARCELS + case('"4d shipment.delivered"', '["7d send ask"]') + LONG * 2)
    began = worked()
    [(number, _, words)] = failures(flow)
    assert worked() - began < 1
    assert number == 2
    assert words == "the tests were stopped after 0.1 seconds of work, at this one of 3; write fewer or shorter ones"
    with pytest.raises(TookTooLong, match="stopped after"):
        outcomes(flow)


def test_one_test_with_too_many_events_is_not_begun() -> None:
    many = case(", ".join(f'"{minute}m order.delivered"' for minute in range(301)))
    [(number, _, words)] = failures(parse_flow("small", SMALL + many))
    assert (number, words) == (1, "it has 301 events; a test has at most 300")


def test_what_is_written_with_measure_is_not_disturbed() -> None:
    flow = parse_flow("small", SMALL + case('"4d order.delivered"', '["7d send ask"]') * 40)
    assert list(failures(flow)) == []
    assert outcomes(flow) == {}
