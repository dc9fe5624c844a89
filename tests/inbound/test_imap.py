"""The door to IMAP, against answers that no real server gives on demand; the real ones are in journeys and faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from mailer.clock import monotonic
from mailer.errors import Trouble
from mailer.inbound.folder import Folder, Listed, batches, bodies, last_uids, open_folder, uids_from
from mailer.inbound.imap import Connection
from tests.inbound.dialogue import HANG, Script, serving

T = TypeVar("T")

WHEN = '"22-Nov-2026 11:00:00 +0100"'
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@asynccontextmanager
async def connected(script: Script) -> AsyncIterator[Connection]:
    with serving(script) as account:
        connection = Connection(account)
        try:
            yield connection
        finally:
            await connection.close()


def selected(client: Any, action: Callable[..., T], *arguments: Any) -> T:
    """Select the folder first, as the watcher does on each connection."""
    open_folder(client, "INBOX")
    return action(client, *arguments)


def above(client: Any, first: int) -> list[int]:
    """What there is from a UID on."""
    return uids_from(client, open_folder(client, "INBOX"), first)


def body(uid: int, text: str, sequence: int = 1) -> str:
    return f"* {sequence} FETCH (UID {uid} INTERNALDATE {WHEN} BODY[] {{{len(text)}}}\r\n{text})"


@pytest.mark.parametrize(
    ("said", "folder"),
    [
        (["* 2 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 9] ok"], Folder(7, 9, exists=2)),
        (["* OK [UIDVALIDITY 4294967295] ok", "* OK [UIDNEXT 4294967295] ok"], Folder(4294967295, 4294967295)),
        (["* OK [UIDVALIDITY 7] ok"], Folder(7, 6, told=False)),
    ],
)
async def test_a_folder_says_where_it_stands(said: list[str], folder: Folder) -> None:
    async with connected(Script(EXAMINE=said, UID_SEARCH=["* SEARCH 2 5"])) as connection:
        assert await connection.run(open_folder, "INBOX") == folder


@pytest.mark.parametrize("said", [["* 2 EXISTS"], ["* OK [UIDVALIDITY 0] ok", "* OK [UIDNEXT 3] ok"]])
async def test_a_folder_without_lasting_numbers_is_known_as_such(said: list[str]) -> None:
    async with connected(Script(EXAMINE=said, UID_SEARCH=["* SEARCH 2"])) as connection:
        assert not (await connection.run(open_folder, "INBOX")).sticky


async def test_the_last_mail_that_a_server_names_for_an_open_range_is_not_new() -> None:
    async with connected(Script(UID_SEARCH=["* SEARCH 5"])) as connection:
        assert await connection.run(above, 6) == []
        assert await connection.run(above, 5) == [5]


async def test_what_is_gone_or_comes_unasked_does_no_harm() -> None:
    said = [
        "* 9 EXISTS",
        "* 1 FETCH (FLAGS (\\Seen))",
        body(3, "three", 3),
        f"* 4 FETCH (UID 4 INTERNALDATE {WHEN} BODY[] NIL)",
        "* 2 EXPUNGE",
        body(2, "two", 2),
    ]
    async with connected(Script(UID_FETCH=said)) as connection:
        mails = await connection.run(selected, bodies, [2, 3, 4, 5])
        assert [(mail.uid, mail.raw) for mail in mails] == [(2, b"two"), (3, b"three")]
        assert {mail.internal_date for mail in mails} == {NOW}


async def test_an_empty_folder_has_no_last_mails() -> None:
    async with connected(
        Script(EXAMINE=["* 0 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 1] ok"])
    ) as connection:
        folder = await connection.run(open_folder, "INBOX")
        assert await connection.run(last_uids, folder) == []


def test_batches_are_bounded_by_size_and_count() -> None:
    sizes = {1: 6_000_000, 2: 6_000_000, 3: 100, 4: 3_000_000_000, **dict.fromkeys(range(5, 70), 10)}
    portions = batches([Listed(uid, size, NOW) for uid, size in sizes.items()])
    assert [portion[0].uid for portion in portions] == [1, 2, 4, 5, 55]
    assert sorted(mail.uid for portion in portions for mail in portion) == sorted(sizes)


async def test_a_refused_password_is_trouble_that_waiting_does_not_mend() -> None:
    async with connected(Script(LOGIN=["TAG NO [AUTHENTICATIONFAILED] wrong"])) as connection:
        with pytest.raises(Trouble, match="did not let us in") as raised:
            await connection.run(open_folder, "INBOX")
        assert not raised.value.temporary
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        None,
        HANG,
        ["TAG NO try later"],
        ["* BYE going down"],
        [f"* 1 FETCH (UID 1 INTERNALDATE {WHEN} BODY[] {{9}}\r\nshort)"],
        [f"* 1 FETCH (UID 1 INTERNALDATE {WHEN} BODY[] {{999999}}\r\nshort)"],
    ],
    ids=["closed", "silent", "NO", "BYE", "short literal", "cut literal"],
)
async def test_whatever_goes_wrong_is_trouble_soon_and_the_next_call_works(said: list[str] | None) -> None:
    script = Script(UID_FETCH=said)
    async with connected(script) as connection:
        start = monotonic()
        with pytest.raises(Trouble) as raised:
            await connection.run(selected, bodies, [1])
        assert raised.value.temporary
        assert monotonic() - start < 3
        script.answers["UID FETCH"] = [body(1, "one")]
        assert [mail.raw for mail in await connection.run(selected, bodies, [1])] == [b"one"]
        # A NO is an answer like any other: the connection is as good as before.
        logins = 1 if said and said[0].startswith("TAG NO") else 2
        assert [asked.split()[0] for asked in script.asked].count("LOGIN") == logins


async def test_news_in_one_packet_with_the_answer_to_idle_ends_it_at_once() -> None:
    async with connected(Script(IDLE=["+ idling", "* 2 EXISTS"])) as connection:
        start = monotonic()
        await connection.idle(timedelta(seconds=20))
        assert monotonic() - start < 2


async def test_an_idle_ends_by_time_and_when_woken() -> None:
    async with connected(Script(IDLE=["+ idling"])) as connection:
        start = monotonic()
        await connection.idle(timedelta(milliseconds=100))
        sleeping = asyncio.create_task(connection.idle(timedelta(seconds=20)))
        await asyncio.sleep(0.05)
        connection.wake()
        await sleeping
        assert monotonic() - start < 2


async def test_a_connection_that_dies_in_idle_is_trouble_at_once() -> None:
    async with connected(Script(IDLE=None)) as connection:
        start = monotonic()
        with pytest.raises(Trouble):
            await connection.idle(timedelta(seconds=20))
        assert monotonic() - start < 2
