"""A reply that did not arrive becomes a draft again, with its text, for a person to change and approve."""

from datetime import datetime

from sqlmodel import Session, select

from mailer.errors import Conflict, NotFound
from mailer.model import Conversation, ConversationState, Delivery, Draft
from mailer.outbound.tray import Way, ways
from mailer.replies.case import newest_mail
from mailer.replies.draft import answer_is_on_its_way, answered_by, retire_pending


def draft_again(session: Session, delivery_id: int, *, agent_id: int, now: datetime) -> int:
    """A pending draft with the text that was sent, of which the person is now the author; its conversation.

    It rests on what it rested on when it was written, so whatever changed since has to be seen before it is approved.
    Raises Conflict, also where another answer is on its way, and NotFound.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    if Way.EDIT not in ways(delivery) or delivery.draft_id is None:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}: it cannot be written anew")
    sent = session.get_one(Draft, delivery.draft_id)
    locked = select(Conversation).where(Conversation.id == sent.conversation_id).with_for_update()
    conversation = session.exec(locked).one()
    if answer_is_on_its_way(session, sent.conversation_id):
        raise Conflict("another answer is on its way; take it back first")
    newest = newest_mail(session, sent.conversation_id)
    retire_pending(session, sent.conversation_id, f"agent {agent_id} sends the one before again", now=now)
    draft = _like(sent, newest.id if newest and newest.id else sent.answers_id, agent_id, now)
    session.add(draft)
    session.flush()
    answered_by(session, draft)
    conversation.state, conversation.updated_at = ConversationState.DRAFTED, now
    conversation.wake()
    return sent.conversation_id


def _like(sent: Draft, answers_id: int, agent_id: int, now: datetime) -> Draft:
    return Draft(
        conversation_id=sent.conversation_id,
        answers_id=answers_id,
        text=sent.text,
        template=sent.template,
        template_hash=sent.template_hash,
        made_from=dict(sent.made_from),
        locale=sent.locale,
        wanted_locale=sent.wanted_locale,
        order_id=sent.order_id,
        disclosure=sent.disclosure,
        recipient=sent.recipient,
        recipient_name=sent.recipient_name,
        facts=dict(sent.facts),
        fingerprint=sent.fingerprint,
        rests_on=dict(sent.rests_on),
        intents=list(sent.intents),
        holding=sent.holding,
        asks=sent.asks,
        before=sent.before,
        trouble_id=sent.trouble_id,
        written_by=agent_id,
        created_at=now,
        updated_at=now,
    )
