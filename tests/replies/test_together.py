"""Approving many in one go: what is offered, what stops one, one undo for all."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import Conflict, NotFound
from mailer.model import Classification, Delivery, DeliveryState, Draft, DraftState, Level, Message
from mailer.rendering.catalog import Catalog
from mailer.replies.together import Kind, approve_green, cards, note_together, offers, undo_together
from tests.build import TEMPLATES, TERMS, Asked, asked, customer_mail

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CATALOG = Catalog(TEMPLATES)


@pytest.fixture
def cases(session: Session) -> list[Asked]:
    names = ("ana", "bo", "cy")
    return [
        asked(session, NOW, number=f"#20{place}", sender=f"{name}@customer.test", id=f"20{place}")
        for place, name in enumerate(names)
    ]


def draft(session: Session, case: Asked) -> Draft:
    return session.get_one(Draft, case.draft)


def go(session: Session, case: Asked, kind: Kind | None = None) -> int:
    return approve_green(
        session,
        case.draft,
        version=1,
        kind=kind or Kind.of(draft(session, case)),
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
    deliveries = [go(session, case) for case in cases]
    kind = Kind.of(draft(session, cases[0]))
    number = note_together(session, kind, deliveries, [(9, "why")], agent_id=cases[0].agent, now=NOW)
    session.flush()
    row = session.get_one(Delivery, deliveries[0])
    row.state = DeliveryState.QUEUED
    session.flush()
    assert undo_together(session, number, agent_id=cases[0].agent, now=NOW + timedelta(seconds=5)) == 2
    assert [draft(session, case).state for case in cases[1:]] == [DraftState.PENDING, DraftState.PENDING]
    with pytest.raises(Conflict, match="any more"):
        undo_together(session, number, agent_id=cases[0].agent, now=NOW + timedelta(seconds=5))
    with pytest.raises(NotFound):
        undo_together(session, 99, agent_id=1, now=NOW)
