"""A second mail on the same matter, before the first was answered: it joins what waits, though it names no mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.inbound.parsed import ParsedMail
from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Draft,
    DraftState,
    Message,
    MessageState,
    Order,
    number_key,
)

_WAITING = (ConversationState.NEEDS_ANSWER, ConversationState.NEEDS_PERSON, ConversationState.DRAFTED)
# Whatever may be an order's number; which of them are some is asked of the orders.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])#?[0-9A-Za-z]{0,5}-?[0-9]{2,12}(?:-[0-9A-Za-z]{1,12}){0,3}(?![0-9A-Za-z])")
_MOST_TEXT = 20_000
_MOST_NUMBERS = 50


@dataclass(frozen=True)
class Newcomer:
    """What of a new mail bears on whether it joins: where it came in, what it says, and who vouches for it."""

    storefront: str
    subject: str
    words: str
    senders: tuple[str, ...]
    names_mails: bool
    dmarc: str
    # From a machine, or from before the first connect: nobody waits for an answer to it.
    unasked: bool

    @classmethod
    def of(cls, mail: ParsedMail, storefront: str, *, history: bool) -> "Newcomer":
        """As it was read."""
        return cls(
            storefront=storefront,
            subject=mail.subject,
            words=mail.own_words or mail.text,
            senders=tuple(sender.address for sender in mail.senders),
            names_mails=bool(mail.in_reply_to or mail.reference_ids),
            dmarc=mail.authenticity.dmarc,
            unasked=bool(mail.automatic) or history or mail.route != "triage",
        )


def waiting_of(session: Session, customer: Customer, newcomer: Newcomer, relay_key: str | None) -> Conversation | None:
    """The conversation of this very sender that still waits for an answer, if the mail may be about the same.

    It does not join under another marketplace alias or order, nor when its own domain calls it forged.
    """
    if newcomer.unasked or newcomer.names_mails or newcomer.dmarc == "fail" or len(newcomer.senders) != 1:
        return None
    wanted = select(Conversation).where(
        Conversation.customer_id == customer.id,
        Conversation.storefront == newcomer.storefront,
        Conversation.relay_key == relay_key,
        col(Conversation.state).in_(_WAITING),
    )
    found = session.exec(wanted.order_by(col(Conversation.id).desc())).all()
    named = _orders_named(session, customer, newcomer.storefront, [f"{newcomer.subject}\n{newcomer.words}"])
    return next((one for one in found if _may_hold(session, one, customer, named)), None)


def _may_hold(session: Session, conversation: Conversation, customer: Customer, named: set[int]) -> bool:
    mails = session.exec(
        select(Message).where(
            Message.conversation_id == conversation.id,
            Message.direction == Direction.IN,
            col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
        )
    ).all()
    if not mails or any(mail.senders != [customer.address] for mail in mails) or _is_answered(session, conversation):
        return False
    texts = [f"{mail.subject}\n{mail.own_words}" for mail in mails]
    there = _orders_named(session, customer, conversation.storefront, texts)
    return not named or not there or bool(named & there)


def _is_answered(session: Session, conversation: Conversation) -> bool:
    """Whether an approved answer is on its way: then a new mail is a new matter."""
    if conversation.state != ConversationState.DRAFTED:
        return False
    pending = select(Draft.id).where(Draft.conversation_id == conversation.id, Draft.state == DraftState.PENDING)
    return session.exec(pending.limit(1)).first() is None


def _orders_named(session: Session, customer: Customer, storefront: str, texts: Sequence[str]) -> set[int]:
    """The customer's own orders, and those marked with #, that these texts name."""
    found = [match[0] for text in texts for match in _NUMBER.finditer(text[:_MOST_TEXT])][:_MOST_NUMBERS]
    marked = {number_key(one) for one in found if one.startswith("#")}
    keys = {number_key(one) for one in found}
    if not keys:
        return set()
    rows = session.exec(select(Order).where(Order.storefront == storefront, col(Order.number_key).in_(keys))).all()
    return {one.id or 0 for one in rows if one.email == customer.address or one.number_key in marked}
