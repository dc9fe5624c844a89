"""What a person decides on a draft, and what keeps them from deciding on what is no longer so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import func
from sqlmodel import Session, select

from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Approval,
    Blob,
    Compensation,
    ConversationState,
    Delivery,
    DeliveryState,
    Dismissal,
    Draft,
    DraftState,
    Message,
    MessageState,
)
from mailer.offers.compensation import OfferTerms
from mailer.offers.coupons import CouponTerms
from mailer.outbound.deliver import claim
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.approve import Terms, approve, edit, reject, undo, write_own
from mailer.signing import Keys, digest
from tests import build

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LEASE = timedelta(seconds=30)


def bytes_of(session: Session, delivery_id: int) -> bytes:
    message = session.get_one(Message, session.get_one(Delivery, delivery_id).message_id)
    return session.get_one(Blob, message.sha256).unpack()


def newer_mail(session: Session, case: build.Asked, now: datetime) -> None:
    build.customer_mail(session, now, conversation=case.conversation, order=case.order)


def delivered(session: Session, now: datetime) -> None:
    """The carrier said that the parcel is there."""
    shipped = now - timedelta(days=4)
    scans = ("carrier_picked_up", "in_transit", "delivered")
    build.shop_order(session, now, updated_at=now.isoformat(), fulfillments=[build.parcel(shipped, *scans)])


def count_deliveries(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Delivery)).one()


def test_an_approval_makes_one_delivery_with_frozen_bytes(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.recipient, found.draft_id) == (DeliveryState.UNDOABLE, build.ANA, case.draft)
    assert (found.undo_until, found.next_attempt_at) == (now + 12 * SECOND, now + 12 * SECOND)
    assert found.expires_at == now + 12 * SECOND + timedelta(hours=48)
    approval = db.read_here(lambda session: session.exec(select(Approval)).one())
    assert (approval.draft_id, approval.version, approval.agent_id) == (case.draft, 1, case.agent)
    assert db.read_here(build.drafts, case.conversation)[0].state == DraftState.APPROVED


def test_the_approved_bytes_are_the_ones_that_are_sent(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    claimed = db.run_here(claim, owner="w", lease=LEASE, now=now + MINUTE)
    assert claimed is not None
    approval = db.read_here(lambda session: session.exec(select(Approval)).one())
    assert digest(claimed.raw) == approval.sha256
    assert claimed.raw == db.read_here(bytes_of, delivery_id)


def test_the_mail_is_an_answer_to_the_customer_s(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    asked = db.read_here(lambda session: session.get_one(Message, case.mail))
    mail = message_from_bytes(db.read_here(bytes_of, delivery_id), policy=default)
    assert (mail["To"], mail["From"]) == ("ana@customer.test", "Linen & Co <care@shop.test>")
    assert mail["In-Reply-To"] == mail["References"] == asked.internet_message_id
    assert mail["Subject"] == "Re: Where is my order?"
    text = mail.get_body(("plain",))  # type: ignore[attr-defined]
    assert "JD0146009999" in text.get_content()


def test_another_version_than_the_one_shown_is_not_approved(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    assert db.run_here(edit, case.draft, version=1, text="Mine.", agent_id=case.agent, now=now) == 2
    with pytest.raises(Conflict, match="you saw version 1, it is version 2 now"):
        db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now)
    assert db.read_here(count_deliveries) == 0
    delivery_id = db.run_here(approve, case.draft, version=2, agent_id=case.agent, terms=build.TERMS, now=now)
    assert b"Mine." in db.read_here(bytes_of, delivery_id)


def test_a_newer_mail_stops_an_approval(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(newer_mail, case, now + MINUTE)
    with pytest.raises(Conflict, match="the customer wrote again"):
        db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now + MINUTE)
    assert db.read_here(count_deliveries) == 0


def test_an_automatic_mail_does_not(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, state=MessageState.AUTOMATED)
    assert db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now)


def test_changed_facts_stop_an_approval_and_the_difference_is_said(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(delivered, now)
    with pytest.raises(Conflict) as caught:
        db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now)
    assert "order.state was in_transit, is delivered" in str(caught.value)
    assert "parcels.0.state was in_transit, is delivered" in str(caught.value)
    assert db.read_here(count_deliveries) == 0
    assert db.read_here(lambda session: session.exec(select(Approval)).all()) == []
    assert db.read_here(build.pending, case.conversation).version == 1


def test_the_same_facts_told_again_stop_nothing(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(build.shop_order, now, updated_at=now.isoformat(), tags="gift")
    assert db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now)


Decision = Callable[[Session, int, int, datetime], object]
DECISIONS: dict[str, Decision] = {
    "approve": lambda session, draft, agent, now: approve(
        session, draft, version=1, agent_id=agent, terms=build.TERMS, now=now
    ),
    "edit": lambda session, draft, agent, now: edit(session, draft, version=1, text="x", agent_id=agent, now=now),
    "reject": lambda session, draft, agent, now: reject(session, draft, version=1, agent_id=agent, reason="", now=now),
}


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("state", [DraftState.APPROVED, DraftState.DISMISSED, DraftState.STALE])
def test_only_a_pending_draft_can_be_decided_on(
    db: Database, now: datetime, decision: Decision, state: DraftState
) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(lambda session: setattr(session.get_one(Draft, case.draft), "state", state))
    with pytest.raises(Conflict, match=f"draft {case.draft} is {state.value}"):
        db.run_here(decision, case.draft, case.agent, now)
    assert db.read_here(count_deliveries) == 0


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_a_draft_that_is_not_there_is_said_so(db: Database, now: datetime, decision: Decision) -> None:
    with pytest.raises(NotFound, match="draft 4711"):
        db.run_here(decision, 4711, 1, now)


def test_undo_in_time_makes_the_draft_pending_again(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    assert db.run_here(undo, delivery_id, agent_id=case.agent, now=now + 11 * SECOND) == case.draft
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.CANCELED, f"agent {case.agent} took it back")
    assert db.read_here(build.pending, case.conversation).id == case.draft
    assert db.read_here(lambda session: session.exec(select(Approval)).one()).undone_at == now + 11 * SECOND
    assert db.run_here(claim, owner="w", lease=LEASE, now=now + MINUTE) is None


@pytest.mark.parametrize("late", [12 * SECOND, 13 * SECOND, timedelta(days=1)])
def test_undo_too_late_changes_nothing(db: Database, now: datetime, late: timedelta) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    with pytest.raises(Conflict, match="can no longer be taken back"):
        db.run_here(undo, delivery_id, agent_id=case.agent, now=now + late)
    assert db.read_here(build.delivery, delivery_id).state == DeliveryState.UNDOABLE
    assert db.read_here(lambda session: session.exec(select(Approval)).one()).undone_at is None


def test_undo_of_what_is_not_there_or_was_undone_is_refused(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(undo, delivery_id, agent_id=case.agent, now=now)
    for one in (delivery_id, 4711):
        with pytest.raises(Conflict):
            db.run_here(undo, one, agent_id=case.agent, now=now)


def test_undo_after_a_newer_mail_leaves_the_draft_stale(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(newer_mail, case, now + SECOND)
    db.run_here(build.draft_all, now + SECOND)
    db.run_here(undo, delivery_id, agent_id=case.agent, now=now + 2 * SECOND)
    old, new = db.read_here(build.drafts, case.conversation)
    assert (old.state, old.reason) == (DraftState.STALE, "a newer mail came")
    assert new.state == DraftState.PENDING


@pytest.mark.parametrize("approved_too", [False, True])
def test_undo_after_somebody_wrote_their_own_leaves_the_draft_stale(
    db: Database, now: datetime, approved_too: bool
) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(write_own, case.conversation, text="Mine.", agent_id=case.agent, now=now)
    if approved_too:
        db.run_here(build.approve_again, case, now)
    db.run_here(undo, delivery_id, agent_id=case.agent, now=now + SECOND)
    old, new = db.read_here(build.drafts, case.conversation)
    assert (old.state, old.reason) == (DraftState.STALE, "another answer took its place")
    assert new.state == (DraftState.APPROVED if approved_too else DraftState.PENDING)


def test_approving_again_after_undo_makes_a_new_key_and_message_id(db: Database, now: datetime) -> None:
    case, first = db.run_here(build.approved, now)
    db.run_here(undo, first, agent_id=case.agent, now=now + SECOND)
    second = db.run_here(build.approve_again, case, now + MINUTE)
    one, two = (db.read_here(build.delivery, each) for each in (first, second))
    assert one.key != two.key
    ids = {message_from_bytes(db.read_here(bytes_of, each))["Message-ID"] for each in (first, second)}
    assert len(ids) == 2
    assert (one.state, two.state) == (DeliveryState.CANCELED, DeliveryState.UNDOABLE)


def test_the_message_id_is_signed_with_the_shop_s_key(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    found = db.read_here(build.delivery, delivery_id)
    expected = build.TERMS.keys.message_id(found.key, "shop.test")
    assert message_from_bytes(db.read_here(bytes_of, delivery_id))["Message-ID"] == expected
    other = Terms(**{**vars(build.TERMS), "keys": Keys((b"z" * 32,))})
    db.run_here(undo, delivery_id, agent_id=case.agent, now=now)
    again = db.run_here(build.approve_again, case, now, other)
    assert message_from_bytes(db.read_here(bytes_of, again))["Message-ID"] != expected


def test_an_edit_counts_versions_and_notes_who_wrote(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    version = 1
    for text in ("First.\r\nSecond line.", "  Better.  \n\n"):
        version = db.run_here(edit, case.draft, version=version, text=text, agent_id=case.agent, now=now)
    draft = db.read_here(build.pending, case.conversation)
    assert (draft.version, draft.text, draft.written_by) == (3, "Better.\n", case.agent)


@pytest.mark.parametrize(("text", "words"), [("", "no text"), (" \r\n ", "no text"), ("x" * 50_001, "50000")])
def test_a_text_that_cannot_be_sent_is_refused(db: Database, now: datetime, text: str, words: str) -> None:
    case = db.run_here(build.asked, now)
    with pytest.raises(InputError, match=words):
        db.run_here(edit, case.draft, version=1, text=text, agent_id=case.agent, now=now)
    with pytest.raises(InputError, match=words):
        db.run_here(write_own, case.conversation, text=text, agent_id=case.agent, now=now)
    assert [one.version for one in db.read_here(build.drafts, case.conversation)] == [1]


@pytest.mark.parametrize(
    ("reason", "said"), [("wrong size", "the draft was rejected: wrong size"), ("", "the draft was rejected")]
)
def test_a_rejected_draft_leaves_the_conversation_to_a_person(
    db: Database, now: datetime, reason: str, said: str
) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(reject, case.draft, version=1, agent_id=case.agent, reason=reason, now=now)
    found = db.read_here(build.conversation_of, case.conversation)
    assert (found.state, found.reason) == (ConversationState.NEEDS_PERSON, said)
    assert [one.state for one in db.read_here(build.drafts, case.conversation)] == [DraftState.DISMISSED]
    dismissal = db.read_here(lambda session: session.exec(select(Dismissal)).one())
    assert (dismissal.draft_id, dismissal.agent_id, dismissal.reason) == (case.draft, case.agent, reason)


def test_a_person_s_own_words_take_the_draft_s_place(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    own = db.run_here(write_own, case.conversation, text="Mine.", agent_id=case.agent, now=now)
    old, new = db.read_here(build.drafts, case.conversation)
    assert (old.state, new.state, new.id) == (DraftState.STALE, DraftState.PENDING, own)
    assert (new.text, new.recipient, new.order_id, new.written_by) == ("Mine.\n", build.ANA, None, case.agent)
    assert db.read_here(lambda session: session.get_one(Message, case.mail)).draft_id == own


def test_own_words_rest_on_no_facts_so_none_can_stop_them(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(write_own, case.conversation, text="Mine.", agent_id=case.agent, now=now)
    db.run_here(delivered, now)
    assert db.run_here(build.approve_again, case, now)


def test_a_conversation_without_an_address_cannot_be_answered(db: Database, now: datetime) -> None:
    conversation = db.run_here(lambda session: build.customer_mail(session, now, sender="").conversation_id)
    person = db.run_here(build.agent, now)
    with pytest.raises(Conflict, match="no address"):
        db.run_here(write_own, conversation, text="Mine.", agent_id=person, now=now)
    with pytest.raises(NotFound, match="4711"):
        db.run_here(write_own, 4711, text="Mine.", agent_id=person, now=now)


def test_an_address_that_cannot_be_written_to_is_told_and_nothing_is_kept(db: Database, now: datetime) -> None:
    conversation = db.run_here(lambda session: build.customer_mail(session, now, sender="a b@b.test").conversation_id)
    person = db.run_here(build.agent, now)
    draft = db.run_here(write_own, conversation, text="Mine.", agent_id=person, now=now)
    with pytest.raises(InputError, match="cannot be written to"):
        db.run_here(approve, draft, version=1, agent_id=person, terms=build.TERMS, now=now)
    assert db.read_here(lambda session: session.exec(select(Approval)).all()) == []


def test_the_terms_come_from_config(monkeypatch: pytest.MonkeyPatch, keys: Keys) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test", name="Linen")},
        outbound=Outbound(host="127.0.0.1"),
    )
    assert Terms.of(settings, keys) == Terms(
        "care@shop.test",
        "Linen",
        timedelta(seconds=12),
        timedelta(hours=48),
        keys,
        offers=OfferTerms.of(settings, keys),
    )


OFFER = {"after_days": 1, "offer": "a voucher of 5 EUR", "amount": "5.00"}


def late_answer(session: Session, now: datetime, number: str) -> Draft:
    """The draft of an answer on a parcel that is three days late."""
    shop = Shop.model_validate({"name": "Linen & Co", "compensation": [OFFER]})
    sync_shop_facts(session, shop, now=now)
    order = build.shop_order(session, now - timedelta(days=4), name=number, id=number[1:])
    mail = build.customer_mail(session, now, order=order, intent="delivery_delay")
    build.draft_all(session, now)
    return build.pending(session, mail.conversation_id)


def test_what_a_reply_offers_is_noted_once_and_offered_to_nobody_twice(db: Database, now: datetime) -> None:
    first, second = (db.run_here(late_answer, now, number) for number in ("#1001", "#1002"))
    assert "a voucher of 5 EUR" in first.text
    assert "a voucher of 5 EUR" in second.text
    terms = replace(build.TERMS, offers=OfferTerms(CouponTerms({}, build.KEYS)))
    person = db.run_here(build.agent, now)
    who = {"version": 1, "agent_id": person, "terms": terms, "now": now, "done": True}
    db.run_here(approve, first.id or 0, **who)
    (given,) = db.read_here(lambda session: session.exec(select(Compensation)).all())
    assert (given.order_id, given.address, given.amount) == (first.order_id, build.ANA, "5.00")
    with pytest.raises(Conflict, match="the facts changed"):
        db.run_here(approve, second.id or 0, **who)


def test_an_offer_that_a_person_took_out_is_not_noted(db: Database, now: datetime) -> None:
    draft = db.run_here(late_answer, now, "#1001")
    person = db.run_here(build.agent, now)
    db.run_here(edit, draft.id or 0, version=1, text="It is late. Sorry.", agent_id=person, now=now)
    terms = replace(build.TERMS, offers=OfferTerms(CouponTerms({}, build.KEYS)))
    db.run_here(approve, draft.id or 0, version=2, agent_id=person, terms=terms, now=now, done=True)
    assert db.read_here(lambda session: session.exec(select(Compensation)).all()) == []


def test_a_promise_whose_day_has_come_is_not_approved_until_a_person_edited_it(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Draft:
        order = build.shop_order(session, now)
        mail = build.customer_mail(session, now, order=order, intent="complaint_dispute")
        build.draft_all(session, now)
        return build.pending(session, mail.conversation_id)

    draft = db.run_here(verb)
    assert "promise.by" in draft.facts
    later = now + timedelta(hours=47)
    person = db.run_here(build.agent, now)
    with pytest.raises(Conflict, match=r"promise.by was 2026-11-24"):
        db.run_here(approve, draft.id, version=1, agent_id=person, terms=build.TERMS, now=later, done=True)
    version = db.run_here(edit, draft.id, version=1, text="By Friday.", agent_id=person, now=later)
    assert db.run_here(approve, draft.id, version=version, agent_id=person, terms=build.TERMS, now=later, done=True)


def test_what_must_be_done_first_outlives_an_edit_and_an_undo(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Draft:
        order = build.shop_order(session, now)
        mail = build.customer_mail(session, now, order=order, intent="invoice")
        build.draft_all(session, now)
        return build.pending(session, mail.conversation_id)

    draft = db.run_here(verb)
    assert "#1001" in draft.before
    person = db.run_here(build.agent, now)
    version = db.run_here(edit, draft.id, version=1, text="Done.", agent_id=person, now=now)
    delivery = db.run_here(approve, draft.id, version=version, agent_id=person, terms=build.TERMS, now=now, done=True)
    db.run_here(undo, delivery, agent_id=person, now=now)
    again = db.read_here(build.pending, draft.conversation_id)
    assert (again.before, again.holding, again.intents) == (draft.before, False, ["invoice"])
