"""A conversation as drafting finds it: the mails that wait, what they want together, and what may be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Self

from sqlmodel import Session, col, func, select

from mailer.config import Settings
from mailer.model import (
    CHANGES,
    Classification,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Disclosure,
    Draft,
    Intent,
    Level,
    Message,
    MessageState,
    Order,
    ParcelState,
    Shipment,
    number_key,
)
from mailer.rendering.facts import Facts, Subject, read_facts
from mailer.replies.asked import asked_values, products_named
from mailer.replies.authorise import authorise, is_confirmed
from mailer.replies.clocks import Clocks
from mailer.replies.places import told_before_an_order
from mailer.replies.policy import CONFIRM_SENDER, Asked, Wish, disclosure_of
from mailer.replies.sender import controls_mailbox, is_known
from mailer.signing import Keys

# An answer in one of these states reached the customer, or may have.
_LEFT_US = (
    DeliveryState.HANDING_OVER,
    DeliveryState.UNKNOWN,
    DeliveryState.SENT,
    DeliveryState.BOUNCED,
    DeliveryState.COMPLAINED,
)


@dataclass(frozen=True)
class House:
    """What the shop itself brings to a reply."""

    name: str
    language: str
    clocks: Clocks
    # Who signs beside the shop, and the keys by which we know our own mails again.
    agent: str = ""
    keys: Keys | None = None

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As config.toml says."""
        shop = settings.shop
        return cls(shop.name, shop.language, Clocks.of(settings), settings.sender.name, keys)


@dataclass(frozen=True)
class Case:
    """A conversation that needs an answer, as it was when it was read."""

    conversation_id: int
    changed_at: datetime
    newest_id: int
    # When the first of the mails that wait came.
    received_at: datetime
    storefront: str
    sender: str
    sender_name: str
    asked: Asked
    disclosure: Disclosure
    # The order whose facts may be told; none for anybody else, so that nothing of it can slip into a text.
    subject: Subject
    facts: Facts
    read_at: datetime
    # What the mails themselves say, by its path under `asked.`.
    values: dict[str, object]
    languages: tuple[str, ...]
    # Every intent of the mails that wait, sure or not.
    intents: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Judged:
    """A mail with the judgement on it, and whether it is really from whom it says."""

    mail: Message
    word: Classification


def waiting_cases(session: Session, limit: int, house: House, *, now: datetime) -> list[Case]:
    """The conversations that have waited longest and whose mails are all judged."""
    unread = select(Message.id).where(
        Message.conversation_id == Conversation.id, Message.state == MessageState.RECEIVED, col(Message.error).is_(None)
    )
    waiting = select(Conversation).where(Conversation.state == ConversationState.NEEDS_ANSWER, ~unread.exists())
    conversations = session.exec(waiting.order_by(col(Conversation.updated_at)).limit(limit)).all()
    return [case for one in conversations if (case := case_of(session, one, house, now=now)) and case.asked.wishes]


def case_of(session: Session, conversation: Conversation, house: House, *, now: datetime) -> Case | None:
    """What is known of one conversation; None when nobody wrote in it, or its newest mail is not judged yet."""
    newest = newest_mail(session, conversation.id or 0)
    if newest is None:
        return None
    everything = _judged(session, newest)
    since = last_answer(session, newest.conversation_id)
    waiting = [one for one in everything if (one.mail.id or 0) > since] or everything[:1]
    about = _about(session, conversation, newest, waiting)
    order = about.order
    disclosure = disclosure_of(newest.senders, order.email if order else None)
    told = order if disclosure is Disclosure.ORDER else None
    words = [one.word for one in waiting]
    languages = _languages(everything, told, house)
    values = _own_values(waiting, languages, about.unknown_number if told else None)
    subject = Subject(
        order_id=told.id if told else None,
        product_ids=products_named(words),
        country=str(values["asked.country"]) if "asked.country" in values else None,
        storefront=conversation.storefront,
        language=languages[0],
        conversation_id=conversation.id,
    )
    facts = read_facts(session, subject, now=now)
    asked, note = _asked(session, newest, waiting, order, facts, house)
    return Case(
        conversation_id=conversation.id or 0,
        changed_at=conversation.updated_at,
        newest_id=newest.id or 0,
        received_at=min([one.mail.received_at for one in waiting], default=newest.received_at),
        storefront=conversation.storefront,
        # To the address on the order itself, which may be written otherwise than the mail's.
        sender=told.email if told else newest.from_address,
        sender_name=newest.from_name,
        asked=asked,
        disclosure=disclosure,
        subject=subject,
        facts=facts,
        read_at=now,
        values=values,
        languages=languages,
        intents=tuple(dict.fromkeys(wish.intent for wish in asked.wishes)),
        note="; ".join(part for part in (note, _several_orders(session, waiting, told)) if part),
    )


