"""`mailer outbox` as a person types it, on a shop of its own."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from mailer.cli import app
from mailer.clock import SystemClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import AutomaticAnswer, DeliveryState, Stream, SuppressionCause
from mailer.outbound.deliver import Result, claim, mark_handing_over, record
from mailer.outbound.outcome import Unknown
from mailer.outbound.suppress import suppress
from tests import build
from tests.conftest import NOW

CONFIG = """
[shop]
name = "Linen & Co"
[db]
url = "sqlite:///{folder}/mailer.db"
[signing]
key_file = "{folder}/mailer.key"
[rendering]
templates = "{templates}"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
"""
MINUTE = timedelta(minutes=1)
Run = Callable[..., str]


@pytest.fixture
def db(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(folder=tmp_path, templates=build.TEMPLATES))
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    database = Database(f"sqlite:///{tmp_path}/mailer.db")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    yield database
    database.close()


@pytest.fixture
def run(db: Database) -> Run:
    def command(*words: str) -> str:
        done = CliRunner().invoke(app, ["outbox", *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return command


@pytest.fixture
def delivery(db: Database) -> str:
    return str(db.run_here(build.approved, NOW - 5 * MINUTE)[1])


def state(db: Database, delivery: str) -> DeliveryState:
    return db.read_here(build.delivery, int(delivery)).state


def lose(session: Session) -> None:
    claimed = claim(session, owner="w", lease=MINUTE, now=NOW)
    assert claimed is not None
    mark_handing_over(session, [(claimed, NOW)])
    record(session, [Result(claimed, Unknown("silence"), NOW)])


def test_a_delivery_is_held_released_and_canceled(db: Database, run: Run, delivery: str) -> None:
    assert build.ANA in run("list")
    assert "is held" in run("hold", delivery, "--as", "maria", "--reason", "wrong size")
    assert "held by maria: wrong size" in run("list", "--state", "held")
    assert "delivery 1 is held by maria" in run("show", delivery)
    assert "goes" in run("release", delivery, "--as", "maria")
    assert "is canceled" in run("cancel", delivery, "--as", "maria")
    assert state(db, delivery) == DeliveryState.CANCELED
    assert run("list") == ""


def test_an_address_is_held_and_released(db: Database, run: Run, delivery: str) -> None:
    assert "1 of them now" in run("hold", build.ANA, "--as", "maria")
    assert f"address {build.ANA} is held by maria" in run("list")
    assert "1 of them now" in run("release", build.ANA, "--as", "maria")
    assert state(db, delivery) == DeliveryState.QUEUED


def test_everything_is_stopped_and_resumed(db: Database, run: Run, delivery: str) -> None:
    assert "Nothing is sent" in run("stop", "--as", "maria", "--reason", "wrong prices")
    assert "stopped already" in run("stop", "--as", "maria")
    assert run("list").startswith("EVERYTHING is stopped by maria")
    status = CliRunner().invoke(app, ["status"])
    assert status.exit_code == 1
    assert "all sending is stopped by maria: wrong prices" in status.output
    assert db.run_here(claim, owner="w", lease=MINUTE, now=NOW) is None
    assert "Sending again" in run("resume", "--as", "maria")
    assert "was not stopped" in run("resume", "--as", "maria")


def test_an_unknown_delivery_is_decided_and_a_waiting_one_tried_now(db: Database, run: Run, delivery: str) -> None:
    db.run_here(lose)
    shown = run("show", delivery)
    assert "try 1" in shown
    assert "unknown (lost_after_body): silence" in shown
    with pytest.raises(Conflict, match="mailer outbox decide"):
        run("retry", delivery, "--as", "maria")
    assert "sent again" in run("decide", delivery, "--send-again", "--as", "maria")
    assert "tried now" in run("retry", delivery, "--as", "maria")
    assert "Next try" in run("show", delivery)


def test_what_is_suppressed_is_sent_anyway_with_who_and_why(db: Database, run: Run, delivery: str) -> None:
    db.run_here(suppress, build.ANA, Stream.ALL, SuppressionCause.BOUNCES, "mail to it came back", now=NOW)
    assert db.run_here(claim, owner="w", lease=MINUTE, now=NOW) is None
    with pytest.raises(InputError, match="say why"):
        run("send-anyway", delivery, "--as", "maria", "--reason", " ")
    assert "goes" in run("send-anyway", delivery, "--as", "maria", "--reason", "she phoned")
    assert "Sent anyway by agent 1: she phoned (overruled: mail to it came back" in run("show", delivery)


def test_a_stopped_acknowledgement_is_listed_and_sent_anyway(db: Database, run: Run, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["users", "add", "maria"])

    def stopped(session: Session) -> None:
        mail = build.customer_mail(session, NOW)
        session.add(
            AutomaticAnswer(
                message_id=mail.id or 0,
                conversation_id=mail.conversation_id,
                address=build.ANA,
                stopped_by=["stranger"],
                reason="nobody vouches for its sender",
                decided_at=NOW,
            )
        )

    db.run_here(stopped)
    from mailer.signing import write_key_file

    write_key_file(tmp_path / "mailer.key")
    assert "no acknowledgement to ana@customer.test: nobody vouches" in run("list")
    assert "goes" in run("send-anyway", "1", "--acknowledgement", "--as", "maria", "--reason", "she phoned")
    assert "acknowledgement" in run("list")
    assert "no acknowledgement" not in run("list")


def test_only_agents_decide_and_only_on_what_is_there(run: Run, delivery: str) -> None:
    with pytest.raises(NotFound, match='no agent "nobody"'):
        run("stop", "--as", "nobody")
    with pytest.raises(NotFound, match="no delivery 99"):
        run("show", "99")
    assert "there is no state mailed" in run("list", "--state", "mailed")
