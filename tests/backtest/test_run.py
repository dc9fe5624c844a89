"""`mailer backtest` on a real Dovecot: what would have been drafted, and that nothing at all was changed by asking."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import make_msgid
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from mailer.cli import app
from mailer.db import Database
from mailer.errors import MailerError, NotFound
from mailer.migrations import upgrade
from mailer.rendering.catalog import Catalog
from mailer.signing import write_key_file
from tests import build
from tests.rendering.revisions import published
from tests.rigs.dovecot import PASSWORD, Dovecot
from tests.rigs.letters import Letter, letter

pytestmark = pytest.mark.journey

CONFIG = """
[shop]
name = "Linen & Co"
since = 2015
[inbound.mailboxes.support]
host = "localhost"
port = {port}
ca_file = "{ca}"
username = "{user}"
password = "{password}"
{more}
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
port = 1
tls = "none"
[rendering]
templates = "{templates}"
"""


class Shop:
    """A folder with config.toml, key and database; a mailbox on the server."""

    def __init__(self, folder: Path, dovecot: Dovecot) -> None:
        self.folder, self.dovecot = folder, dovecot
        self.user = f"past-{folder.name}".lower().replace("_", "-")[:60]
        dovecot.add_user(self.user)
        # Dovecot looks at the file of passwords once a second.
        time.sleep(1.2)
        write_key_file(folder / "mailer.key")
        self.configure()

    def configure(self, more: str = "", password: str = PASSWORD) -> None:
        words = CONFIG.format(
            port=self.dovecot.ports.imaps,
            ca=self.dovecot.ca_file,
            user=self.user,
            password=password,
            more=more,
            templates=build.TEMPLATES,
        )
        (self.folder / "config.toml").write_text(words, encoding="utf-8")

    def database(self) -> None:
        db = Database(f"sqlite:///{self.folder / 'mailer.db'}")
        upgrade(db)
        db.run_here(build.shop_order, datetime.now(UTC))
        db.close()

    def fingerprint(self) -> tuple[object, ...]:
        """All that could change: mails and flags of both folders, UIDNEXT, and every row of the database."""
        return (*(self._folder(name) for name in ("INBOX", "Sent")), self._rows())

    def _folder(self, name: str) -> tuple[object, ...]:
        with self.dovecot.session(self.user, name) as client:
            _, flags = client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE)")
            _, status = client.status(name, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)")
            return flags, status

    def _rows(self) -> str:
        path = self.folder / "mailer.db"
        if not path.exists():
            return ""
        with sqlite3.connect(path) as connection:
            # The index of words is made of rows that are here too, and cannot be dumped.
            named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_terms%' ORDER BY 1"
            tables = [name for (name,) in connection.execute(named)]
            rows = [(name, connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables]
            return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture
def shop(dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    yield Shop(tmp_path, dovecot)


def run(*arguments: str) -> Result:
    try:
        return CliRunner().invoke(app, ["backtest", *arguments])
    finally:
        # The command logs to the runner's standard error, which is closed by now.
        structlog.reset_defaults()


def report(*arguments: str) -> dict[str, object]:
    result = run("--json", *arguments)
    if result.exception is not None:
        raise result.exception
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def answered(shop: Shop, mail: Letter, text: str) -> None:
    """A person answers with their own mail program, which keeps a copy in Sent."""
    words = letter("care@shop.test", "Re: Where is my order?", text, to=mail.sender, In_Reply_To=mail.message_id)
    shop.dovecot.append(shop.user, words.data, "Sent")


def history(shop: Shop) -> None:
    """Two questions, one of them answered; a thank-you; an auto-reply; an offer; a mail that cannot be read."""
    asks = letter(build.ANA, "Order #1001", "Hello,\n\nwhere is my order #1001? Has it been shipped?\n")
    safe = letter("bo@customer.test", "Your shop", "Is this website safe? Can I trust this shop?\n", name="Bo")
    away = letter("cy@customer.test", "Out of office", "I am away.\n", Auto_Submitted="auto-replied")
    own = letter("care@shop.test", "Copy", "Our own copy.\n")
    broken = Letter("eve@customer.test", make_msgid(), b"Subject: " + b"x" * 300_000 + b"\r\n\r\nhi")
    shop.dovecot.deliver(shop.user, asks, safe, away, own, broken)
    answered(shop, asks, "Hi Ana,\n\nit arrives tomorrow.\n\nMaria")
    time.sleep(1.2)


def test_the_past_is_judged_compared_and_left_as_it_was(shop: Shop) -> None:
    shop.database()
    history(shop)
    # The first look of this test itself takes \\Recent away.
    shop.fingerprint()
    before = shop.fingerprint()
    found = report()
    assert shop.fingerprint() == before
    assert (found["mails"], found["of_people"], found["answered_by_people"], found["sent"]) == (5, 2, 1, 1)
    assert found["orders_known"] is True
    outcomes = found["outcomes"]
    assert isinstance(outcomes, dict)
    assert (outcomes["automatic"], outcomes["unreadable"]) == (2, 1)
    assert found["intents"] == {"order_status": 1, "website_safety": 1}
    assert found["languages"] == {"en": 2}
    sample = found["sample"]
    assert isinstance(sample, list)
    assert [one["answer"] for one in sample] == ["Hi Ana,\n\nit arrives tomorrow.\n\nMaria"]
    assert "#1001" in sample[0]["draft"]


def test_answers_are_drafted_by_what_serves_or_by_the_files_alone(shop: Shop) -> None:
    shop.database()
    name = "replies/website_safety.en.md"
    text = (build.TEMPLATES / name).read_text(encoding="utf-8").rstrip() + "\n\nPublished words.\n"
    db = Database(f"sqlite:///{shop.folder / 'mailer.db'}")
    db.run_here(published, text, datetime.now(UTC), Catalog(build.TEMPLATES), name)
    db.close()
    shop.dovecot.deliver(shop.user, letter("bo@customer.test", "Your shop", "Is this website safe?\n", name="Bo"))
    assert report()["published_texts"] == 1
    assert "1 published texts stand over their files" in run().stdout
    assert report("--files")["published_texts"] == 0


def test_people_see_coverage_intents_and_drafts_beside_the_real_answers(shop: Shop) -> None:
    shop.database()
    history(shop)
    result = run("--days", "2")
    assert result.exit_code == 0, result.exception
    for words in (
        "5 mails, 2 of them by people, 1 answered by people (1 sent)",
        "of people's mails would have had a draft",
        "order status",
        "website safety",
        "it arrives tomorrow.",
        "a person sent",
    ):
        assert words in result.stdout


def test_without_a_database_none_is_made(shop: Shop) -> None:
    history(shop)
    assert report()["orders_known"] is False
    assert not list(shop.folder.glob("mailer.db*"))
    assert "import them first" in run().stdout


def test_only_the_newest_are_read_when_only_so_many_are_wanted(shop: Shop) -> None:
    shop.dovecot.deliver(shop.user, *(letter(f"c{number}@customer.test") for number in range(5)))
    assert report("--limit", "2")["mails"] == 2
    assert report("--limit", "0")["mails"] == 5


def test_a_reply_of_the_customer_is_judged_in_its_conversation(shop: Shop) -> None:
    shop.database()
    first = letter(build.ANA, "Order #1001", "Where is my order #1001?\n")
    shop.dovecot.deliver(shop.user, first)
    answered(shop, first, "It is on its way.")
    time.sleep(1.2)
    shop.dovecot.deliver(shop.user, letter(build.ANA, "Re: Order", "Still no parcel, where is it?\n",
                                           In_Reply_To=first.message_id))  # fmt: skip
    found = report()
    assert (found["of_people"], found["answered_by_people"]) == (2, 1)
    assert found["coverage"] == 1.0


def test_what_is_wrong_is_told_in_words(shop: Shop) -> None:
    shop.configure(password="wrong")
    with pytest.raises(MailerError, match="did not let us in"):
        report()
    shop.configure('sent = "Gesendet"')
    with pytest.raises(MailerError, match='there is no folder "Gesendet"'):
        report()
    with pytest.raises(NotFound, match=r'there is no mailbox "sales"; config\.toml has support'):
        report("--mailbox", "sales")
    shop.configure('sent = "none"')
    assert report()["sent"] == 0


def test_mails_from_before_are_left_out(shop: Shop) -> None:
    with shop.dovecot.session(shop.user) as client:
        old = (datetime.now(UTC) - timedelta(days=40)).timestamp()
        client.append(
            "INBOX", None, f'"{time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(old))}"', letter("x@c.test").data
        )
    assert report("--days", "30")["mails"] == 0
    assert report("--days", "50")["mails"] == 1
