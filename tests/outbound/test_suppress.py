"""What is suppressed is told in words, once, and lifted by whoever may."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.errors import InputError, NotFound
from mailer.model import Stream, SuppressionCause, lift_undeliverable
from mailer.outbound.suppress import lift, open_suppressions, suppress, suppressed

ANA = "ana@customer.test"
PERSON = SuppressionCause.PERSON


@pytest.mark.parametrize(
    ("stream", "stopped"),
    [
        (Stream.ALL, {"reply", "transactional", "feedback", "marketing", "acknowledgement"}),
        (Stream.FEEDBACK, {"feedback"}),
        (Stream.MARKETING, {"marketing"}),
    ],
)
def test_a_suppression_stops_its_stream_only(
    session: Session, now: datetime, stream: Stream, stopped: set[str]
) -> None:
    suppress(session, ANA, stream, PERSON, "asked by phone", now=now)
    kinds = ["reply", "transactional", "feedback", "marketing", "acknowledgement"]
    assert {kind for kind in kinds if suppressed(session, ANA, kind)} == stopped
    assert all(suppressed(session, "bob@customer.test", kind) is None for kind in kinds)


def test_it_is_told_in_words_with_the_way_out(session: Session, now: datetime) -> None:
    suppress(session, " Ana@Customer.test ", Stream.ALL, PERSON, "asked by phone", now=now)
    words = suppressed(session, ANA, "reply")
    assert words == "asked by phone; `mailer suppressions lift` allows it again"


def test_the_same_is_written_down_once(session: Session, now: datetime) -> None:
    assert suppress(session, ANA, Stream.ALL, PERSON, "asked", now=now)
    assert not suppress(session, ANA, Stream.ALL, PERSON, "asked again", now=now)
    assert [row.words for row in open_suppressions(session)] == ["asked"]


def test_what_was_lifted_can_be_put_on_again(session: Session, now: datetime) -> None:
    suppress(session, ANA, Stream.ALL, PERSON, "asked", now=now)
    assert lift(session, ANA, words="changed their mind", now=now) == 1
    assert suppressed(session, ANA, "reply") is None
    assert suppress(session, ANA, Stream.ALL, PERSON, "asked again", now=now + timedelta(days=1))
    assert len(open_suppressions(session)) == 1


def test_a_mail_from_the_address_does_not_lift_what_a_person_decided(session: Session, now: datetime) -> None:
    suppress(session, ANA, Stream.ALL, PERSON, "asked", now=now)
    assert lift_undeliverable(session, ANA, now=now) == 0
    assert suppressed(session, ANA, "reply")


def test_lifting_nothing_says_so(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound, match="mailer suppressions list"):
        lift(session, ANA, words="", now=now)


@pytest.mark.parametrize("address", ["", "ana", "@shop.test", "ana@", "ana @shop.test", "a@b\nc@d"])
def test_what_is_no_address_is_refused(session: Session, now: datetime, address: str) -> None:
    with pytest.raises(InputError, match="not a mail address"):
        suppress(session, address, Stream.ALL, PERSON, "", now=now)
