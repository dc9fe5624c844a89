"""The work on one mail after the other, by the real verbs, in a database in memory that nobody sees afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.backtest.history import Past, RealAnswer
from mailer.config import Settings
from mailer.db import Database, insert_once
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.receive import Letter, receive
from mailer.inbound.thread import Rules
from mailer.migrations import readable, upgrade
from mailer.model import (
    Blob,
    Classification,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Mailbox,
    Message,
    MessageState,
    Order,
    OrderLine,
    Product,
    RawMail,
    Row,
    Scan,
    Shipment,
    number_key,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.shelf import service_catalog
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.case import House, case_of
from mailer.replies.draft import Proposal, propose
from mailer.replies.policy import NeedsPerson, Silent
from mailer.signing import Keys
from mailer.triage.classifier import Classifier
from mailer.triage.entities import order_numbers
from mailer.triage.triage import triage

# So many orders show what an order number of this shop looks like.
_FOR_THE_SHAPE = 200
_ORDERS_OF_A_MAIL = 20
_NO_BYTES = "0" * 64


@dataclass(frozen=True)
class Judged:
    """What would have become of one mail: draft, holding, person, silent or automatic, and with which words."""

    outcome: str
    intent: str = ""
    level: str = ""
    language: str = ""
    draft: str = ""
    reason: str = ""


class Orders:
    """The shop's own orders, products and published templates, where its database can be read."""

    def __init__(self, settings: Settings) -> None:
        self._db = readable(settings.db.url)

    @property
    def are_known(self) -> bool:
        """Whether there is a database to ask."""
        return self._db is not None

    def at_first(self) -> list[Row]:
        """What is needed whatever a mail says."""
        return self._db.read_here(_at_first) if self._db else []

    def of(self, addresses: Sequence[str], numbers: Iterable[str]) -> list[Row]:
        """The orders of these people or of these numbers, with all that hangs on them."""
        keys = [number_key(number) for number in numbers]
        return self._db.read_here(_orders_of, addresses, keys) if self._db else []

    def templates(self, directory: Path) -> Catalog:
        """What serves: what was published, else the files."""
        return self._db.read_here(service_catalog, directory) if self._db else Catalog(directory)

    def close(self) -> None:
        """Give the connection back."""
        if self._db:
            self._db.close()


class Rehearsal:
    """Goes through the past mail by mail, in order; what people sent then is known from its time on."""

    def __init__(
        self, settings: Settings, keys: Keys, classifier: Classifier, orders: Orders, catalog: Catalog
    ) -> None:
        self._db = Database("sqlite://")
        self._rules = Rules.of(settings, keys)
        self._house = House.of(settings, keys)
        self._catalog = catalog
        self._own = frozenset(sender.address.lower() for sender in settings.senders.values())
        self._classifier = classifier
        self._orders = orders
        upgrade(self._db)
        self._settings = settings

    def begin(self, mailbox: str, *, now: datetime) -> None:
        """An empty shop with its facts and products."""
        storefront = self._settings.inbound.mailboxes[mailbox].storefront
        self._db.run_here(_open, Mailbox(name=mailbox, storefront=storefront), self._orders.at_first())
        self._db.run_here(sync_shop_facts, self._settings.shop, self._settings.offers, now=now)

    def was_sent(self, answer: RealAnswer) -> None:
        """A person answered then."""
        self._db.run_here(_note_answer, answer)

    def judge(self, past: Past) -> Judged:
        """What would have become of this mail at its time."""
        mail = past.mail
        if mail is None:
            return Judged("unreadable", reason="it cannot be read")
        senders = [one.address for one in mail.senders]
        if mail.automatic or self._own.intersection(senders):
            return Judged("automatic", reason=mail.automatic or "sent by ourselves")
        rows = self._orders.of(senders, order_numbers(mail.subject, mail.own_words or mail.text))
        return self._db.run_here(self._judge, past, mail, rows)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def _judge(self, session: Session, past: Past, mail: ParsedMail, rows: Sequence[Row]) -> Judged:
        _copy(session, rows)
        message = _received(session, past, mail, self._rules)
        triage(session, [message.id or 0], self._classifier, now=past.at)
        session.flush()
        word = session.exec(select(Classification).where(Classification.message_id == message.id)).first()
        conversation = session.get_one(Conversation, message.conversation_id)
        case = case_of(session, conversation, self._house, now=past.at)
        if word is None or case is None:
            return Judged("person", reason="it was not judged")
        return _judged(word, propose(case, self._catalog, self._house))


