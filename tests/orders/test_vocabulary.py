"""Carriers' words, and which of two observations stands."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.model import ParcelState
from mailer.orders.vocabulary import Observation, later, state_of

observations = st.builds(
    Observation,
    st.sampled_from(ParcelState),
    st.integers(1, 6).map(lambda day: datetime(2026, 11, day, tzinfo=UTC)),
)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("label_purchased", ParcelState.LABEL),
        ("label_printed", ParcelState.LABEL),
        ("confirmed", ParcelState.LABEL),
        ("carrier_picked_up", ParcelState.PICKED_UP),
        ("in_transit", ParcelState.IN_TRANSIT),
        ("OUT_FOR_DELIVERY", ParcelState.OUT_FOR_DELIVERY),
        ("attempted_delivery", ParcelState.ATTEMPT_FAILED),
        ("ready_for_pickup", ParcelState.PICKUP_READY),
        ("delivered", ParcelState.DELIVERED),
        ("Delayed", ParcelState.DELAYED),
        ("returning_to_sender", ParcelState.RETURNING),
        ("failure", ParcelState.LOST),
        ("customs", ParcelState.CUSTOMS),
        ("Out for delivery", ParcelState.OUT_FOR_DELIVERY),
        ("buyer_action_required", ParcelState.IN_TRANSIT),
        ("", ParcelState.IN_TRANSIT),
    ],
)
def test_words_of_carriers_become_ours_and_unknown_ones_mean_that_it_moves(word: str, state: ParcelState) -> None:
    assert state_of(word) is state


@pytest.mark.parametrize("state", list(ParcelState))
def test_our_own_words_are_understood(state: ParcelState) -> None:
    assert state_of(state.value) is state


def day(number: int, state: ParcelState) -> Observation:
    return Observation(state, datetime(2026, 11, number, tzinfo=UTC))


@pytest.mark.parametrize(
    ("one", "other", "stands"),
    [
        (day(5, ParcelState.IN_TRANSIT), day(6, ParcelState.OUT_FOR_DELIVERY), 6),
        (day(6, ParcelState.DELAYED), day(7, ParcelState.IN_TRANSIT), 7),
        (day(6, ParcelState.DELIVERED), day(7, ParcelState.IN_TRANSIT), 6),
        (day(6, ParcelState.DELIVERED), day(7, ParcelState.DELIVERED), 6),
        (day(6, ParcelState.LOST), day(8, ParcelState.DELIVERED), 8),
    ],
)
def test_the_newer_stands_and_delivered_is_final(one: Observation, other: Observation, stands: int) -> None:
    assert later(one, other).at == datetime(2026, 11, stands, tzinfo=UTC)


def test_at_the_same_moment_the_higher_rank_stands() -> None:
    assert later(day(5, ParcelState.OUT_FOR_DELIVERY), day(5, ParcelState.IN_TRANSIT)).state == "out_for_delivery"


def test_a_state_that_nobody_dated_gives_way() -> None:
    undated = Observation(ParcelState.LABEL, None)
    assert later(undated, day(1, ParcelState.LABEL)) == day(1, ParcelState.LABEL)


@given(observations, observations, observations)
def test_the_order_of_comparing_does_not_matter(a: Observation, b: Observation, c: Observation) -> None:
    assert later(a, b) == later(b, a)
    assert later(a, a) == a
    assert later(later(a, b), c) == later(a, later(b, c))
