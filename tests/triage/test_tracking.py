"""Tracking numbers are known by shape and check digit, or by what stands before them."""

import pytest

from mailer.clock import monotonic
from mailer.triage.tracking import fedex, postal, sevens, threes, tracking_numbers, ups


@pytest.mark.parametrize(
    ("check", "number", "right"),
    [
        (ups, "1Z999AA10123456784", True),
        (ups, "1Z999AA10123456785", False),
        (postal, "RB123456785GB", True),
        (postal, "RB123456784GB", False),
        (fedex, "012345678983", True),
        (fedex, "012345678984", False),
        (threes, "9102969010383081813033", True),
        (threes, "9102969010383081813034", False),
        (sevens, "1234567891", True),
        (sevens, "1234567892", False),
    ],
)
def test_check_digits(check: object, number: str, right: bool) -> None:
    assert callable(check)
    assert check(number) is right


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("my parcel 1Z999AA10123456784 is lost", ("1Z999AA10123456784",)),
        ("1Z 999 AA1 01 2345 6784", ("1Z999AA10123456784",)),
        ("RB 123 456 785 GB", ("RB123456785GB",)),
        ("快递RB123456785GB没到", ("RB123456785GB",)),
        ("JD0146009999 please", ("JD0146009999",)),
        ("9102 9690 1038 3081 8130 33", ("9102969010383081813033",)),
        ("fedex says 012345678983", ("012345678983",)),
        ("012345678983", ()),
        ("Sendungsnummer: 00340434161094015902", ("00340434161094015902",)),
        ("快递单号：SF1234567890123", ("SF1234567890123",)),
        ("numéro de suivi 6A12345678901", ("6A12345678901",)),
        ("order 1001, phone 01715550000", ()),
        ("RB123456784GB", ()),
        ("", ()),
    ],
)
def test_they_are_found_in_a_text(text: str, numbers: tuple[str, ...]) -> None:
    assert tracking_numbers(text) == numbers


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1Z", "1Z ", "JD1 ", "A1", "tracking ", "tracking number: ", "RB1"], ids=repr
)
def test_crafted_text_takes_no_long_time(piece: str) -> None:
    start = monotonic()
    assert len(tracking_numbers(piece * (50_000 // len(piece)))) <= 5
    assert monotonic() - start < 2
