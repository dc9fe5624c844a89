"""The five stops: each holds when the other four are switched off, and none stops what it should not."""

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.config import Stops
from mailer.replies.loops import Asking, Marks, Sent, Stop, Switches, marks, stops

OWN = frozenset({"care@shop.test"})
ALL_OFF = Switches(False, False, False, 0, 0, 0, 0)
PERSON = Asking(("ana@customer.test",), may_auto_answer=True, dmarc="pass")
# Another installation's acknowledgement, the third of a duel in one conversation: everything speaks against it.
DUEL = Asking(("noreply@other.test",), False, "pass", marks=Marks(null_sender=True, ours=True), sent=Sent(2, 2, 1, 100))
ON = {
    Stop.AUTOMATIC_MAIL: replace(ALL_OFF, automatic_mail=True),
    Stop.NULL_SENDER: replace(ALL_OFF, null_sender=True),
    Stop.OWN_MARK: replace(ALL_OFF, own_mark=True),
    Stop.PER_ADDRESS: replace(ALL_OFF, per_address_day=2),
    Stop.PER_CONVERSATION: replace(ALL_OFF, per_conversation=1),
    Stop.IN_ALL: replace(ALL_OFF, in_all_per_hour=100),
}


def names(mail: Asking, switches: Switches) -> list[Stop]:
    return [stop for stop, words in stops(mail, OWN, switches) if words]


def test_a_customer_s_first_mail_is_acknowledged() -> None:
    assert names(PERSON, Switches()) == []


@pytest.mark.parametrize("stop", ON)
def test_each_stop_holds_alone(stop: Stop) -> None:
    assert names(DUEL, ON[stop]) == [stop]
    assert names(PERSON, ON[stop]) == []


@pytest.mark.parametrize("stop", ON)
def test_the_others_hold_when_one_is_off(stop: Stop) -> None:
    off = {
        Stop.AUTOMATIC_MAIL: {"automatic_mail": False},
        Stop.NULL_SENDER: {"null_sender": False},
        Stop.OWN_MARK: {"own_mark": False},
        Stop.PER_ADDRESS: {"per_address_day": 0, "per_address_week": 0},
        Stop.PER_CONVERSATION: {"per_conversation": 0},
        Stop.IN_ALL: {"in_all_per_hour": 0},
    }
    assert set(names(DUEL, Switches(**off[stop]))) == set(ON) - {stop}  # type: ignore[arg-type]


def test_with_all_stops_off_nothing_stops() -> None:
    assert names(DUEL, ALL_OFF) == []


@pytest.mark.parametrize(
    ("mail", "stop"),
    [
        (replace(PERSON, senders=("care@shop.test",)), [Stop.OWN_MARK]),
        (replace(PERSON, senders=("CARE@Shop.test",)), [Stop.OWN_MARK]),
        (replace(PERSON, senders=("MAILER-DAEMON@customer.test",)), [Stop.NULL_SENDER]),
        (replace(PERSON, senders=("no-reply@customer.test",)), [Stop.NULL_SENDER]),
        (replace(PERSON, sent=Sent(to_address_in_a_day=1)), []),
        (replace(PERSON, sent=Sent(2, 2)), [Stop.PER_ADDRESS]),
        (replace(PERSON, sent=Sent(0, 5)), [Stop.PER_ADDRESS]),
        (replace(PERSON, sent=Sent(0, 4)), []),
        (replace(PERSON, sent=Sent(in_conversation=1)), [Stop.PER_CONVERSATION]),
        (replace(PERSON, sent=Sent(in_all_in_an_hour=100)), [Stop.IN_ALL]),
        (replace(PERSON, dmarc="none"), [Stop.STRANGER]),
        (replace(PERSON, dmarc="fail"), [Stop.STRANGER]),
        (replace(PERSON, dmarc="none", known=True), []),
        (replace(PERSON, dmarc="fail", known=True), []),
        (replace(PERSON, senders=("a@b.test", "c@d.test")), [Stop.STRANGER]),
        (replace(PERSON, senders=()), [Stop.STRANGER]),
    ],
)
def test_what_stops_a_mail(mail: Asking, stop: list[Stop]) -> None:
    assert names(mail, Switches()) == stop


def test_no_switch_lets_strangers_through() -> None:
    assert names(replace(PERSON, dmarc="none"), ALL_OFF) == [Stop.STRANGER]


def test_the_switches_are_those_of_config() -> None:
    assert Switches(**Stops().model_dump()) == Switches()


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"From: a@b.test\r\nSubject: x", Marks()),
        (b"Return-Path: <>\r\nFrom: a@b.test", Marks(null_sender=True)),
        (b"return-path:<  >\nFrom: a@b.test", Marks(null_sender=True)),
        (b"Return-Path: <a@b.test>", Marks()),
        (b"Return-Path: <>\r\nReturn-Path: <a@b.test>", Marks(null_sender=True)),
        (b"X-Loop: mailer", Marks(ours=True)),
        (b"X-Loop:\r\n MAILER", Marks(ours=True)),
        (b"X-Loop: mailer-list@other.test", Marks()),
        (b"Subject: X-Loop: mailer", Marks()),
        (b"From: a@b.test\r\n\r\nX-Loop: mailer\r\nReturn-Path: <>", Marks()),
        (b"", Marks()),
    ],
)
def test_the_header_s_own_marks_are_read(head: bytes, found: Marks) -> None:
    assert marks(head) == found
    assert marks(head + b"\r\n\r\nbody") == found


@given(st.binary(max_size=2_000))
def test_any_bytes_have_marks(raw: bytes) -> None:
    assert isinstance(marks(raw), Marks)


@pytest.mark.parametrize("raw", [b"X-Loop: " * 200_000, b"\n " * 500_000, b"a:b\n" * 200_000, b"x" * 10_000_000])
def test_a_hostile_header_costs_no_time(raw: bytes) -> None:
    begin = process_time()
    marks(raw)
    assert process_time() - begin < 0.25
