"""First come, first served."""

import threading
from concurrent.futures import ThreadPoolExecutor

from mailer.turns import Turns


def test_they_come_in_the_sequence_in_which_they_asked() -> None:
    turns, came = Turns(), []

    def ask(number: int) -> None:
        with turns.mine(30) as mine:
            assert mine
            came.append(number)

    with ThreadPoolExecutor(5) as pool:
        with turns.mine(0):
            asked = [pool.submit(ask, number) for number in range(5) if _in_the_row(turns, number)]
            assert _in_the_row(turns, 5)
        [one.result() for one in asked]
    assert came == [0, 1, 2, 3, 4]


def test_who_waits_too_long_is_told_and_holds_up_nobody() -> None:
    turns = Turns()
    with turns.mine(0) as first, turns.mine(0.01) as second:
        assert (first, second) == (True, False)
    with turns.mine(0) as third:
        assert third


def test_a_block_that_raises_ends_its_turn() -> None:
    turns = Turns()
    try:
        with turns.mine(0):
            raise ValueError
    except ValueError:
        pass
    with turns.mine(0) as mine:
        assert mine


def _in_the_row(turns: Turns, number: int) -> bool:
    """Wait until so many stand in the row."""
    pause = threading.Event()
    while len(turns._row) < number:
        pause.wait(0.001)
    return True