def newest_mail(session: Session, conversation_id: int) -> Message | None:
    """The newest mail that a person wrote in this conversation."""
    wanted = select(Message).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
    )
    return session.exec(wanted.order_by(col(Message.id).desc()).limit(1)).first()


def last_answer(session: Session, conversation_id: int) -> int:
    """The id of our last answer that left us; mails after it wait. A holding reply is no answer."""
    return last_answers(session, [conversation_id]).get(conversation_id, 0)


def last_answers(session: Session, conversation_ids: Sequence[int]) -> dict[int, int]:
    """The same of many at once; without an answer there is no entry."""
    sent = (
        select(Message.conversation_id, func.max(Message.id))
        .join(Delivery, col(Delivery.message_id) == Message.id)
        .outerjoin(Draft, col(Draft.id) == Delivery.draft_id)
        .where(
            col(Message.conversation_id).in_(conversation_ids),
            Delivery.kind == "reply",
            col(Delivery.state).in_(_LEFT_US),
            col(Draft.holding).is_not(True),
        )
        .group_by(col(Message.conversation_id))
    )
    return {talk: newest or 0 for talk, newest in session.exec(sent)}


def templates_of(draft: Draft) -> frozenset[str]:
    """The keys of the templates that a draft was made from, as in order_unknown."""
    names = (PurePosixPath(name) for name in [*draft.made_from, draft.template or ""])
    return frozenset(name.name.split(".")[0] for name in names if name.parent.name == "replies")


def _judged(session: Session, newest: Message) -> list[Judged]:
    """Every mail of a person with its judgement, the newest first; nothing while the newest one has none."""
    rows = session.exec(
        select(Message, Classification)
        .join(Classification, col(Classification.message_id) == Message.id)
        .where(
            Message.conversation_id == newest.conversation_id,
            Message.direction == Direction.IN,
            Message.state == MessageState.TRIAGED,
        )
        .order_by(col(Message.id).desc())
    ).all()
    found = [Judged(mail, word) for mail, word in rows]
    return found if found and found[0].mail.id == newest.id else []


@dataclass(frozen=True)
class _About:
    """The order that the mails are about, and the number that they call one and that is none of the sender's."""

    order: Order | None
    unknown_number: str | None


def _about(session: Session, conversation: Conversation, newest: Message, waiting: Sequence[Judged]) -> _About:
    named = next((one.word.order_id for one in waiting if one.word.order_id), conversation.order_id)
    order = session.get(Order, named) if named else None
    unknown = waiting[0].word.unknown_number if waiting else None
    if order is None or disclosure_of(newest.senders, order.email) is Disclosure.ORDER:
        return _About(order, unknown)
    # A customer who names another's order is answered as if there were none of that number.
    own = _own_order(session, conversation.storefront, newest)
    if own is None:
        return _About(order, None)
    numbers = (one for judged in waiting for one in judged.word.order_numbers)
    return _About(own, next((one for one in numbers if number_key(one) == order.number_key), unknown))


def _own_order(session: Session, storefront: str, newest: Message) -> Order | None:
    """The sender's newest order that is still open, else the newest; the same that a mail without a number is about."""
    if len(newest.senders) != 1 or not newest.senders[0]:
        return None
    mine = select(Order).where(Order.storefront == storefront, Order.email == newest.senders[0])
    orders = session.exec(mine.order_by(col(Order.placed_at).desc()).limit(20)).all()
    return next((one for one in orders if one.canceled_at is None and not _has_arrived(session, one)), None) or next(
        iter(orders), None
    )


def _has_arrived(session: Session, order: Order) -> bool:
    states = session.exec(select(Shipment.state).where(Shipment.order_id == order.id)).all()
    return bool(states) and all(state == ParcelState.DELIVERED for state in states)


def _several_orders(session: Session, waiting: Sequence[Judged], told: Order | None) -> str:
    named = dict.fromkeys(one.word.order_id for one in waiting if one.word.order_id)
    if told is None or len(named) < 2:
        return ""
    others = [order for one in named if (order := session.get(Order, one)) and order.id != told.id]
    words = ", ".join(order.number for order in others if order.email == told.email)
    return f"the mails are also about {words}; this answers for {told.number} only" if words else ""


