"""A trouble that an agent declares: what it is, which orders and conversations it concerns, and when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlmodel import Session, col, func, or_, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Conversation,
    ConversationState,
    Draft,
    DraftState,
    IncidentState,
    Order,
    OrderLine,
    Shipment,
    Trouble,
    TroubleKind,
)

OPEN = (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON)


@dataclass(frozen=True)
class TroubleSeen:
    """A trouble with how much of the shop it concerns, and how far telling it got."""

    trouble: Trouble
    orders: int
    conversations: int
    drafted: int
    approved: int


def declare(
    session: Session,
    kind: TroubleKind,
    subject: str,
    *,
    words: str = "",
    since: date | None = None,
    agent_id: int,
    now: datetime,
) -> int:
    """Say that something is wrong; its number. Raises InputError, and Conflict when the same is open already."""
    named = subject.strip()
    if kind is TroubleKind.COUNTRY:
        named = named.upper()
    if not named or (kind is TroubleKind.COUNTRY and (len(named) != 2 or not named.isalpha())):
        raise InputError("subject", ["name the carrier, place, product, or the country by its two letters"])
    same = select(Trouble.id).where(
        Trouble.kind == kind, func.lower(Trouble.subject) == named.lower(), Trouble.state == IncidentState.OPEN
    )
    if (known := session.exec(same).first()) is not None:
        raise Conflict(f"this is declared already: incident {known}")
    row = Trouble(kind=kind, subject=named, words=words.strip(), since=since, declared_by=agent_id, declared_at=now)
    session.add(row)
    session.flush()
    return row.id or 0


def settle_trouble(session: Session, trouble_id: int, *, agent_id: int, now: datetime) -> None:
    """It is over; drafts that wait stay for a person. Raises NotFound, Conflict."""
    row = the_trouble(session, trouble_id)
    if row.state is IncidentState.SETTLED:
        raise Conflict(f"incident {trouble_id} is settled already")
    row.state, row.settled_by, row.settled_at = IncidentState.SETTLED, agent_id, now


def the_trouble(session: Session, trouble_id: int) -> Trouble:
    """One trouble. Raises NotFound."""
    row = session.get(Trouble, trouble_id)
    if row is None:
        raise NotFound(f"there is no declared incident {trouble_id}")
    return row


def open_troubles(session: Session) -> list[TroubleSeen]:
    """What is declared and not settled, the newest first."""
    rows = session.exec(select(Trouble).where(Trouble.state == IncidentState.OPEN).order_by(col(Trouble.id).desc()))
    return [seen(session, row) for row in rows.all()]


def seen(session: Session, trouble: Trouble) -> TroubleSeen:
    """How much it concerns."""
    orders = session.exec(select(func.count()).select_from(fitting_orders(trouble).subquery())).one()
    talks = session.exec(select(func.count()).select_from(fitting(trouble).subquery())).one()
    told = select(Draft.state, func.count()).where(Draft.trouble_id == trouble.id).group_by(col(Draft.state))
    of_state = {DraftState(state): count for state, count in session.exec(told)}
    return TroubleSeen(
        trouble, orders, talks, of_state.get(DraftState.PENDING, 0), of_state.get(DraftState.APPROVED, 0)
    )


def gathered(session: Session, trouble: Trouble, limit: int = 1_000) -> Sequence[tuple[Conversation, Order]]:
    """The conversations that wait for an answer and whose order it concerns, the oldest first."""
    wanted = (
        select(Conversation, Order)
        .join(Order, col(Order.id) == Conversation.order_id)
        .where(col(Conversation.id).in_(fitting(trouble)))
        .order_by(col(Conversation.id))
    )
    return [(talk, order) for talk, order in session.exec(wanted.limit(limit))]


def fitting(trouble: Trouble) -> Any:
    """The query for the ids of those conversations."""
    return select(Conversation.id).where(
        col(Conversation.state).in_(OPEN), col(Conversation.order_id).in_(fitting_orders(trouble))
    )


def fitting_orders(trouble: Trouble) -> Any:
    """The query for the ids of the orders that it concerns: open ones, placed since it began."""
    wanted = select(Order.id).where(col(Order.canceled_at).is_(None), _fits(trouble))
    if trouble.since is not None:
        wanted = wanted.where(col(Order.placed_at) >= datetime.combine(trouble.since, time(), UTC))
    return wanted


def _fits(trouble: Trouble) -> Any:
    named = trouble.subject.lower()
    parcel = select(Shipment.id).where(Shipment.order_id == Order.id)
    under_way = parcel.where(col(Shipment.delivered_at).is_(None))
    line = select(OrderLine.id).where(OrderLine.order_id == Order.id)
    match trouble.kind:
        case TroubleKind.CARRIER:
            # Shops write "La Poste", trackers "la-poste".
            names = {named, "-".join(named.split())}
            return under_way.where(func.lower(Shipment.carrier).in_(names)).exists()
        case TroubleKind.WAREHOUSE:
            return under_way.where(func.lower(Shipment.origin) == named).exists()
        case TroubleKind.COUNTRY:
            here = func.lower(Order.country) == named
            return here & or_(under_way.exists(), ~parcel.exists())
        case TroubleKind.PRODUCT:
            titled = func.lower(OrderLine.title).contains(named, autoescape=True)
            return line.where(or_(func.lower(OrderLine.sku) == named, titled)).exists()
