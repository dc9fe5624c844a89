"""A difference of two shares is told only when there are enough of both, and 0 is out of the question."""

import pytest

from mailer.rendering.interval import Arm, Difference


@pytest.mark.parametrize(
    ("arm", "low", "high"), [(Arm(81, 263), 0.2553, 0.3662), (Arm(0, 20), 0.0, 0.1611), (Arm(0, 0), 0.0, 1.0)]
)
def test_the_share_lies_in_wilsons_interval(arm: Arm, low: float, high: float) -> None:
    assert arm.interval == pytest.approx((low, high), abs=0.0002)


@pytest.mark.parametrize(
    # Newcombe 1998, table II, rows a and c: 56/70 beside 48/80, and 9/10 beside 3/10.
    ("first", "second", "low", "high"),
    [(Arm(56, 70), Arm(48, 80), 0.0524, 0.3339), (Arm(9, 10), Arm(3, 10), 0.1705, 0.8090)],
)
def test_the_difference_is_newcombes(first: Arm, second: Arm, low: float, high: float) -> None:
    assert Difference(control=second, challenger=first).interval == pytest.approx((low, high), abs=0.0002)


@pytest.mark.parametrize(
    ("control", "challenger", "told"),
    [
        (Arm(10, 100), Arm(40, 100), True),
        (Arm(40, 100), Arm(10, 100), True),
        (Arm(40, 100), Arm(42, 100), False),
        (Arm(0, 29), Arm(29, 29), False),
        (Arm(0, 30), Arm(30, 30), True),
        (Arm(0, 0), Arm(0, 0), False),
    ],
)
def test_too_few_is_said(control: Arm, challenger: Arm, told: bool) -> None:
    assert Difference(control, challenger).can_tell is told
