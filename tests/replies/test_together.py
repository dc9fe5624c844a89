"""Approving many in one go: what is offered, what stops one, one undo for all."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.model import Classification, Delivery, DeliveryState, Draft, DraftState, Level, Message, Together
from mailer.rendering.catalog import Catalog
from mailer.replies.together import (
    Kind,
    approve_green,
    begin,
    cards,
    may_be_undone,
    note_refused,
    offers,
    undo_together,
)
from tests.build import TEMPLATES, TERMS, Asked, asked, customer_mail

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CATALOG = Catalog(TEMPLATES)


@pytest.fixture
def cases(session: Session) -> list[Asked]:
    return some(session)


def some(session: Session) -> list[Asked]:
    names = ("ana", "bo", "cy")
    return [
        asked(session, NOW, number=f"#20{place}", sender=f"{name}@customer.test", id=f"20{place}")
        for place, name in enumerate(names)
    ]


def draft(session: Session, case: Asked) -> Draft:
    return session.get_one(Draft, case.draft)


def begun(session: Session, cases: list[Asked], kind: Kind | None = None) -> int:
    ids = [case.draft for case in cases]
    return begin(session, kind or Kind.of(draft(session, cases[0])), ids, agent_id=cases[0].agent, now=NOW)


def go(session: Session, case: Asked, kind: Kind | None = None, number: int | None = None) -> int:
    kind = kind or Kind.of(draft(session, case))
    return approve_green(
        session,
        case.draft,
        version=1,
        kind=kind,
        together_id=number or begun(session, [case], kind),
        catalog=CATALOG,
        agent_id=case.agent,
        terms=TERMS,
        now=NOW,
    )


def test_what_is_alike_is_offered(session: Session, cases: list[Asked]) -> None:
    (offer,) = offers(session)
    assert offer.template == draft(session, cases[0]).template
    assert offer.draft_ids == tuple(case.draft for case in cases)
    found = cards(session, [case.draft for case in cases], None, CATALOG, now=NOW)
    assert [card.why_not for card in found] == [(), (), ()]
    assert found[0].asked == "Where is my order?"


def spoil(session: Session, case: Asked, what: str) -> None:
    row, mail = draft(session, case), session.get_one(Message, case.mail)
    word = session.exec(select(Classification).where(Classification.message_id == case.mail)).one()
    match what:
        case "person":
            row.written_by = case.agent
        case "before":
            row.before = "Cancel it in the shop."
        case "warning":
            mail.warnings = ["The sender's domain looks like ours."]
        case "level":
            word.level, word.intents = Level.MEDIUM, [{**one, "level": "medium"} for one in word.intents]
        case "locale":
            row.wanted_locale = "pt"
        case "template":
            row.template = "replies/other.en.md"
        case "tone":
            row.text += "\nYou failed to read our terms.\n"
    session.flush()


@pytest.mark.parametrize("what", ["person", "before", "warning", "level", "locale", "template"])
def test_one_that_is_not_plain_stays_out_and_is_refused(session: Session, cases: list[Asked], what: str) -> None:
    kind = Kind.of(draft(session, cases[0]))
    spoil(session, cases[0], what)
    assert all(cases[0].draft not in offer.draft_ids for offer in offers(session))
    (card,) = cards(session, [cases[0].draft], kind, CATALOG, now=NOW)
    assert card.why_not
    with pytest.raises(Conflict):
        go(session, cases[0], kind)
    assert go(session, cases[1], kind)


def test_a_newer_mail_stops_that_one_alone(session: Session, cases: list[Asked]) -> None:
    customer_mail(session, NOW, sender="bo@customer.test", conversation=cases[1].conversation)
    with pytest.raises(Conflict, match="wrote again"):
        go(session, cases[1])
    assert go(session, cases[0])
    with pytest.raises(Conflict, match="it is approved"):
        go(session, cases[0])


def test_one_undo_takes_all_back_in_time(session: Session, cases: list[Asked]) -> None:
    number = begun(session, cases)
    deliveries = [go(session, case, number=number) for case in cases]
    assert [row.id for row in may_be_undone(session, cases[0].agent, now=NOW)] == [number]
    row = session.get_one(Delivery, deliveries[0])
    row.state = DeliveryState.QUEUED
    session.flush()
    later = NOW + timedelta(seconds=5)
    assert undo_together(session, number, agent_id=cases[0].agent, now=later) == 2
    assert [draft(session, case).state for case in cases[1:]] == [DraftState.PENDING, DraftState.PENDING]
    assert may_be_undone(session, cases[0].agent, now=later) == []
    with pytest.raises(Conflict, match="any more"):
        undo_together(session, number, agent_id=cases[0].agent, now=later)
    with pytest.raises(NotFound):
        undo_together(session, 99, agent_id=1, now=NOW)


def test_what_was_taken_back_meanwhile_goes_no_further(session: Session, cases: list[Asked]) -> None:
    number = begun(session, cases)
    go(session, cases[0], number=number)
    undo_together(session, number, agent_id=cases[0].agent, now=NOW)
    with pytest.raises(Conflict, match="taken back meanwhile"):
        go(session, cases[1], number=number)


def test_the_row_says_at_each_moment_what_went_and_what_did_not(session: Session, cases: list[Asked]) -> None:
    number = begun(session, cases)
    row, talks = session.get_one(Together, number), [case.conversation for case in cases]
    assert (row.deliveries, [one["conversation"] for one in row.refused]) == ([], talks)
    first = go(session, cases[0], number=number)
    note_refused(session, number, cases[1].draft, "its tone")
    assert row.deliveries == [first]
    broken_off = {"conversation": talks[2], "why": "it was broken off before this one"}
    assert row.refused == [broken_off, {"conversation": talks[1], "why": "its tone"}]


# A process that dies in the middle of a go: between two approvals, or inside the transaction of the second.
DIES = """
import sys
from mailer.db import Database
from tests.replies.test_together import die_in_a_go
die_in_a_go(Database(sys.argv[1]), sys.argv[2], [int(one) for one in sys.argv[3:]])
"""


def die_in_a_go(db: Database, where: str, drafts: list[int]) -> None:
    """Approve one of these, and be gone before the second is committed."""

    def approve(session: Session, draft_id: int, number: int) -> None:
        kind = Kind.of(session.get_one(Draft, draft_id))
        more = {"version": 1, "kind": kind, "together_id": number, "catalog": CATALOG, "agent_id": 1}
        approve_green(session, draft_id, **more, terms=TERMS, now=NOW)
        if draft_id == drafts[1]:
            session.flush()
            os._exit(9)

    kind = db.read_here(lambda session: Kind.of(session.get_one(Draft, drafts[0])))
    number = db.run_here(begin, kind, drafts, agent_id=1, now=NOW)
    if where == "before":
        os._exit(9)
    db.run_here(approve, drafts[0], number)
    if where == "between":
        os._exit(9)
    db.run_here(approve, drafts[1], number)


@pytest.mark.parametrize(("where", "went"), [("before", 0), ("between", 1), ("within", 1)])
def test_after_a_crash_one_undo_takes_back_exactly_what_was_approved(db: Database, where: str, went: int) -> None:
    cases = db.run_here(some)
    ids = [case.draft for case in cases]
    url = db.url.render_as_string(hide_password=False)
    died = subprocess.run([sys.executable, "-c", DIES, url, where, *map(str, ids)], check=False, timeout=60)
    assert died.returncode == 9

    def standing(session: Session) -> tuple[list[int], list[int], list[DraftState]]:
        row = session.exec(select(Together)).one()
        approved = session.exec(select(Delivery.id).order_by(Delivery.id)).all()
        assert len(row.refused) == len(cases) - went
        return row.deliveries, [one or 0 for one in approved], [draft(session, case).state for case in cases]

    undoable, approved, states = db.read_here(standing)
    assert undoable == approved
    assert states == [DraftState.APPROVED] * went + [DraftState.PENDING] * (len(cases) - went)
    if went:
        assert db.run_here(undo_together, 1, agent_id=1, now=NOW) == went
        assert db.read_here(standing)[2] == [DraftState.PENDING] * len(cases)
