"""What people see: every tab, by time left, and counts that equal the lists."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.errors import NotFound
from mailer.model import (
    Blob,
    ConversationState,
    DeliveryState,
    Direction,
    DraftState,
    Intent,
    Level,
    Mailbox,
    MessageState,
    RawMail,
    RawMailState,
    Snooze,
)
from mailer.outbound.outcome import Accepted, Refused, Unknown
from mailer.outbound.settle import settle
from mailer.replies import approve
from mailer.replies.queue import Tab, counts, item, quarantined, waiting, wanted
from mailer.replies.snooze import snooze
from tests import build

HOUR = timedelta(hours=1)
EMPTY = (Tab.NEEDS_FACTS, Tab.WAITING, Tab.QUARANTINE)


def quarantine(session: Session, now: datetime, uid: int = 7) -> None:
    """A mail that nobody could read."""
    box = session.get(Mailbox, 1) or Mailbox(name="support")
    session.add(box)
    session.add(Blob.of(f"sha{uid}", b"\xff"))
    session.flush()
    raw = RawMail(
        mailbox_id=box.id or 0, uidvalidity=1, uid=uid, sha256=f"sha{uid}", size=1, internal_date=now, stored_at=now
    )
    raw.state, raw.error = RawMailState.QUARANTINED, "its parts are nested too deeply"
    session.add(raw)


def settled(session: Session, now: datetime, outcome: Accepted | Refused | Unknown, sender: str) -> int:
    """A conversation whose approved answer ended so."""
    case, delivery_id = build.approved(session, now, number=f"#{sender}", sender=f"{sender}@customer.test", id=sender)
    settle(session, build.delivery(session, delivery_id), outcome, now=now)
    return case.conversation


def all_tabs(session: Session, now: datetime) -> dict[Tab, int]:
    """One conversation in each tab, one that is on its way, and one mail in quarantine."""
    found = {
        Tab.SENT: settled(session, now, Accepted("250"), "a"),
        Tab.FAILED: settled(session, now, Unknown("silence"), "b"),
    }
    found[Tab.ON_ITS_WAY] = build.approved(session, now, number="#2", sender="c@customer.test", id="c")[0].conversation
    found[Tab.TO_APPROVE] = build.asked(session, now).conversation
    found[Tab.NEEDS_PERSON] = build.customer_mail(session, now, intent="other").conversation_id
    build.draft_all(session, now)
    found[Tab.CLOSED] = build.customer_mail(session, now, state=MessageState.AUTOMATED).conversation_id
    put_aside = build.asked(session, now, number="#3", sender="d@customer.test", id="d")
    snooze(session, put_aside.conversation, waits_for=Snooze.REPLY, agent_id=put_aside.agent, now=now)
    found[Tab.SNOOZED] = put_aside.conversation
    quarantine(session, now)
    session.flush()
    return found


def test_each_tab_shows_its_own_and_counts_equal_the_lists(db: Database, now: datetime) -> None:
    wanted = db.run_here(all_tabs, now)
    shown = {tab: [line.conversation_id for line in db.read_here(waiting, tab)] for tab in Tab}
    assert shown == {**{tab: [one] for tab, one in wanted.items()}, **{tab: [] for tab in EMPTY}}
    lengths = {tab: len(lines) for tab, lines in shown.items()}
    assert db.read_here(counts) == {**lengths, Tab.QUARANTINE: len(db.read_here(quarantined))}
    assert len(db.read_here(quarantined)) == 1


def test_a_line_says_who_wants_what_by_when(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    (line,) = db.read_here(waiting, Tab.TO_APPROVE)
    assert (line.conversation_id, line.draft_id, line.version) == (case.conversation, case.draft, 1)
    assert (line.customer, line.customer_name, line.subject) == (build.ANA, "Anabel Costa", "Where is my order?")
    assert (line.intent, line.level, line.order_number) == ("order_status", "high", "#1001")
    assert (line.received_at, line.due_at) == (now, now + 24 * HOUR)


def test_the_least_time_left_comes_first(db: Database, now: datetime) -> None:
    ages = {"young": 1, "old": 20, "middle": 5, "broken": 30}
    for name, hours in ages.items():
        db.run_here(build.customer_mail, now - HOUR * hours, sender=f"{name}@customer.test")
    db.run_here(build.draft_all, now)
    lines = db.read_here(waiting, Tab.TO_APPROVE)
    assert [line.customer.partition("@")[0] for line in lines] == ["broken", "old", "middle", "young"]
    assert lines[0].due_at is not None
    assert lines[0].due_at < now
    page = db.read_here(waiting, Tab.TO_APPROVE, limit=2, offset=1)
    assert [line.customer.partition("@")[0] for line in page] == ["old", "middle"]


def test_an_answer_that_is_on_its_way_waits_for_nobody(db: Database, now: datetime) -> None:
    db.run_here(build.approved, now)
    found = db.read_here(counts)
    assert found.pop(Tab.ON_ITS_WAY) == 1
    assert set(found.values()) == {0}


def test_a_refused_answer_is_shown_until_somebody_wrote_again(db: Database, now: datetime) -> None:
    conversation = db.run_here(settled, now, Refused("550 no such user", 550), "a")
    (line,) = db.read_here(waiting, Tab.FAILED)
    assert (line.conversation_id, line.state) == (conversation, ConversationState.NEEDS_PERSON)
    assert "550 no such user" in line.reason
    person = db.run_here(build.agent, now)
    db.run_here(approve.write_own, conversation, text="Again.", agent_id=person, now=now)
    assert db.read_here(waiting, Tab.FAILED) == []
    assert db.read_here(counts)[Tab.TO_APPROVE] == 1


def test_a_conversation_with_two_troubled_answers_is_one_line(db: Database, now: datetime) -> None:
    conversation = db.run_here(settled, now, Unknown("silence"), "a")

    def second(session: Session) -> None:
        build.customer_mail(session, now, sender="a@customer.test", conversation=conversation)
        build.draft_all(session, now)
        draft = build.pending(session, conversation)
        person = build.agent(session, now)
        other = approve.approve(session, draft.id or 0, version=1, agent_id=person, terms=build.TERMS, now=now)
        settle(session, build.delivery(session, other), Unknown("silence again"), now=now)

    db.run_here(second)
    # The list is of conversations, the count of mails, as the tray shows them.
    assert len(db.read_here(waiting, Tab.FAILED)) == 1
    assert db.read_here(counts)[Tab.FAILED] == 2


def test_quarantine_shows_the_newest_first_and_the_reason(db: Database, now: datetime) -> None:
    for uid in (3, 4, 5):
        db.run_here(quarantine, now, uid)
    found = db.read_here(quarantined, limit=2)
    assert [mail.uid for mail in found] == [5, 4]
    assert found[0].error == "its parts are nested too deeply"


def test_an_item_holds_all_that_belongs_to_a_conversation(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        case, _ = build.approved(session, now)
        later = now + HOUR
        build.customer_mail(session, later, conversation=case.conversation, order=case.order)
        build.draft_all(session, later)
        return case.conversation

    found = db.read_here(item, db.run_here(verb))
    assert [one.direction for one in found.messages] == [Direction.IN, Direction.OUT, Direction.IN]
    assert found.draft is not None
    assert (found.draft.state, found.draft.answers_id) == (DraftState.PENDING, found.messages[-1].id)
    assert [one.state for one in found.past_drafts] == [DraftState.APPROVED]
    assert found.order is not None
    assert (found.order.number, [one.carrier for one in found.shipments]) == ("#1001", ["DHL"])
    assert [one.state for one in found.deliveries] == [DeliveryState.UNDOABLE]
    assert found.classification is not None
    assert found.classification.message_id == found.messages[-1].id
    assert found.clock is not None
    assert found.customer.address == build.ANA


def test_an_item_without_order_and_draft_is_bare(db: Database, now: datetime) -> None:
    conversation = db.run_here(build.customer_mail, now).conversation_id
    found = db.read_here(item, conversation)
    assert (found.draft, found.order, list(found.shipments), list(found.deliveries), found.clock) == (
        None, None, [], [], None,
    )  # fmt: skip


@pytest.mark.parametrize("question", [lambda session: item(session, 4711)])
def test_a_conversation_that_is_not_there_is_said_so(db: Database, question: Callable[[Session], object]) -> None:
    with pytest.raises(NotFound, match="4711"):
        db.read_here(question)


def test_the_wishes_of_all_waiting_mails_are_one_list(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        told = [build.wish("invoice", Level.MEDIUM, "bill"), build.wish("stock", Level.LOW)]
        first = build.customer_mail(session, now, intent="invoice", judged={"intents": told, "urgency": "high"})
        again = [build.wish("invoice", Level.HIGH, "invoice"), build.wish("cancel_order", Level.HIGH)]
        build.customer_mail(session, now, conversation=first.conversation_id, judged={"intents": again})
        return first.conversation_id

    found = db.read_here(item, db.run_here(verb))
    assert [(one.intent, one.level, one.evidence) for one in wanted(found.judgements)] == [
        (Intent.CANCEL_ORDER, Level.HIGH, ()),
        (Intent.INVOICE, Level.HIGH, ("invoice",)),
        (Intent.STOCK, Level.LOW, ()),
    ]
    db.run_here(build.draft_all, now)
    (line,) = [one for tab in Tab for one in db.read_here(waiting, tab)]
    assert (line.intent, line.level, line.more, line.urgency) == ("cancel_order", "high", 2, "high")
