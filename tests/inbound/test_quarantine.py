"""Mails in quarantine are seen, tried again and taken out; nothing that is well is touched."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, NotFound
from mailer.inbound.folder import Fetched, Folder, Listed
from mailer.inbound.ledger import due_again, keep, set_aside
from mailer.inbound.quarantine import as_text, listed, raw_bytes, retry, want_whole
from mailer.model import RawMail, RawMailState
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FOLDER = Folder(7, 2)


def unreadable(session: Session) -> int:
    number = build.raw_mail(session, NOW, b"Subject: odd\r\n\r\nwords")
    row = session.get_one(RawMail, number)
    row.state, row.error = RawMailState.QUARANTINED, "too many parts"
    session.flush()
    return number


def not_given(session: Session) -> int:
    box = build.mailbox(session)
    set_aside(session, box, FOLDER, Listed(1, 500, NOW), "NO [SERVERBUG]", now=NOW)
    return listed(session)[0].id


def test_an_unreadable_mail_is_read_again(session: Session) -> None:
    number = unreadable(session)
    (seen,) = listed(session)
    assert (seen.id, seen.mailbox, seen.error, seen.has_bytes) == (number, "support", "too many parts", True)
    assert "read again" in retry(session, number, now=NOW)
    row = session.get_one(RawMail, number)
    assert (row.state, row.error) == (RawMailState.STORED, None)
    with pytest.raises(Conflict, match="not quarantined"):
        retry(session, number, now=NOW)
    with pytest.raises(NotFound):
        retry(session, 999, now=NOW)


def test_a_mail_that_was_not_given_is_asked_for_again_and_filled(session: Session) -> None:
    number = not_given(session)
    box = build.mailbox(session)
    assert not listed(session)[0].has_bytes
    assert due_again(session, box, FOLDER, now=NOW) == []
    assert "asked" in retry(session, number, now=NOW)
    session.flush()
    assert due_again(session, box, FOLDER, now=NOW) == [1]
    assert keep(session, box, 7, Fetched(1, NOW, b"at last"), now=NOW)
    assert not keep(session, box, 7, Fetched(1, NOW, b"at last"), now=NOW)
    session.flush()
    assert raw_bytes(session, number) == b"at last"
    assert session.get_one(RawMail, number).state == RawMailState.STORED


def test_there_are_no_bytes_of_a_mail_that_was_not_given(session: Session) -> None:
    with pytest.raises(NotFound):
        raw_bytes(session, not_given(session))
    with pytest.raises(NotFound):
        want_whole(session, 999, now=NOW)


def test_the_text_of_a_mail_is_harmless_and_bounded() -> None:
    assert as_text(b"a\r\nb\x1b[31m\x00\xff\xe2\x80\xae") == "a\nb\ufffd[31m\ufffd\ufffd\ufffd"
    assert as_text(b"x" * 100_005).endswith("x\n[... 5 more bytes]\n")
