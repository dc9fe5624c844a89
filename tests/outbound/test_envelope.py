"""A signed envelope sender names its delivery, and nobody else can write one."""

import pytest

from mailer.outbound.envelope import delivery_of, signed_sender
from mailer.signing import Keys

KEYS = Keys((b"k" * 32,))
OLD = Keys((b"o" * 32,))


@pytest.mark.parametrize("number", [1, 17, 987_654_321])
def test_what_we_sign_we_recognise(number: int) -> None:
    sender = signed_sender("care@shop.test", number, KEYS)
    assert sender.startswith(f"care+b{number}-")
    assert sender.endswith("@shop.test")
    assert len(sender.rpartition("@")[0]) <= 64
    assert delivery_of(sender, KEYS) == number
    assert delivery_of(sender.upper(), KEYS) == number


def test_a_key_that_only_verifies_still_recognises() -> None:
    assert delivery_of(signed_sender("care@shop.test", 3, OLD), Keys((b"k" * 32, b"o" * 32))) == 3


def test_the_tag_of_one_delivery_is_not_that_of_another() -> None:
    sender = signed_sender("care@shop.test", 17, KEYS)
    assert delivery_of(sender.replace("+b17-", "+b18-"), KEYS) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "care@shop.test",
        "care+b@shop.test",
        "care+b17@shop.test",
        "care+b17-@shop.test",
        "care+b17-abc@shop.test",
        "care+b-1-abc@shop.test",
        "care+b\u0661-abc@shop.test",
        "care+b17-\u00e9@shop.test",
        f"care+b{'9' * 40}-a@shop.test",
    ],
)
def test_anything_else_is_no_delivery(address: str) -> None:
    assert delivery_of(address, KEYS) is None


def test_an_address_that_would_grow_too_long_is_left_as_it_is() -> None:
    long = f"{'a' * 60}@shop.test"
    assert signed_sender(long, 17, KEYS) == long
