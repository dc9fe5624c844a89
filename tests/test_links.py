"""Tokens in links: short enough for a mail address, proven before they are read, and over in time."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.links import Link, customer_links, in_address, read_link
from mailer.signing import Keys

KEYS = Keys((b"k" * 32,))
LINKS = st.builds(
    Link,
    purpose=st.sampled_from(["rate", "review", "choice", "return", "unsubscribe", "unseen"]),
    subject_kind=st.sampled_from(["order", "conversation", "incident", "customer"]),
    subject_id=st.integers(0, 2**31),
    customer_id=st.integers(0, 2**31),
    question=st.sampled_from(["-", "satisfaction", "recommend", "arrived", "review", "feedback", "marketing"]),
    enrollment_id=st.integers(0, 2**31),
    last_day=st.none() | st.dates(date(2020, 1, 1), date(2100, 1, 1)),
)
WHOLE: dict[str, Any] = {"customer_id": 7, "order_id": 3, "incident_id": 4, "conversation_id": None, "enrollment_id": 9}
PAGES = {
    *(f"rate_{value}" for value in range(1, 6)),
    *(f"review_{value}" for value in range(1, 6)),
    *("arrived_yes", "arrived_no", "review", "wait", "cancel", "return", "unsubscribe", "unseen"),
}
MAILS = {*(f"rate_mail_{value}" for value in range(1, 6)), "unsubscribe_mail"}


def links(now: datetime, public_url: str = "https://mail.shop.test", **changes: Any) -> dict[str, str]:
    told: dict[str, Any] = {**WHOLE, "kind": "feedback", **changes}
    return customer_links(KEYS, public_url, "care@shop.test", now=now, **told)


@given(LINKS)
def test_a_token_says_what_was_put_in(link: Link) -> None:
    token = link.token(KEYS)
    assert read_link(KEYS, token) == link
    assert re.fullmatch(r"[a-z0-9.-]+", token)
    assert read_link(KEYS, token.upper()) == link, "some servers change the case of what stands before the @"


@given(LINKS, st.integers(0, 200), st.sampled_from("abcdefgh234.-xß٣"))
def test_no_changed_token_opens_anything(link: Link, place: int, char: str) -> None:
    token = link.token(KEYS)
    place %= len(token)
    forged = token[:place] + char + token[place + 1 :]
    if forged == token:
        return
    with pytest.raises(InputError, match="not one of ours"):
        read_link(KEYS, forged)


@pytest.mark.parametrize("token", ["", ".", "a.b", "ros1-1-1-x.", "x" * 5_000, "ros1-1-1-x.aaaa", "./../etc"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InputError):
        read_link(KEYS, token)


def test_a_token_of_another_key_is_refused_and_an_old_key_still_reads() -> None:
    link = Link("rate", "order", 1, 1)
    old, new = Keys((b"o" * 32,)), Keys((b"n" * 32, b"o" * 32))
    assert read_link(new, link.token(old)) == link
    with pytest.raises(InputError):
        read_link(KEYS, link.token(old))


def test_links_end_and_the_way_out_does_not(now: datetime) -> None:
    found = links(now)
    rating = read_link(KEYS, found["rate_4"].split("/rate/")[1].split("?")[0])
    assert not rating.expired(now + timedelta(days=180))
    assert rating.expired(now + timedelta(days=182))
    way_out = read_link(KEYS, found["unsubscribe"].split("/unsubscribe/")[1])
    assert not way_out.expired(now + timedelta(days=10_000))
    assert way_out.question == "feedback"


def test_the_names_of_all_links(now: datetime) -> None:
    found = links(now)
    assert set(found) == PAGES | MAILS
    assert found["rate_4"].endswith("?value=4")
    assert found["review_2"].endswith("?stars=2")
    assert found["cancel"].endswith("?answer=cancel")


def test_without_a_public_address_only_mail_answers(now: datetime) -> None:
    found = links(now, public_url="")
    assert set(found) == MAILS
    assert found["rate_mail_3"].startswith("mailto:care+rate-")
    assert found["rate_mail_3"].endswith("@shop.test?subject=3")


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"kind": "transactional"}, {"unsubscribe", "unsubscribe_mail"}),
        ({"incident_id": None}, {"wait", "cancel"}),
        (
            {"order_id": None, "incident_id": None, "conversation_id": 5},
            {"wait", "cancel", "review", "return", "arrived_yes", "arrived_no", *(f"review_{n}" for n in range(1, 6))},
        ),
        ({"marketplace": True}, PAGES | MAILS),
    ],
)
def test_a_link_that_cannot_be_is_absent(now: datetime, changes: dict[str, Any], gone: set[str]) -> None:
    assert (PAGES | MAILS) - set(links(now, **changes)) == gone


def test_a_survey_is_about_the_conversation_where_there_is_one(now: datetime) -> None:
    token = links(now, conversation_id=5)["rate_1"].split("/rate/")[1].split("?")[0]
    assert read_link(KEYS, token) == replace(
        read_link(KEYS, links(now)["rate_1"].split("/rate/")[1].split("?")[0]),
        subject_kind="conversation",
        subject_id=5,
    )


def test_an_address_with_a_token_fits_and_is_known_again(now: datetime) -> None:
    large: dict[str, Any] = {"customer_id": 9_000_000, "order_id": 9_000_000, "enrollment_id": 40_000_000}
    address = links(now, **large)["rate_mail_5"].removeprefix("mailto:").split("?")[0]
    assert len(address.split("@")[0]) <= 64
    known = in_address(f"Shop <{address}>")
    assert known is not None
    assert known[0] == "rate"
    assert read_link(KEYS, known[1]).subject_id == 9_000_000
    assert in_address("care@shop.test") is None
    assert in_address("care+rate-abc@shop.test") == ("rate", "abc")


def test_an_address_that_would_be_too_long_is_left_out(now: datetime) -> None:
    found = customer_links(KEYS, "", "customer-happiness-department@shop.test", now=now, kind="feedback", **WHOLE)
    assert found == {}


def test_all_links_of_a_mail_share_the_one_that_nobody_sees(now: datetime) -> None:
    found = links(now)
    unseen = found["unseen"].split("/unseen/")[1]
    for name in ("rate_1", "review", "wait", "return"):
        link = read_link(KEYS, found[name].split("?")[0].rsplit("/", 1)[1])
        assert link.unseen().token(KEYS) == unseen
