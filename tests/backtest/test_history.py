"""A mailbox's past on a server that fails at single mails: they are left out, and nothing is asked that changes one."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.backtest.history import History
from mailer.errors import MailerError
from mailer.inbound.child import Reader
from mailer.inbound.imap import Account
from tests import build
from tests.inbound.scripted import Fault, ScriptedImap, imap_server

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def account(server: ScriptedImap) -> Account:
    return Account("127.0.0.1", server.port, "none", None, "care", "secret", "INBOX", timedelta(seconds=2), 100_000)


@pytest.mark.parametrize("fault", [Fault.NO, Fault.EOF, Fault.HUGE])
async def test_a_mail_that_the_server_does_not_give_stops_no_other(fault: Fault) -> None:
    reader = Reader()
    async with imap_server() as server:
        for number in range(3):
            server.put(build.mail_bytes(f"letter {number}"))
        server.faults[2] = fault
        history = History(account(server), reader, "")
        try:
            listed = await history.wanted("INBOX", SINCE, 10)
            found = [past async for past in history.inbox("INBOX", listed)]
        finally:
            await history.close()
            reader.close()
    assert [(past.uid, past.mail.text if past.mail else None) for past in found] == [
        (1, "letter 0"),
        (2, None),
        (3, "letter 2"),
    ]
    asked = " ".join(server.commands).upper()
    assert "EXAMINE" in asked
    assert not any(word in asked for word in ("SELECT", "STORE", "APPEND", "MOVE", "EXPUNGE", "BODY[]"))


async def test_a_server_without_a_folder_of_sent_mail_is_told_what_to_do() -> None:
    reader = Reader()
    async with imap_server(names_sent=False) as server:
        history = History(account(server), reader, "")
        try:
            assert await history.sent_folder("none") == ""
            assert await history.sent_folder("Gesendet") == "Gesendet"
            with pytest.raises(MailerError, match="names no folder of sent mail, so there is nothing to compare with"):
                await history.sent_folder("auto")
        finally:
            await history.close()
            reader.close()
