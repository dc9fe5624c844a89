"""A conversation that needs an answer gets one live draft, or a person, or silence, with the reason."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    ClockKind,
    ConversationState,
    Disclosure,
    DraftState,
    Level,
    Message,
    MessageState,
    ReplyClock,
)
from mailer.outbound.guard import changed_facts
from mailer.rendering.catalog import Catalog
from mailer.rendering.facts import Subject, read_facts
from mailer.replies import approve
from mailer.replies.case import newest_mail, waiting_cases
from mailer.replies.draft import draft_waiting, propose, record, set_aside
from tests import build

MINUTE = timedelta(minutes=1)


def test_the_answer_tells_the_facts_of_the_order_to_its_own_address(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    draft = db.read_here(build.pending, case.conversation)
    assert (draft.recipient, draft.disclosure, draft.order_id) == (build.ANA, Disclosure.ORDER, case.order)
    assert draft.answers_id == case.mail
    assert draft.version == 1
    for value in ("Anabel", "#1001", "DHL", "JD0146009999", "2 x Linen shirt (M)", "Leipzig", "Linen & Co"):
        assert value in draft.text
    assert db.read_here(build.conversation_of, case.conversation).state == ConversationState.DRAFTED


def test_a_draft_keeps_what_it_rests_on_so_that_it_can_be_read_again(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    draft = db.read_here(build.pending, case.conversation)
    assert draft.rests_on["order_id"] == case.order
    assert draft.rests_on["conversation_id"] == case.conversation
    assert "parcels.*.state" in draft.rests_on["paths"]
    subject = Subject.of(draft.rests_on)
    facts = db.read_here(read_facts, subject, now=now).relevant(draft.rests_on["paths"])
    assert (draft.facts, draft.fingerprint) == (facts.stored(), facts.fingerprint)
    assert db.read_here(changed_facts, draft, now=now) == ()
    assert draft.intents == ["order_status"]
    assert draft.template in draft.made_from
    assert draft.template_hash == draft.made_from[draft.template]
    assert (draft.holding, draft.before, draft.wanted_locale) == (False, "", None)


@pytest.mark.parametrize(
    "senders",
    [["stranger@evil.test"], [build.ANA, "stranger@evil.test"], ["stranger@evil.test", build.ANA]],
    ids=["another", "two, hers first", "two, hers last"],
)
def test_anyone_else_rests_on_no_order(db: Database, now: datetime, senders: list[str]) -> None:
    def verb(session: Session) -> int:
        order = build.shop_order(session, now)
        mail = build.customer_mail(session, now, sender="stranger@evil.test", senders=senders, order=order)
        build.draft_all(session, now)
        return mail.conversation_id

    draft = db.read_here(build.pending, db.run_here(verb))
    assert draft.disclosure == Disclosure.NEUTRAL
    assert draft.recipient == "stranger@evil.test"
    assert (draft.order_id, draft.rests_on["order_id"]) == (None, None)
    assert not [path for path in draft.facts if path.split(".")[0] in ("order", "customer", "items", "parcels")]


def test_a_reply_to_header_never_decides_whom_we_answer(db: Database, now: datetime) -> None:
    def verb(session: Session) -> str:
        order = build.shop_order(session, now)
        mail = build.customer_mail(session, now, order=order, reply_to="elsewhere@evil.test")
        build.draft_all(session, now)
        return build.pending(session, mail.conversation_id).recipient

    assert db.run_here(verb) == build.ANA


def test_a_newer_mail_makes_the_draft_stale_and_one_new_draft_is_live(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    later = now + MINUTE
    newer = db.run_here(build.customer_mail, later, conversation=case.conversation, order=case.order)
    assert db.run_here(build.draft_all, later) == 1
    old, new = db.read_here(build.drafts, case.conversation)
    assert (old.state, old.reason) == (DraftState.STALE, "a newer mail came")
    assert (new.state, new.answers_id) == (DraftState.PENDING, newer.id)


def test_a_person_s_text_is_kept_when_a_newer_mail_overtakes_it(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(approve.edit, case.draft, version=1, text="My own words.", agent_id=case.agent, now=now)
    db.run_here(build.customer_mail, now + MINUTE, conversation=case.conversation, order=case.order)
    db.run_here(build.draft_all, now + MINUTE)
    old, new = db.read_here(build.drafts, case.conversation)
    assert (old.text, old.written_by, old.state) == ("My own words.\n", case.agent, DraftState.STALE)
    assert new.written_by is None


def test_several_mails_that_wait_are_answered_by_one_draft(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        order = build.shop_order(session, now)
        first = build.customer_mail(session, now, order=order)
        for _ in range(2):
            build.customer_mail(session, now, conversation=first.conversation_id, order=order)
        build.draft_all(session, now)
        return first.conversation_id

    conversation = db.run_here(verb)
    (draft,) = db.read_here(build.drafts, conversation)
    mails = db.read_here(lambda session: session.exec(select(Message).order_by(col(Message.id))).all())
    assert draft.answers_id == mails[-1].id
    assert [mail.draft_id for mail in mails] == [draft.id] * 3


def test_a_second_round_drafts_nothing_twice(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    assert db.run_here(build.draft_all, now) == 0
    assert len(db.read_here(build.drafts, case.conversation)) == 1


def test_a_mail_that_is_not_judged_yet_is_waited_for(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        talk = build.customer_mail(session, now).conversation_id
        build.customer_mail(session, now, conversation=talk, state=MessageState.RECEIVED)
        return build.draft_all(session, now)

    assert db.run_here(verb) == 0


def test_an_automatic_mail_is_not_what_a_draft_answers(db: Database, now: datetime) -> None:
    def verb(session: Session) -> tuple[int | None, int | None]:
        mail = build.customer_mail(session, now)
        build.customer_mail(session, now, conversation=mail.conversation_id, state=MessageState.AUTOMATED)
        newest = newest_mail(session, mail.conversation_id)
        return mail.id, newest.id if newest else None

    mail, newest = db.run_here(verb)
    assert mail == newest


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"intent": "other"}, "nothing in it says"),
        ({"level": Level.LOW, "judged": {"top": [{"intent": "stock", "confidence": 0.3}]}}, "it may be: stock (30%)"),
        ({"sender": "", "senders": []}, "no From address"),
    ],
)
def test_a_mail_that_no_template_answers_needs_a_person_with_the_reason(
    db: Database, now: datetime, facts: dict[str, object], words: str
) -> None:
    conversation = db.run_here(lambda session: build.customer_mail(session, now, **facts).conversation_id)  # type: ignore[arg-type]
    db.run_here(build.draft_all, now)
    found = db.read_here(build.conversation_of, conversation)
    assert found.state == ConversationState.NEEDS_PERSON
    assert words in found.reason
    assert db.read_here(build.drafts, conversation) == []


def test_an_offer_to_the_shop_is_closed_with_the_reason_and_runs_against_no_clock(db: Database, now: datetime) -> None:
    conversation = db.run_here(
        lambda session: build.customer_mail(session, now, sender="seo@sell.test", intent="spam_sales").conversation_id
    )
    db.run_here(build.draft_all, now)
    found = db.read_here(build.conversation_of, conversation)
    assert (found.state, db.read_here(build.drafts, conversation)) == (ConversationState.CLOSED, [])
    assert "not answered" in found.reason
    assert clocks(db) == []


def test_a_customer_is_never_silently_spam(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        build.shop_order(session, now)
        mail = build.customer_mail(session, now, intent="spam_sales")
        build.draft_all(session, now)
        return mail.conversation_id

    found = db.read_here(build.conversation_of, db.run_here(verb))
    assert found.state == ConversationState.NEEDS_PERSON
    assert "its sender is a customer" in found.reason


def clocks(db: Database) -> list[ReplyClock]:
    return db.read_here(lambda session: list(session.exec(select(ReplyClock).order_by(col(ReplyClock.id)))))


def test_the_clock_starts_with_the_first_mail_that_waits_and_for_a_person_s_too(db: Database, now: datetime) -> None:
    for facts in ({}, {"intent": "other"}):
        talk = db.run_here(
            lambda session, more=facts: build.customer_mail(session, now - MINUTE * 7, **more).conversation_id
        )
        db.run_here(lambda session, one=talk: build.customer_mail(session, now - MINUTE, conversation=one).id)
    db.run_here(build.draft_all, now)
    first = [clock for clock in clocks(db) if clock.kind == ClockKind.FIRST_ANSWER]
    assert [clock.started_at for clock in first] == [now - MINUTE * 7] * 2
    assert {clock.due_at for clock in first} == {now - MINUTE * 7 + timedelta(hours=24)}


def test_a_template_that_is_missing_sends_the_mail_to_a_person(db: Database, now: datetime, tmp_path: Path) -> None:
    (tmp_path / "replies").mkdir()
    conversation = db.run_here(build.customer_mail, now).conversation_id
    db.run_here(build.draft_all, now, templates=tmp_path)
    found = db.read_here(build.conversation_of, conversation)
    assert found.state == ConversationState.NEEDS_PERSON
    assert "there is no file" in found.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [("{{ order.colour }}", "order"), ("{% if %}", "line"), ("{{ 1 / 0 }}", "division by zero")],
)
def test_a_template_with_a_mistake_sends_the_mail_to_a_person(
    db: Database, now: datetime, tmp_path: Path, body: str, words: str
) -> None:
    shutil.copytree(build.TEMPLATES, tmp_path / "templates")
    file = tmp_path / "templates" / "replies" / "order_unknown.en.md"
    file.write_text(f'+++\nkind = "reply"\n[needs]\n[optional]\n+++\n{body}\n', encoding="utf-8")
    conversation = db.run_here(build.customer_mail, now).conversation_id
    db.run_here(build.draft_all, now, templates=tmp_path / "templates")
    found = db.read_here(build.conversation_of, conversation)
    assert found.state == ConversationState.NEEDS_PERSON
    assert words in found.reason


def test_a_fact_that_the_template_needs_and_nobody_knows_is_named(db: Database, now: datetime, tmp_path: Path) -> None:
    shutil.copytree(build.TEMPLATES, tmp_path / "templates")
    file = tmp_path / "templates" / "replies" / "order_status.en.md"
    file.write_text(file.read_text().replace("[needs]", '[needs]\norder.weight = "2 kg"', 1), encoding="utf-8")

    def verb(session: Session) -> int:
        mail = build.customer_mail(session, now, order=build.shop_order(session, now))
        build.draft_all(session, now, templates=tmp_path / "templates")
        return mail.conversation_id

    assert "Needs facts: order.weight" in db.read_here(build.conversation_of, db.run_here(verb)).reason


def test_a_case_that_a_newer_mail_overtook_is_left_for_the_next_round(db: Database, now: datetime) -> None:
    def asks(session: Session) -> Message:
        return build.customer_mail(session, now, order=build.shop_order(session, now))

    conversation = db.run_here(asks).conversation_id
    cases = db.read_here(waiting_cases, 50, build.HOUSE, now=now)
    newer = db.run_here(build.customer_mail, now, conversation=conversation)
    proposals = [propose(case, Catalog(build.TEMPLATES), build.HOUSE) for case in cases]
    db.run_here(record, proposals, build.HOUSE, now=now)
    assert db.read_here(build.drafts, conversation) == []
    db.run_here(build.draft_all, now)
    assert db.read_here(build.pending, conversation).answers_id == newer.id


def test_a_case_that_a_person_took_meanwhile_is_not_drafted_over(db: Database, now: datetime) -> None:
    conversation = db.run_here(build.customer_mail, now).conversation_id
    cases = db.read_here(waiting_cases, 50, build.HOUSE, now=now)
    person = db.run_here(build.agent, now)
    db.run_here(approve.write_own, conversation, text="Mine.", agent_id=person, now=now)
    proposals = [propose(case, Catalog(build.TEMPLATES), build.HOUSE) for case in cases]
    db.run_here(record, proposals, build.HOUSE, now=now)
    assert [draft.text for draft in db.read_here(build.drafts, conversation)] == ["Mine.\n"]


def test_the_longest_waiting_come_first_and_no_more_than_asked_for(db: Database, now: datetime) -> None:
    talks = [db.run_here(build.customer_mail, now - MINUTE * age).conversation_id for age in (1, 3, 2)]
    cases = db.read_here(waiting_cases, 2, build.HOUSE, now=now)
    assert [case.conversation_id for case in cases] == [talks[1], talks[2]]


def test_what_cannot_be_written_goes_to_a_person(db: Database, now: datetime) -> None:
    conversation = db.run_here(build.customer_mail, now).conversation_id
    (case,) = db.read_here(waiting_cases, 50, build.HOUSE, now=now)
    db.run_here(set_aside, propose(case, Catalog(build.TEMPLATES), build.HOUSE), "Boom: it broke")
    found = db.read_here(build.conversation_of, conversation)
    assert (found.state, found.reason) == (ConversationState.NEEDS_PERSON, "drafting failed: Boom: it broke")


async def test_the_loop_says_whether_there_was_work(db: Database, clock: FrozenClock) -> None:
    catalog = Catalog(build.TEMPLATES)
    assert await draft_waiting(db, clock, catalog, build.HOUSE) is False
    conversation = (await db.run(build.customer_mail, clock.now())).conversation_id
    assert await draft_waiting(db, clock, catalog, build.HOUSE) is True
    assert (await db.read(build.pending, conversation)).created_at == clock.now()
