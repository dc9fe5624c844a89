"""Which conversation to join another one with: the likely ones first, the others by a search; what would move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Conversation, Customer, Message, Order, number_key

_MOST = 20
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Candidate:
    """A conversation to join with."""

    conversation: Conversation
    customer: Customer
    order_number: str
    mails: int


@dataclass(frozen=True)
class Preview:
    """What joining would move: all mails of the source, into the target with those that it has."""

    target: Candidate
    moving: Sequence[Message]
    staying: Sequence[Message]

    @property
    def other_customer(self) -> bool:
        """Whether the mails of two addresses would stand together."""
        return any(one.from_address != self.target.customer.address for one in self.moving if one.direction == "in")


@dataclass(frozen=True)
class Joining:
    """What the page shows."""

    source: Candidate
    likely: Sequence[Candidate]
    found: Sequence[Candidate]
    preview: Preview | None


def joining_of(session: Session, conversation_id: int, *, words: str, into: int | None) -> Joining:
    """The conversation, candidates and, with `into`, what would move there. Raises NotFound."""
    source = _one(session, conversation_id)
    likely = _candidates(session, _likely(source.conversation))
    known = {conversation_id, *(one.conversation.id for one in likely)}
    found = _candidates(session, _search(words)) if words.strip() else []
    preview = _preview(session, conversation_id, into) if into not in (None, conversation_id) else None
    return Joining(source, likely, [one for one in found if one.conversation.id not in known], preview)


def _preview(session: Session, conversation_id: int, into: int | None) -> Preview:
    mails = select(Message).where(col(Message.conversation_id).in_([conversation_id, into]))
    every = session.exec(mails.order_by(col(Message.received_at), col(Message.id))).all()
    moving = [one for one in every if one.conversation_id == conversation_id]
    return Preview(_one(session, into or 0), moving, [one for one in every if one.conversation_id == into])


def _likely(source: Conversation) -> Any:
    """The one that it possibly belongs to, then the customer's others, then others about the same order."""
    here = or_(
        col(Conversation.id) == (source.possibly_of or 0),
        col(Conversation.customer_id) == source.customer_id,
        col(Conversation.order_id) == (source.order_id or 0),
    )
    return here & (col(Conversation.id) != source.id)


def _search(words: str) -> Any:
    """By the number of a conversation or an order, an address or a name from its beginning, words of the subject."""
    plain = words.strip()[:200]
    pattern = "".join(f"\\{char}" if char in "\\%_" else char for char in plain)
    number = plain.lstrip("#")
    choices: list[Any] = [
        col(Customer.address).like(f"{pattern.lower()}%", escape="\\"),
        func.lower(Customer.name).like(f"%{pattern.lower()}%", escape="\\"),
        func.lower(Conversation.subject).like(f"%{pattern.lower()}%", escape="\\"),
        col(Conversation.order_id).in_(select(Order.id).where(Order.number_key == number_key(plain))),
    ]
    if number.isascii() and number.isdecimal() and int(number[:11]) <= _LARGEST_ID:
        choices.append(col(Conversation.id) == int(number[:11]))
    return or_(*choices)


def _candidates(session: Session, here: Any) -> list[Candidate]:
    wanted = (
        select(Conversation, Customer, Order.number)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .outerjoin(Order, col(Order.id) == Conversation.order_id)
        .where(here)
        .order_by(col(Conversation.updated_at).desc())
        .limit(_MOST)
    )
    rows = session.exec(wanted).all()
    counted = select(Message.conversation_id, func.count(col(Message.id))).where(
        col(Message.conversation_id).in_([conversation.id for conversation, _, _ in rows])
    )
    mails = dict(session.exec(counted.group_by(col(Message.conversation_id))).all())
    return [Candidate(talk, who, number or "", mails.get(talk.id or 0, 0)) for talk, who, number in rows]


def _one(session: Session, conversation_id: int) -> Candidate:
    found = _candidates(session, col(Conversation.id) == conversation_id)
    if not found:
        raise NotFound(f"there is no conversation {conversation_id}")
    return found[0]
