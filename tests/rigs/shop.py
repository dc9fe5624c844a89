"""A shop as a new user makes it: a folder from `mailer init`, and the real `mailer run` as a process of its own."""

import csv
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from mailer.clock import SystemClock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.replies.approve import Terms, approve
from mailer.signing import read_keys
from tests.rigs.daemon import COMMAND, Daemon, environment
from tests.rigs.dovecot import PASSWORD, Dovecot
from tests.rigs.letters import Letter, letter
from tests.rigs.machine import free_port, wait_for
from tests.rigs.postfix import Accepted, Postfix

T = TypeVar("T")

AGENT = "maria"
SENDER = ("care@shop.test", "Linen & Co")


@dataclass(frozen=True)
class Plan:
    """How the shop reaches its servers, and how patient it is."""

    imap_port: int
    smtp_port: int
    ca_file: Path
    # TLS and AUTH to the relay; a proxy that must follow the dialogue needs both off.
    smtp_login: bool = False
    database: str = "sqlite:///mailer.db"
    inbound: dict[str, str] = field(default_factory=dict)
    outbound: dict[str, str] = field(default_factory=dict)
    # The shop's own address, where mail can reach it; else nobody can write to it but by the rig.
    address: str = ""
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What the tests look at of a delivery."""

    state: str
    attempt: int
    reason: str


class Shop:
    """One folder, one mailbox, one database, and at most one daemon that this object started."""

    def __init__(self, dovecot: Dovecot, postfix: Postfix, plan: Plan) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shop", dir="/tmp"))
        # Customers' addresses and the mailbox carry it, so that shops on the same servers do not meet.
        self.tag = self.folder.name.removeprefix("shop")
        self.mailbox = plan.address or f"care-{self.tag}"
        self.console_port, self.public_port = free_port(), free_port()
        self.dovecot, self.postfix, self.plan = dovecot, postfix, plan
        self.daemon = Daemon(self.folder)
        self._daemons = [self.daemon]
        self._opened: list[Database] = []
        dovecot.add_user(self.mailbox)

    # A folder to work in

    def make(self) -> "Shop":
        """`mailer init`, config.toml, an agent: ready to run."""
        self.mailer("init")
        self.write_config()
        self.mailer("users", "add", AGENT, "--role", "agent")
        return self

    def write_config(self) -> None:
        """Put this rig's servers into config.toml."""
        path = self.folder / "config.toml"
        path.write_text(_config(self))

    def mailer(self, *arguments: str, code: int | None = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end; checks its exit code unless told None."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        words = f"mailer {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, words
        return done

    def customer(self, name: str) -> str:
        """The address of a customer of this shop alone; a name that begins with `gone`, `grey`, ... is refused."""
        return f"{name}.{self.tag}@customer.test".lower()

    def order(self, number: str, customer: str, **more: str) -> dict[str, str]:
        """One row of orders.csv."""
        return {"order_number": number, "email": self.customer(customer), "placed_at": "2026-11-16T09:00:00Z", **more}

    def import_orders(self, *rows: dict[str, str]) -> None:
        """`mailer orders import` of these rows."""
        path = self.folder / "orders.csv"
        names = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        self.mailer("orders", "import", path.name)

    # The daemon

    def start(self) -> None:
        """Start `mailer run` without the console; returns at once."""
        self.daemon.start("--no-web")

    def run(self, *arguments: str) -> None:
        """Start the daemon and wait until it has looked into its mailbox."""
        before = self.last_poll()
        self.daemon.start(*(arguments or ("--no-web",)))
        self.wait(lambda: self.last_poll() != before, within=30, what="the daemon looks into its mailbox")

    def another_daemon(self) -> Daemon:
        """A second `mailer run` on the same folder and database; not started."""
        daemon = Daemon(self.folder, f"run{len(self._daemons)}")
        self._daemons.append(daemon)
        return daemon

    def close(self) -> None:
        """End the daemons, whatever they do, and remove the folder."""
        for daemon in self._daemons:
            daemon.close()
        for database in self._opened:
            database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, question: Callable[[], T], *, within: float, what: str, every: float = 0.02) -> T:
        """As `wait_for`; a daemon that ended meanwhile ends the patience."""

        def ask() -> T:
            if (code := self.daemon.exit_code) is not None:
                raise AssertionError(f"{what}: the daemon ended with {code}\n{self.daemon.log()}")
            return question()

        return wait_for(ask, within=within, what=what, every=every, tell=self.daemon.log)

    # What the rows say

    @property
    def sqlite(self) -> Path:
        return self.folder / "mailer.db"

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Ask the database from outside, read only; an SQLite file that is not there yet has no rows."""
        if self.plan.database.startswith("postgresql"):
            with self.database.engine.connect() as server:
                return [tuple(row) for row in server.execute(text(query), values)]
        if not self.sqlite.exists():
            return []
        connection = sqlite3.connect(f"file:{self.sqlite}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def count(self, query: str, **values: Any) -> int:
        """The number that a `SELECT count(*)` gives."""
        rows = self.rows(query, **values)
        return rows[0][0] if rows else 0

    def last_poll(self) -> Any:
        rows = self.rows("SELECT last_poll_at FROM mailbox")
        return rows[0][0] if rows else None

    def states(self, table: str = "delivery") -> dict[str, int]:
        """How many rows of a table are in which state."""
        return dict(self.rows(f"SELECT state, count(*) FROM {table} GROUP BY state"))

    def pending(self) -> list[tuple[int, int]]:
        """Id and version of each draft that waits for a person."""
        return [tuple(row) for row in self.rows("SELECT id, version FROM draft WHERE state = 'pending' ORDER BY id")]

    def accepted(self) -> list[Accepted]:
        """What Postfix took for this shop's customers."""
        return self.postfix.accepted(f".{self.tag}@")

    # The person

    @property
    def database(self) -> Database:
        """The product's own way to the database, in the test's process, as `mailer web` has it in its own."""
        if not self._opened:
            url = self.plan.database.replace("sqlite:///", f"sqlite:///{self.folder}/")
            self._opened.append(Database(url))
        return self._opened[0]

    def approve(self, draft_id: int, version: int) -> int | None:
        """Approve as the agent does; None when a newer mail or a changed fact forbids it."""
        # Not read from config.toml, whose reader would take this process's MAILER_FAULTS for a section.
        keys = read_keys(self.folder / "mailer.key")
        terms = Terms(
            self.plan.address or SENDER[0], SENDER[1], undo=timedelta(0), give_up_after=timedelta(hours=48), keys=keys
        )
        now = SystemClock().now()
        try:
            return self.database.run_here(
                approve, draft_id, version=version, agent_id=self.agent_id(), terms=terms, now=now, done=True
            )
        except Conflict:
            return None

    def approve_all(self) -> int:
        """Approve every draft that waits; how many went."""
        return sum(self.approve(draft_id, version) is not None for draft_id, version in self.pending())

    def ask(self, customer: str, order: str = "", **more: Any) -> Letter:
        """A customer asks where the order is."""
        asked = f"Hello,\n\nwhere is my order {order}?\n\n{customer}\n"
        mail = letter(self.customer(customer), text=asked, **more)
        self.dovecot.deliver(self.mailbox, mail)
        return mail

    def draft_for(self, mail: Letter, within: float = 30) -> tuple[int, int]:
        """Wait for the draft that answers this mail; its id and version."""
        query = """
            SELECT draft.id, draft.version FROM draft JOIN message ON message.id = draft.answers_id
            WHERE message.internet_message_id = :id AND draft.state = 'pending'
        """
        found = self.wait(lambda: self.rows(query, id=mail.message_id), within=within, what="a draft waits")
        return found[0][0], found[0][1]

    def answer(self, mail: Letter) -> int:
        """Wait for the draft that answers this mail and approve it; the delivery's id."""
        delivery_id = self.approve(*self.draft_for(mail))
        assert delivery_id is not None, "the draft could not be approved"
        return delivery_id

    def delivery(self, delivery_id: int) -> Row:
        """State, attempt and reason of a delivery."""
        rows = self.rows("SELECT state, attempt, reason FROM delivery WHERE id = :id", id=delivery_id)
        return Row(*rows[0])

    def wait_delivery(self, delivery_id: int, *states: str, within: float = 30) -> Row:
        """Wait until a delivery is in one of these states, having been tried."""

        def there() -> Row | None:
            row = self.delivery(delivery_id)
            return row if row.state in states and row.attempt else None

        found = self.wait(there, within=within, what=f"delivery {delivery_id} is {' or '.join(states)}")
        assert found is not None
        return found

    def agent_id(self) -> int:
        return int(self.rows("SELECT id FROM agent WHERE name = :name", name=AGENT)[0][0])


def _config(shop: Shop) -> str:
    plan = shop.plan
    login = {"username": shop.mailbox, "password": PASSWORD, "tls": "starttls", "ca_file": str(plan.ca_file)}
    mailbox = {
        "host": "localhost",
        "port": plan.imap_port,
        "ca_file": str(plan.ca_file),
        "username": shop.mailbox,
        "password": PASSWORD,
    }
    outbound = {"host": "localhost", "port": plan.smtp_port} | (login if plan.smtp_login else {"tls": "none"})
    web = {"console_listen": f"127.0.0.1:{shop.console_port}", "public_listen": f"127.0.0.1:{shop.public_port}"}
    sections: dict[str, dict[str, Any]] = {
        "shop": {"name": "Linen & Co"},
        "db": {"url": plan.database},
        "inbound.mailboxes.support": mailbox,
        "inbound": plan.inbound,
        "senders.care": dict(zip(("address", "name"), (plan.address or SENDER[0], SENDER[1]), strict=True)),
        "replies": {"undo": "0s"} | plan.sections.get("replies", {}),
        "outbound": outbound | plan.outbound,
        "web": web,
        **{name: values for name, values in plan.sections.items() if name != "replies"},
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: dict[str, Any]) -> str:
    lines = [f"{key} = {value if isinstance(value, int) else _quoted(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"\d+|true|false", value) else f'"{value}"'
