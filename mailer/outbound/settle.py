"""What an outcome means for a delivery, its draft and its conversation, in the transaction of the outcome."""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from mailer.errors import Conflict
from mailer.model import (
    ClockKind,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Message,
    ReplyClock,
)
from mailer.outbound.bounce import refused
from mailer.outbound.outcome import Accepted, Deferred, Outcome, Refused, Unknown, say
from mailer.outbound.passage import WAITS, decide_anew, note_passage, queue_step, skip_step
from mailer.outbound.retry import next_try, next_try_of_relay

# In a story that runs faster than the machine's clock, what waits for it asks again so soon.
_STORY_PAUSE = timedelta(seconds=0.5)


def settle(
    session: Session, delivery: Delivery, outcome: Outcome, *, now: datetime, story: datetime | None = None
) -> None:
    """Move a delivery to where its outcome says. `story` is the time in which flows live, where it is another."""
    delivery.owner = None
    delivery.lease_until = None
    match outcome:
        case Accepted():
            sent(session, delivery, say(outcome), now=now, story=story)
        case Refused():
            _end(delivery, DeliveryState.FAILED, say(outcome), now)
            _note(session, delivery, "failed", say(outcome), story or now)
            refused(session, delivery, outcome.words, now=now)
            _to_person(session, delivery, f"our answer could not be delivered: {say(outcome)}", now)
        case Unknown():
            _end(delivery, DeliveryState.UNKNOWN, say(outcome), now)
        case Deferred():
            _again(delivery, outcome, now)


def sent(session: Session, delivery: Delivery, words: str, *, now: datetime, story: datetime | None = None) -> None:
    """The relay has it: the conversation waits for the customer, or still for a person, and clocks stop.

    When a newer mail came meanwhile, neither. A flow goes on from here.
    """
    _end(delivery, DeliveryState.SENT, words, now)
    _note(session, delivery, "sent", words, story or now)
    if not is_answer(delivery):
        return
    conversation = _locked_conversation(session, delivery)
    if not _is_last_word(session, conversation, delivery):
        return
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    if draft is not None and draft.holding:
        # Why a person is needed stays: the customer has been told that we look into it, and no more.
        conversation.state, conversation.updated_at = ConversationState.NEEDS_PERSON, now
    else:
        conversation.state, conversation.reason, conversation.updated_at = ConversationState.WAITING, "", now
    _turn_clocks(session, conversation, draft, now)


def withhold(
    session: Session, delivery: Delivery, reason: str, *, now: datetime, story: datetime | None = None
) -> None:
    """It must not go any more: its draft is stale and the conversation needs an answer again."""
    _end(delivery, DeliveryState.WITHHELD, reason, now)
    _note(session, delivery, "withheld", reason, story or now)
    if not is_answer(delivery):
        return
    _retire_draft(session, delivery, reason, now)
    conversation = _locked_conversation(session, delivery)
    if _is_last_word(session, conversation, delivery):
        conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now


def redo(session: Session, delivery: Delivery, reason: str, *, now: datetime, story: datetime) -> None:
    """What a flow wrote is no longer so: it is not sent, and the flow decides that step anew."""
    withhold(session, delivery, reason, now=now, story=story)
    decide_anew(session, delivery, reason, now=story)


def wait(delivery: Delivery, pause: timedelta, reason: str, *, now: datetime, told: bool = False) -> None:
    """A mail of a flow waits and is asked after again. `told`: in a story, whose hours pass faster than ours."""
    delivery.next_attempt_at, delivery.reason = now + (min(pause, _STORY_PAUSE) if told else pause), reason


def waited(delivery: Delivery, *, now: datetime) -> None:
    """It waits no more: the relay has its whole time from now on, as if it were queued now."""
    if delivery.reason.startswith(WAITS):
        if delivery.expires_at is not None:
            delivery.expires_at = now + (delivery.expires_at - delivery.queued_at)
        delivery.reason, delivery.queued_at = "", now


def expire(session: Session, delivery: Delivery, reason: str, *, now: datetime, story: datetime | None = None) -> None:
    """Its time is over before the relay took it: a person must know."""
    words = f"{reason}: {delivery.reason}" if delivery.reason else reason
    _end(delivery, DeliveryState.EXPIRED, words, now)
    _note(session, delivery, "expired", words, story or now)
    _retire_draft(session, delivery, words, now)
    _to_person(session, delivery, f"our answer could not be delivered: {words}", now)


def block(session: Session, delivery: Delivery, reason: str, *, now: datetime, story: datetime | None = None) -> None:
    """Nobody may write there: it is not sent, its draft stands, and a person decides."""
    _end(delivery, DeliveryState.WITHHELD, reason, now)
    if delivery.enrollment_id is not None:
        skip_step(session, delivery, reason)
    _note(session, delivery, "skip", reason, story or now)
    _to_person(session, delivery, f"our answer was not sent: {reason}", now)


