"""Which conversation does a mail belong to? The identifiers that it names, and only where its sender takes part."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Self

from sqlmodel import Session, col, select

from mailer.config import Settings
from mailer.inbound.join import Newcomer, waiting_of
from mailer.model import Conversation, Customer, Delivery, Direction, Message
from mailer.signing import Keys

_ORDER_ID = re.compile(r"(?<![\d-])(?:\d{2,5}(?:-\d{3,9}){1,3}|\d{8,20})(?![\d-])")


@dataclass(frozen=True)
class Rules:
    """What reading needs of the shop: its keys, and the domains of marketplaces that stand in for customers.

    `order_secrets`: what each source of kind "mail" signs its orders with.
    """

    keys: Keys | None = None
    relays: tuple[str, ...] = ()
    order_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As config.toml says."""
        secrets = {name: source.keys for name, source in settings.sources.items() if source.kind == "mail"}
        return cls(keys, settings.inbound.relays, secrets)


@dataclass(frozen=True)
class Place:
    """Where a mail belongs: a conversation, or a new one that a person may join to `possibly_of`."""

    conversation: Conversation | None
    possibly_of: int | None = None
    relay_key: str | None = None
    # It names no mail of the conversation, and is here because that still waits for an answer to its sender.
    joined: bool = False


def place_of(
    session: Session,
    customer: Customer,
    in_reply_to: str,
    reference_ids: Sequence[str],
    *,
    subject: str = "",
    rules: Rules | None = None,
    newcomer: Newcomer | None = None,
) -> Place:
    """The conversation of the mail that this one answers: In-Reply-To first, then References from the newest back.

    Mail clients fill them differently (RFC 5322, 3.6.4 is the rule; Outlook leaves References short, Gmail long),
    so each is asked. Nobody joins a conversation of others: identifiers can be guessed or forwarded. A mail that names
    none joins what still waits for an answer to the same sender, so that one draft answers both.
    """
    rules = rules or Rules()
    key = relay_key(customer.address, subject, rules.relays)
    named = _named(session, in_reply_to, reference_ids, rules.keys)
    for conversation in named:
        if _takes_part(session, conversation, customer):
            return Place(conversation, relay_key=key)
    possibly_of = named[0].id if named else None
    of_relay = _of_relay(session, customer, key)
    waiting = waiting_of(session, customer, newcomer, key) if newcomer and of_relay is None else None
    return Place(of_relay or waiting, possibly_of, key, joined=waiting is not None)


def relay_key(address: str, subject: str, relays: Sequence[str]) -> str | None:
    """Alias and order number of a marketplace's relay address, None for any other sender or without a number.

    A marketplace gives each buyer an alias and keeps no identifiers of ours; the order is in the alias or the subject.
    """
    local, _, domain = address.rpartition("@")
    if not any(fnmatchcase(domain, pattern.lower()) for pattern in relays):
        return None
    found = _ORDER_ID.search(local) or _ORDER_ID.search(subject[:500])
    return f"{address}|{found[0]}" if found else None


def _named(session: Session, in_reply_to: str, reference_ids: Sequence[str], keys: Keys | None) -> list[Conversation]:
    """The conversations that these identifiers name, the likeliest first."""
    wanted = [one for one in dict.fromkeys([in_reply_to, *reversed(reference_ids)]) if one]
    if not wanted:
        return []
    rows = session.exec(
        select(Message, Conversation)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(col(Message.internet_message_id).in_(wanted))
        .order_by(col(Message.id))
    ).all()
    counting = [row for row in rows if _counts(session, row[0], keys)]
    counting.sort(key=lambda row: wanted.index(row[0].internet_message_id))
    return list({conversation.id: conversation for _, conversation in counting}.values())


def _counts(session: Session, message: Message, keys: Keys | None) -> bool:
    """An identifier of ours counts when our signature on it is true; a customer's is only a hint."""
    if message.direction is Direction.IN or keys is None:
        return True
    domain = message.internet_message_id.rpartition("@")[2].rstrip(">")
    signed = session.exec(select(Delivery.key).where(Delivery.message_id == message.id)).all()
    return any(other.message_id(key, domain) == message.internet_message_id for key in signed for other in _each(keys))


def _each(keys: Keys) -> list[Keys]:
    return [Keys((key,)) for key in keys.keys]


def _takes_part(session: Session, conversation: Conversation, customer: Customer) -> bool:
    """Whether this sender wrote in the conversation or was written to."""
    if conversation.customer_id == customer.id:
        return True
    if not customer.address:
        return False
    wrote = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == Direction.IN,
        Message.from_address == customer.address,
    )
    was_written_to = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == Direction.OUT,
        Message.to_address == customer.address,
    )
    return any(session.exec(question.limit(1)).first() is not None for question in (wrote, was_written_to))


def _of_relay(session: Session, customer: Customer, key: str | None) -> Conversation | None:
    if key is None:
        return None
    same = select(Conversation).where(Conversation.relay_key == key, Conversation.customer_id == customer.id)
    return session.exec(same.order_by(col(Conversation.id).desc()).limit(1)).first()
