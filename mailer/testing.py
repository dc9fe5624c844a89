"""Contract suites for what a shop writes itself: inherit one, say what is yours, and the tests say whether it fits.

class TestOurErp(OrderSourceContract):
    source = OurErp()
    good = "Auftrag;Mail;Datum\\n77;ana@example.com;2026-11-02T09:00:00+01:00\\n"
    good_numbers = ("77",)
    partly_bad = "Auftrag;Mail;Datum\\n77;nobody;2026-11-02T09:00:00+01:00\\n78;bo@example.com;..."
    partly_bad_numbers = ("78",)
"""

import io
from typing import ClassVar

import pytest

from mailer.errors import InputError
from mailer.orders.source import BadOrder, OrderIn, OrderSource
from mailer.orders.table import header_of


class OrderSourceContract:
    """What every OrderSource keeps to; each test is one sentence of the contract."""

    source: ClassVar[OrderSource]
    # A file without mistakes, and the numbers of its orders in their sequence.
    good: ClassVar[str]
    good_numbers: ClassVar[tuple[str, ...]]
    # A file in which at least one order has mistakes, and the numbers of those that have none.
    partly_bad: ClassVar[str]
    partly_bad_numbers: ClassVar[tuple[str, ...]]

    def test_it_has_a_name_for_the_command_line(self) -> None:
        assert self.source.name
        assert self.source.name == self.source.name.strip().lower()

    def test_it_recognises_its_own_header_and_no_other(self) -> None:
        assert self.source.recognises(header_of(io.StringIO(self.good)))
        assert not self.source.recognises(["colour", "size"])

    def test_it_reads_every_order_of_a_good_file(self) -> None:
        read = list(self.source.read(io.StringIO(self.good)))
        assert [each for each in read if isinstance(each, BadOrder)] == []
        assert _numbers(read) == self.good_numbers

    def test_reading_again_gives_the_same(self) -> None:
        assert list(self.source.read(io.StringIO(self.good))) == list(self.source.read(io.StringIO(self.good)))

    def test_a_byte_order_mark_and_windows_line_ends_change_nothing(self) -> None:
        windows = "\ufeff" + self.good.replace("\n", "\r\n")
        assert _numbers(list(self.source.read(io.StringIO(windows, newline="")))) == self.good_numbers

    def test_a_bad_order_is_told_with_its_line_and_the_others_are_read(self) -> None:
        read = list(self.source.read(io.StringIO(self.partly_bad)))
        bad = [each for each in read if isinstance(each, BadOrder)]
        assert bad
        assert all(problem.startswith("line ") for each in bad for problem in each.problems)
        assert _numbers(read) == self.partly_bad_numbers

    def test_a_file_with_a_wrong_header_is_refused_as_a_whole(self) -> None:
        with pytest.raises(InputError):
            list(self.source.read(io.StringIO("colour,size\nred,M\n")))

    def test_an_empty_file_is_refused(self) -> None:
        with pytest.raises(InputError):
            list(self.source.read(io.StringIO("")))

    def test_each_parcel_and_position_can_be_told_from_the_others(self) -> None:
        for order in self.source.read(io.StringIO(self.good)):
            if isinstance(order, OrderIn):
                keys = [parcel.key for parcel in order.fulfillments]
                assert len(keys) == len(set(keys))


def _numbers(read: list[OrderIn | BadOrder]) -> tuple[str, ...]:
    return tuple(each.name for each in read if isinstance(each, OrderIn))
