"""`mailer outbox`, `mailer incidents` and `mailer coupons` as a person types them, on a shop with flows."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from mailer.cli import app
from mailer.clock import SystemClock
from mailer.db import Database
from mailer.errors import InputError, NotFound
from mailer.model import Coupon, DeliveryState, Enrollment, FlowStep, Order, StepOutcome
from mailer.orders.alarms import DelayTerms
from mailer.orders.delay import look_for_delays
from mailer.outbound.catch_up import CatchUpTerms, closed_because
from tests import build
from tests.conftest import NOW
from tests.outbound import flow_mails

CONFIG = """
[shop]
name = "Linen & Co"
country = "DE"
[db]
url = "sqlite:///{folder}/mailer.db"
[flows]
directory = "{flows}"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
[offers.coupons.thanks]
[offers.coupons.vip]
pattern = "VIP-########"
"""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLOWS = Path(__file__).parents[2] / "schedules" / "flows"
Run = Callable[..., str]


@pytest.fixture
def db(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(folder=tmp_path, flows=FLOWS))
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    database = Database(f"sqlite:///{tmp_path}/mailer.db")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    database.run_here(build.agent, NOW)
    yield database
    database.close()


@pytest.fixture
def run(db: Database) -> Run:
    def command(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return command


def queued(session: Session, flow: str = "review_invitation") -> int:
    return flow_mails.queued(session, flow_mails.enrolled(session, 1, NOW, flow=flow), NOW).id or 0


def test_one_flow_is_stopped_and_goes_on(db: Database, run: Run) -> None:
    delivery = db.run_here(queued)
    told = run("outbox", "stop", "--flow", "review_invitation", "--as", "maria", "--reason", "wrong words")
    assert "sends nothing until" in told
    assert "stopped already" in run("outbox", "stop", "--flow", "review_invitation", "--as", "maria")
    assert "flow review_invitation is held by maria" in run("outbox", "list")
    assert "`mailer outbox resume --flow review_invitation` ends it" in run("status")
    shown = run("outbox", "show", str(delivery))
    assert "Flow review_invitation, step ask" in shown
    assert "held by maria: wrong words" in shown
    assert "1 of its mails were ready" in run("outbox", "resume", "--flow", "review_invitation", "--as", "maria")
    assert db.read_here(build.delivery, delivery).state is DeliveryState.QUEUED
    with pytest.raises(NotFound, match="mailer flows list"):
        run("outbox", "stop", "--flow", "reveiw", "--as", "maria")


def test_what_flows_did_not_send_is_told_with_its_reason(db: Database, run: Run) -> None:
    assert "or waits" in run("outbox", "skipped")

    def skip(session: Session) -> None:
        for number, flow in enumerate(("review_invitation", "delay_notice")):
            enrollment = flow_mails.enrolled(session, number, NOW, flow=flow)
            reason = f"the customer {number} agreed to no such mail"
            outcome = StepOutcome.SKIPPED
            step = FlowStep(enrollment_id=enrollment, step="ask", outcome=outcome, reason=reason, decided_at=NOW)
            session.add(step)

    db.run_here(skip)
    told = run("outbox", "skipped").splitlines()
    assert "delay_notice ask  c1@customer.test" in told[0]
    assert told[1].strip() == "the customer 1 agreed to no such mail"
    assert len(told) == 4
    assert "delay_notice" not in run("outbox", "skipped", "--flow", "review_invitation")


def test_a_skipped_mail_of_an_order_is_sent_anyway_with_who_and_why(db: Database, run: Run) -> None:
    def skip(session: Session) -> int:
        enrollment = flow_mails.enrolled(session, 1, NOW, flow="shipping_notice", step="send")
        step = FlowStep(
            enrollment_id=enrollment, step="send", outcome=StepOutcome.SKIPPED, reason="it bounced", decided_at=NOW
        )
        session.add(step)
        session.flush()
        return step.id or 0

    number = str(db.run_here(skip))
    with pytest.raises(InputError, match="say why"):
        run("outbox", "send-anyway", number, "--skipped", "--as", "maria", "--reason", " ")
    assert "goes" in run("outbox", "send-anyway", number, "--skipped", "--as", "maria", "--reason", "she phoned")
    step = db.read_here(lambda session: session.exec(select(FlowStep)).one())
    assert step.outcome is StepOutcome.AGAIN
    assert "she phoned" in step.reason
    assert "or waits" in run("outbox", "skipped")


def test_a_plan_after_an_outage_is_shown_and_approved(db: Database, run: Run) -> None:
    assert "No step of a flow is due." in run("outbox", "catch-up")
    terms, begin = CatchUpTerms(least=2), NOW - 60 * HOUR

    def outage(session: Session) -> str:
        closed_because(session, terms=terms, now=begin)
        for number in range(5):
            flow_mails.enrolled(session, number, begin, flow="shipping_notice", step="send")
        return closed_because(session, terms=terms, now=NOW)

    assert db.run_here(outage)
    told = run("outbox", "catch-up")
    assert "shipping_notice send: 5 due, late by 2 d 12 h" in told
    assert "mailer outbox catch-up --approve" in told
    assert "what flows would send after an outage is held by Mailer" in run("outbox", "list")
    assert "5 steps go" in run("outbox", "catch-up", "--approve", "--as", "maria")
    due = db.read_here(lambda session: session.exec(select(Enrollment.due_at).order_by(col(Enrollment.id))).all())
    assert len(set(due)) == 5


def test_shipped_flows_tell_what_is_too_old(db: Database, run: Run) -> None:
    from mailer.config import load
    from mailer.flows.expiries import expiries

    found = db.read_here(expiries, load().flows.directory)
    assert found
    assert all(span > timedelta() for span in found.values())


def test_incidents_are_seen_told_and_settled(db: Database, run: Run) -> None:
    assert run("incidents", "list") == "Nothing is late that we know of.\n"

    def late(session: Session) -> None:
        for number in (1, 2):
            placed = NOW - 12 * DAY
            order = Order(
                source="api",
                number=f"#{number}",
                number_key=str(number),
                email="a@b.test",
                country="DE",
                placed_at=placed,
                changed_at=placed,
                recorded_at=placed,
                watch_at=placed,
            )
            session.add(order)
        session.flush()
        look_for_delays(session, terms=DelayTerms(home="DE"), now=NOW)

    db.run_here(late)
    listed = run("incidents", "list")
    batch = listed.split()[0]
    assert batch.startswith("none:DE-DE:")
    assert "not shipped; customers are told" in listed
    assert run("incidents", "list", batch).count("not shipped") == 2
    assert "not shipped of order #1: open" in run("incidents", "show", "1")
    assert "0 customers" in run("incidents", "tell", batch, "--as", "maria")
    assert "is settled" in run("incidents", "settle", "1", "--as", "maria", "--reason", "sent by hand")
    assert "maria: sent by hand" in run("incidents", "show", "1")


def test_coupons_are_imported_and_counted(db: Database, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\nAAA\nBBB\n")
    assert "2 new codes in thanks, 0 known" in run("coupons", "import", "thanks", str(file))
    assert "0 new codes in thanks, 2 known" in run("coupons", "import", "thanks", str(file))
    listed = run("coupons", "list").splitlines()
    assert listed == [
        "thanks  2 free, 0 given, 0 expired before anybody got them",
        "vip  drawn by VIP-########, 0 given, 0 expired before anybody got them",
    ]
    with pytest.raises(NotFound, match=r"offers\.coupons\.nowhere"):
        run("coupons", "import", "nowhere", str(file))
    file.write_text("code\nA A\n")
    with pytest.raises(InputError, match="line 2"):
        run("coupons", "import", "thanks", str(file))
    assert len(db.read_here(lambda session: session.exec(select(Coupon)).all())) == 2


def test_routes_are_told_when_some_are_known(run: Run) -> None:
    assert "No parcel has arrived yet" in run("orders", "routes")