def cancel(session: Session, delivery: Delivery, reason: str, *, now: datetime) -> None:
    """A person does not want it sent: its draft is stale and a person is to write."""
    _end(delivery, DeliveryState.CANCELED, reason, now)
    _note(session, delivery, "canceled", reason, now)
    _retire_draft(session, delivery, reason, now)
    _to_person(session, delivery, reason, now)


def again(session: Session, delivery: Delivery, *, expires_at: datetime, now: datetime) -> None:
    """Queue what had ended without being sent; its conversation waits for it again. Raises Conflict when overtaken."""
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    if draft is not None:
        conversation = _locked_conversation(session, delivery)
        if _another_answer(session, conversation, draft):
            raise Conflict(f"another answer took the place of delivery {delivery.id}; nothing was changed")
        draft.state, draft.updated_at = DraftState.APPROVED, now
        conversation.state, conversation.reason, conversation.updated_at = ConversationState.DRAFTED, "", now
    if delivery.enrollment_id is not None:
        queue_step(session, delivery)
    delivery.state, delivery.next_attempt_at, delivery.expires_at = DeliveryState.QUEUED, now, expires_at
    delivery.settled_at, delivery.held_at, delivery.deferrals = None, None, 0
    delivery.given_up_at, delivery.given_up_by = None, ""


def is_answer(delivery: Delivery) -> bool:
    """Whether a customer has their answer by it; an acknowledgement is none."""
    return delivery.kind == "reply"


def _note(session: Session, delivery: Delivery, what: str, words: str, now: datetime) -> None:
    if delivery.enrollment_id is not None:
        note_passage(session, delivery, what, words, now=now)


def _turn_clocks(session: Session, conversation: Conversation, draft: Draft | None, now: datetime) -> None:
    """A holding reply answers no more than that the mail came; after a question it is the customer's turn."""
    running = update(ReplyClock).where(
        col(ReplyClock.conversation_id) == conversation.id, col(ReplyClock.stopped_at).is_(None)
    )
    kind = col(ReplyClock.kind)
    session.exec(running.where(kind == ClockKind.FIRST_ANSWER).values(stopped_at=now))
    if draft is not None and draft.holding:
        return
    if draft is not None and draft.asks:
        stand_still = {"paused_at": now, "paused_because": "we asked the customer"}
        session.exec(running.where(col(ReplyClock.paused_at).is_(None)).values(**stand_still))
        return
    session.exec(running.where(kind != ClockKind.REFUND_PAID).values(stopped_at=now))


def _end(delivery: Delivery, state: DeliveryState, words: str, now: datetime) -> None:
    delivery.state, delivery.reason, delivery.settled_at = state, words, now


def _again(delivery: Delivery, outcome: Deferred, now: datetime) -> None:
    delivery.state, delivery.reason = DeliveryState.QUEUED, say(outcome)
    if outcome.relay:
        delivery.next_attempt_at = next_try_of_relay(delivery.key, delivery.attempt, now)
        return
    delivery.deferrals += 1
    delivery.next_attempt_at = next_try(delivery.key, delivery.deferrals, now)


def _to_person(session: Session, delivery: Delivery, reason: str, now: datetime) -> None:
    if not is_answer(delivery):
        return
    conversation = _locked_conversation(session, delivery)
    if _is_last_word(session, conversation, delivery):
        conversation.state, conversation.reason = ConversationState.NEEDS_PERSON, reason
        conversation.updated_at = now


def _retire_draft(session: Session, delivery: Delivery, reason: str, now: datetime) -> None:
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    if draft is not None and draft.state == DraftState.APPROVED:
        draft.state, draft.reason, draft.updated_at = DraftState.STALE, reason, now


def _is_last_word(session: Session, conversation: Conversation, delivery: Delivery) -> bool:
    """Whether nothing newer counts: a mail that came meanwhile, a draft that waits, or a later answer on its way."""
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    return conversation.state == ConversationState.DRAFTED and not _another_answer(session, conversation, draft)


def _another_answer(session: Session, conversation: Conversation, draft: Draft | None) -> bool:
    later = and_(col(Draft.state) == DraftState.APPROVED, col(Draft.id) > (draft.id if draft else 0))
    newer = select(Draft.id).where(
        Draft.conversation_id == conversation.id, or_(col(Draft.state) == DraftState.PENDING, later)
    )
    return session.exec(newer.limit(1)).first() is not None


def _locked_conversation(session: Session, delivery: Delivery) -> Conversation:
    message = session.get_one(Message, delivery.message_id)
    wanted = select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    return session.exec(wanted).one()
