"""Who gets the answer, against the customer's last mail."""

from typing import Any

import pytest

from mailer.model import Direction, Message
from mailer.web.console.recipients import LIKE_ANOTHER, NEW_IN_COPY, Change, Party, edits, like_address, recipients

OURS = frozenset({"care@shop.test"})


def mail(sender: str = "ana@customer.test", **values: Any) -> Message:
    return Message(conversation_id=1, direction=Direction.IN, from_address=sender, senders=[sender], **values)


def test_an_answer_to_the_sender_alone_is_no_difference() -> None:
    found = recipients("Ana@customer.test", mail(to_addresses=["care@shop.test"]), [], [], OURS)
    assert found.parties == (Party("Ana@customer.test", Change.SAME, "From"),)
    assert found.as_they_were
    assert found.warnings == ()


def test_who_is_new_and_who_is_left_out_is_told_with_their_place() -> None:
    last = mail(
        reply_to="other@customer.test", to_addresses=["care@shop.test", "to@x.test"], cc_addresses=["Cc@x.test"]
    )
    found = recipients("order@customer.test", last, [], [], OURS)
    assert [(one.address, one.change.value, one.place) for one in found.parties] == [
        ("order@customer.test", "new", ""),
        ("ana@customer.test", "gone", "From"),
        ("other@customer.test", "gone", "Reply-To"),
        ("to@x.test", "gone", "To"),
        ("cc@x.test", "gone", "Cc"),
    ]
    assert not found.as_they_were


def test_only_an_address_that_is_new_in_copy_is_warned_of() -> None:
    last = mail(cc_addresses=["old@x.test", "new@x.test"])
    earlier = [mail(cc_addresses=["OLD@x.test"])]
    assert recipients("", last, earlier, [], OURS).warnings == ((NEW_IN_COPY, "new@x.test"),)
    assert recipients("", last, [], [], OURS).warnings == ()


@pytest.mark.parametrize(
    ("address", "known", "like"),
    [
        ("ana@custorner.test", "ana@customer.test", True),  # rn for m
        ("ana@cust0mer.test", "ana@customer.test", True),
        ("ana@customres.test", "ana@customer.test", True),  # two edits
        ("ana@xn--cstomer-3ya.test", "ana@customer.test", False),
        ("anna.cruz@gmail.com", "ana.cruz@gmail.com", True),  # one letter of the name
        ("ana@gmail.com", "eva@gmail.com", False),  # short names are near each other
        ("ana.cruz@gmx.de", "ana.cruz@web.de", False),
        ("ana@outlook.fr", "ana@outlook.de", True),
        ("bob@outlook.fr", "ana@outlook.de", False),
        ("care@linen-shopp.test", "care@linen-shop.test", True),
        ("ana@customer.test", "ana@customer.test", False),
        ("somebody@elsewhere.test", "ana@customer.test", False),
        ("", "ana@customer.test", False),
        ("ana@customer.test", "", False),
    ],
)
def test_an_address_that_could_be_taken_for_a_known_one(address: str, known: str, like: bool) -> None:
    assert like_address(address, [known]) == (known if like else None)
    found = recipients("", mail(address), [], [known], OURS).warnings
    assert found == (((LIKE_ANOTHER, known),) if like else ())


def test_edits_are_counted_up_to_three() -> None:
    assert [edits("abc", other) for other in ("abc", "abd", "ab", "xabcd", "xyz", "abcdefgh")] == [0, 1, 1, 2, 3, 3]
    assert edits("a" * 100_000, "b" * 100_000) == 3