def _judged(word: Classification, proposal: Proposal) -> Judged:
    known = {"intent": word.intent, "level": word.level.value, "language": word.language or ""}
    match proposal.outcome:
        case NeedsPerson(reason):
            return Judged("person", reason=reason, **known)
        case Silent(reason):
            return Judged("silent", reason=reason, **known)
        case text:
            outcome = "holding" if text.rendered.holding else "draft"
            return Judged(outcome, draft=text.rendered.text.strip(), reason=text.reason, **known)


def _received(session: Session, past: Past, mail: ParsedMail, rules: Rules) -> Message:
    raw_mail = RawMail(
        mailbox_id=session.exec(select(Mailbox.id)).one() or 0,
        uidvalidity=1,
        uid=past.uid,
        sha256=_NO_BYTES,
        size=0,
        internal_date=past.at,
        stored_at=past.at,
    )
    session.add(raw_mail)
    session.flush()
    receive(session, [Letter(raw_mail.id or 0, mail)], now=past.at, rules=rules)
    return session.exec(select(Message).where(Message.raw_mail_id == raw_mail.id)).one()


def _note_answer(session: Session, answer: RealAnswer) -> None:
    answered = session.exec(
        select(Message).where(col(Message.internet_message_id).in_(answer.answers)).order_by(col(Message.id).desc())
    ).first()
    if answered is None:
        return
    message = Message(
        conversation_id=answered.conversation_id,
        direction=Direction.OUT,
        state=MessageState.COMPOSED,
        sha256=_NO_BYTES,
        internet_message_id=answer.message_id,
        subject=answer.subject,
        to_address=answered.from_address,
        received_at=answer.at,
        created_at=answer.at,
    )
    session.add(message)
    session.flush()
    session.add(
        Delivery(
            key=f"past-{message.id}",
            message_id=message.id or 0,
            recipient=answered.from_address,
            state=DeliveryState.SENT,
            queued_at=answer.at,
            next_attempt_at=answer.at,
            settled_at=answer.at,
        )
    )
    session.get_one(Conversation, answered.conversation_id).state = ConversationState.WAITING


def _open(session: Session, mailbox: Mailbox, rows: Sequence[Row]) -> None:
    session.add(mailbox)
    session.add(Blob.of(_NO_BYTES, b""))
    session.flush()
    _copy(session, rows)


def _copy(session: Session, rows: Sequence[Row]) -> None:
    for row in rows:
        insert_once(session, row)


def _at_first(session: Session) -> list[Row]:
    newest = session.exec(select(Order).order_by(col(Order.id).desc()).limit(_FOR_THE_SHAPE)).all()
    return [*newest, *session.exec(select(Product))]


def _orders_of(session: Session, addresses: Sequence[str], keys: Sequence[str]) -> list[Row]:
    mine = func.lower(Order.email).in_([one.lower() for one in addresses]) | col(Order.number_key).in_(keys)
    orders = session.exec(select(Order).where(mine).order_by(col(Order.id).desc()).limit(_ORDERS_OF_A_MAIL)).all()
    numbers = [order.id for order in orders]
    parcels = session.exec(select(Shipment).where(col(Shipment.order_id).in_(numbers))).all()
    lines = session.exec(select(OrderLine).where(col(OrderLine.order_id).in_(numbers))).all()
    scans = session.exec(select(Scan).where(col(Scan.shipment_id).in_([parcel.id for parcel in parcels]))).all()
    return [*orders, *lines, *parcels, *scans]