def _languages(everything: Sequence[Judged], told: Order | None, house: House) -> tuple[str, ...]:
    """The mail's own, then the order's, where it may be told; then the shop's, and English."""
    own = next((one.word.language for one in everything if one.word.language), None)
    chain = (own, told.language if told else None, house.language, "en")
    return tuple(dict.fromkeys(one for one in chain if one))


def _own_values(waiting: Sequence[Judged], languages: Sequence[str], unknown_number: str | None) -> dict[str, object]:
    words = [one.word for one in waiting]
    intents = [entry["intent"] for one in words for entry in one.intents] or [one.intent for one in words]
    text = "\n".join(f"{one.mail.subject}\n{one.mail.own_words or one.mail.text}" for one in waiting)
    values = told_before_an_order(intents, text, languages) | asked_values(words, [one.mail for one in waiting])
    # To a stranger, that one number is unknown would tell that another is not.
    return {**values, "asked.unknown_number": unknown_number} if unknown_number else values


def _asked(
    session: Session, newest: Message, waiting: Sequence[Judged], order: Order | None, facts: Facts, house: House
) -> tuple[Asked, str]:
    wishes = [wish for one in waiting for wish in _wishes(session, one, order, house)]
    sent = _sent_drafts(session, newest.conversation_id)
    carried = _carried_over(session, newest, wishes, sent[0], order, house) if sent else []
    values = facts.values()
    asked = Asked(
        wishes=(*wishes, *carried),
        senders=tuple(newest.senders),
        order_address=order.email if order else None,
        order_state=str(values["order.state"]) if "order.state" in values else None,
        late=bool(values.get("order.late")),
        # Only a mail that reads like spam needs the question, which costs a look at every mail we sent.
        known=_may_be_spam(wishes) and is_known(session, newest.from_address),
        already=frozenset(key for draft in sent for key in templates_of(draft)),
        guesses=_guesses(waiting),
    )
    return asked, "we had asked for this mail; what is wanted stands in the mail before it" if carried else ""


def _wishes(session: Session, one: Judged, order: Order | None, house: House) -> list[Wish]:
    """Each intent of a mail. One that changes something counts for as much as this very mail's sender is confirmed."""
    found = one.word.intents or [{"intent": one.word.intent, "level": one.word.level}]
    wishes = [Wish(entry["intent"], Level(entry["level"])) for entry in found]
    if not any(wish.intent in CHANGES for wish in wishes):
        return wishes
    confirmed = _is_confirmed(session, one.mail, order, house)
    return [replace(wish, confirmed=confirmed) for wish in wishes]


def _is_confirmed(session: Session, mail: Message, order: Order | None, house: House) -> bool:
    proven = controls_mailbox(session, mail, house.keys)
    if order is None:
        return is_confirmed(mail.senders, dmarc=mail.dmarc, proven=proven)
    allowed = authorise(mail.senders, order.email, changes=True, dmarc=mail.dmarc, proven=proven)
    return allowed is Disclosure.ORDER


def _carried_over(
    session: Session, newest: Message, wishes: Sequence[Wish], asking: Draft, order: Order | None, house: House
) -> list[Wish]:
    """What our last answer asked about, where this mail is the reply to it: a number, a photo, a yes."""
    if not asking.asks:
        return []
    confirmed = _is_confirmed(session, newest, order, house)
    before = [Wish(intent, Level.MEDIUM, confirmed) for intent in asking.intents if intent in list(Intent)]
    if not any(wish.level is not Level.LOW and wish.intent != Intent.OTHER for wish in wishes):
        return before
    if CONFIRM_SENDER in templates_of(asking) and confirmed:
        return [wish for wish in before if wish.intent in CHANGES]
    return []


def _sent_drafts(session: Session, conversation_id: int) -> list[Draft]:
    """What we wrote in this conversation and really sent, the last one first."""
    sent = (
        select(Draft)
        .join(Delivery, col(Delivery.draft_id) == Draft.id)
        .where(Draft.conversation_id == conversation_id, col(Delivery.state).in_(_LEFT_US))
    )
    return list(session.exec(sent.order_by(col(Draft.id).desc())))


def _may_be_spam(wishes: Sequence[Wish]) -> bool:
    return any(wish.intent == Intent.SPAM_SALES for wish in wishes)


def _guesses(waiting: Sequence[Judged]) -> tuple[str, ...]:
    """What the newest mail may be, in words, the likeliest first."""
    top = waiting[0].word.top if waiting else []
    return tuple(f"{str(one['intent']).replace('_', ' ')} ({one['confidence']:.0%})" for one in top)
