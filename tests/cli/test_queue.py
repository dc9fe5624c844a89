"""`mailer queue`, `show`, `approve`, `reject` and `status` on a shop of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from mailer.cli import app
from mailer.clock import SystemClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Classification, ConversationState, Draft, DraftState, Level, Role
from mailer.signing import write_key_file
from tests import build
from tests.cli.shop import CONFIG, fill
from tests.conftest import NOW


@pytest.fixture
def stored(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    write_key_file(tmp_path / "mailer.key")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    # The shop's day is NOW: what commands think of a fact does not depend on the day on which they are tested.
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    db = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    yield db
    db.close()


@pytest.fixture
def case(stored: Database) -> build.Asked:
    return fill(stored)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_an_empty_queue_shows_its_counts(stored: Database) -> None:
    result = run("queue")
    assert result.exit_code == 0
    assert "to_approve: 0" in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_the_queue_shows_who_wants_what(case: build.Asked) -> None:
    counts, line = run("queue").stdout.splitlines()
    assert "to_approve: 1" in counts
    assert "needs_person: 1" in counts
    assert line.split()[0] == str(case.conversation)
    assert build.ANA in line
    assert "order_status #1001" in line
    other = run("queue", "--tab", "needs_person").stdout
    assert "bo@customer.test" in other
    assert "nothing in it says what it wants" in other


def test_a_tab_that_does_not_exist_is_a_mistake_of_the_command(stored: Database) -> None:
    result = run("queue", "--tab", "spam")
    assert result.exit_code == 2
    assert "there is no tab spam" in result.output


def test_a_conversation_is_shown_with_mail_draft_and_facts(case: build.Asked) -> None:
    shown = run("show", str(case.conversation)).stdout
    for words in (
        "Where is my order?",
        f"Draft {case.draft}.1, pending",
        "fact order.state = in_transit",
        "DHL",
    ):
        assert words in shown
    assert isinstance(run("show", "4711").exception, NotFound)


def test_what_an_agent_must_know_of_a_draft_is_shown(stored: Database, case: build.Asked) -> None:
    def change(session: Session) -> None:
        draft = session.get_one(Draft, case.draft)
        draft.before, draft.wanted_locale, draft.holding = "Refund #1001.", "pt", True
        draft.missing = ["shop.since: add `since` under [shop] in config.toml"]
        draft.text = "You must wait.\n"
        judged = session.exec(select(Classification).where(Classification.message_id == case.mail)).one()
        judged.intents = [build.wish("invoice", Level.HIGH, "my bill"), build.wish("stock", Level.MEDIUM)]
        judged.urgency, judged.language, judged.entities = "high", "pt", {"size": "M"}

    stored.run_here(change)
    shown = run("show", str(case.conversation)).stdout
    for words in (
        'wants invoice, high: "my bill"',
        "wants stock, medium",
        "language pt, urgency high, mood neutral",
        "names size: M",
        f"mailer correct {case.mail} --intent NAME",
        "BEFORE YOU APPROVE: Refund #1001.",
        "writes in pt; there is no template in it, so this is in en",
        "a person still answers",
        'tone, line 1: "You must',
        "would help: shop.since: add `since` under [shop] in config.toml",
    ):
        assert words in shown, words
    assert "invoice +1 #1001 URGENT" in run("queue").stdout
    approved = run("approve", str(case.conversation), "--as", "maria").stdout
    assert approved.startswith("The text says that this is done: Refund #1001.\nApproved.")


def test_an_approval_is_made_once_and_said_so(stored: Database, case: build.Asked) -> None:
    result = run("approve", str(case.conversation), "--as", "maria")
    assert (result.exit_code, result.stdout) == (0, "Approved. Delivery 1 leaves in 12 s.\n")
    assert stored.read_here(build.delivery, 1).recipient == build.ANA
    assert "delivery 1: undoable" in run("show", str(case.conversation)).stdout
    again = run("approve", str(case.conversation), "--as", "maria").exception
    assert isinstance(again, Conflict)
    assert "no draft that waits" in str(again)


def test_a_rejection_leaves_it_to_a_person(stored: Database, case: build.Asked) -> None:
    result = run("reject", str(case.conversation), "--as", "maria", "--reason", "wrong facts")
    assert (result.exit_code, result.stdout) == (0, f"Rejected. Conversation {case.conversation} needs a person.\n")
    found = stored.read_here(build.conversation_of, case.conversation)
    assert (found.state, found.reason) == (ConversationState.NEEDS_PERSON, "the draft was rejected: wrong facts")
    assert stored.read_here(build.drafts, case.conversation)[0].state == DraftState.DISMISSED


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_only_people_who_may_decide_do(stored: Database, case: build.Asked, command: str) -> None:
    stored.run_here(build.agent, NOW, "mira", Role.MARKETER)
    stranger = run(command, str(case.conversation), "--as", "nobody").exception
    assert isinstance(stranger, NotFound)
    assert "mailer users list" in str(stranger)
    marketer = run(command, str(case.conversation), "--as", "mira").exception
    assert isinstance(marketer, Conflict)
    assert run(command, str(case.conversation)).exit_code == 2
    assert stored.read_here(build.pending, case.conversation).version == 1


def test_status_ends_with_one_when_something_is_wrong(stored: Database) -> None:
    well = run("status")
    assert (well.exit_code, well.stdout.splitlines()[-1]) == (0, "All is well.")
    stored.run_here(fill_with_error)
    wrong = run("status")
    assert wrong.exit_code == 1
    assert "PROBLEM 1 message was set aside with an error" in wrong.stdout


def fill_with_error(session: object) -> None:
    build.customer_mail(session, NOW, error="boom")  # type: ignore[arg-type]


def test_what_has_a_gap_is_not_approved_here_either(stored: Database, case: build.Asked) -> None:
    def leave(session: Session) -> None:
        draft = session.get_one(Draft, case.draft)
        draft.text = f"{draft.text}\n[order.placed_on]\n"

    stored.run_here(leave)
    result = run("approve", str(case.conversation), "--as", "maria", "--draft", f"{case.draft}.1")
    assert isinstance(result.exception, InputError)
    assert "[order.placed_on]" in str(result.exception)
