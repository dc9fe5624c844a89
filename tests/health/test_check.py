"""Everything that can be tested before the first mail, and words that say what to do."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.clock import FrozenClock, SystemClock
from mailer.config import Inbound, MailboxConfig, Outbound, Rendering, SenderConfig, Settings, Shop, Signing
from mailer.db import Database
from mailer.demo.servers import MailServer, mail_server
from mailer.health.check import check_all
from mailer.signing import write_key_file
from tests import build

PASSWORD = "right"
CARE = "care@shop.test"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server(PASSWORD, SystemClock()) as server:
        await server.add_mailbox(CARE)
        yield server


@pytest.fixture
def sqlite(sqlite_template: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{sqlite_template}")
    yield database
    database.close()


@pytest.fixture(autouse=True)
def no_config_of_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")


def shop(tmp_path: Path, server: MailServer | None, **changes: Any) -> Settings:
    """A shop on these servers; without one, on ports where nobody listens."""
    key = tmp_path / "mailer.key"
    if not key.exists():
        write_key_file(key)
    imap, smtp = (server.imap_port, server.smtp_port) if server else (_dead_port(), _dead_port())
    password = changes.pop("password", PASSWORD)
    box = {"host": "127.0.0.1", "port": imap, "tls": "none", "username": CARE, "password": password}
    facts: dict[str, Any] = {
        "shop": Shop(name="Linen & Co"),
        "signing": Signing(key_file=key),
        "inbound": Inbound(
            mailboxes={"support": MailboxConfig(**{**box, **changes.pop("mailbox", {})})},
            read_timeout=timedelta(seconds=2),
        ),
        "senders": {"care": SenderConfig(address=CARE)},
        "outbound": Outbound(
            host="127.0.0.1", port=smtp, tls="none", username=CARE, password=password, timeout=timedelta(seconds=2)
        ),
        "rendering": Rendering(templates=build.TEMPLATES),
    }
    return Settings(**{**facts, **changes})


def _dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


async def words(settings: Settings, db: Database, clock: FrozenClock) -> dict[str, str]:
    """What each check that failed says."""
    return {one.name: one.words for one in await check_all(settings, db, clock) if not one.ok}


async def test_a_shop_whose_servers_answer_is_well(
    tmp_path: Path, sqlite: Database, clock: FrozenClock, server: MailServer
) -> None:
    checks = await check_all(shop(tmp_path, server), sqlite, clock)
    assert [one.words for one in checks if not one.ok] == []
    assert [one.name for one in checks] == [
        "key file", "clock", "zone", "database", "templates", "flows", "sources", "mailbox support", "relay",
    ]  # fmt: skip
    said = {one.name: one.words for one in checks}
    assert 'folder "INBOX", next UID' in said["mailbox support"]
    assert said["relay"].endswith("lets us in")
    assert said["clock"] == "2026-11-22 10:00:00 UTC"


async def test_a_wrong_password_is_called_so_by_both_servers(
    tmp_path: Path, sqlite: Database, clock: FrozenClock, server: MailServer
) -> None:
    said = await words(shop(tmp_path, server, password="wrong"), sqlite, clock)
    assert set(said) == {"mailbox support", "relay"}
    assert said["mailbox support"].startswith("127.0.0.1:")
    assert "did not let us in" in said["mailbox support"]
    assert said["relay"].startswith("The relay refuses our login.")
    assert "535" in said["relay"]
    assert "wrong" not in " ".join(said.values())


async def test_servers_that_are_dead_are_called_so(tmp_path: Path, sqlite: Database, clock: FrozenClock) -> None:
    said = await words(shop(tmp_path, None), sqlite, clock)
    assert set(said) == {"mailbox support", "relay"}
    assert "refused" in said["mailbox support"]
    assert said["relay"].startswith("The relay does not answer.")
    assert "127.0.0.1" in said["relay"]


async def test_servers_that_say_nothing_are_not_waited_for_for_ever(
    tmp_path: Path, sqlite: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.inbound.imap._CONNECT_SECONDS", 0.2)
    with silent_port() as port:
        settings = shop(tmp_path, None, mailbox={"port": port})
        short = {"read_timeout": timedelta(seconds=0.2)}
        out = settings.outbound.model_copy(update={"port": port, "timeout": timedelta(seconds=0.2)})
        inbound = settings.inbound.model_copy(update=short)
        said = await words(settings.model_copy(update={"outbound": out, "inbound": inbound}), sqlite, clock)
    assert "timed out" in said["mailbox support"]
    assert "imed out" in said["relay"]


async def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, sqlite: Database, clock: FrozenClock, server: MailServer
) -> None:
    said = await words(shop(tmp_path, server, mailbox={"folder": "Nowhere"}), sqlite, clock)
    assert set(said) == {"mailbox support"}
    assert "Nowhere" in said["mailbox support"] or "exist" in said["mailbox support"]


async def test_what_is_wrong_on_this_machine_is_told_with_what_to_do(
    tmp_path: Path, sqlite: Database, server: MailServer
) -> None:
    (tmp_path / "mailer.key").write_text("short\n")
    settings = shop(tmp_path, server, inbound=Inbound(), rendering=Rendering(templates=tmp_path / "none"))
    said = await words(settings, sqlite, FrozenClock(datetime(1970, 1, 1, tzinfo=UTC)))
    assert "chmod 600" in said["key file"]
    assert said["clock"] == "the machine's clock says 1970-01-01 00:00 UTC; set it (timedatectl set-ntp true)"
    assert "no such folder; `mailer init` writes one" in said["templates"]
    assert said["mailboxes"] == "config.toml names none; add [inbound.mailboxes.NAME]"


async def test_a_database_that_cannot_be_opened_is_told_without_its_password(
    tmp_path: Path, clock: FrozenClock, server: MailServer
) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'no' / 'folder' / 'mailer.db'}")
    said = await words(shop(tmp_path, server), nowhere, clock)
    assert said == {"database": "cannot be opened: unable to open database file"}
    refused = Database("postgresql+psycopg://mailer:hidden@127.0.0.1:1/shop")
    said = await words(shop(tmp_path, server), refused, clock)
    refused.close()
    nowhere.close()
    assert said["database"].startswith("cannot be opened: ")
    assert "hidden" not in said["database"]


async def test_a_database_without_tables_is_said_to_come(
    tmp_path: Path, clock: FrozenClock, server: MailServer
) -> None:
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    checks = {one.name: one for one in await check_all(shop(tmp_path, server), fresh, clock)}
    assert checks["database"].ok
    assert "schema none yet; `mailer run` makes it" in checks["database"].words
    fresh.close()
