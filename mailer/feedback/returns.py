"""A customer asks to send something back; the rule agrees or a person does; it arrives, and is settled.

One open request for each order. What is agreed on tells where it goes, or that it may be kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import Conflict, InputError, NotFound
from mailer.events import record_event
from mailer.feedback.eligibility import REASONS, WISHES, Rules, Verdict, Wanted, judge
from mailer.feedback.matter import Matter, open_matter
from mailer.model import Order, OrderLine, ReturnRequest, ReturnState, Shipment
from mailer.rendering.shop_facts import ShopBook, read_shop, return_rule

_OPEN = (ReturnState.REQUESTED, ReturnState.AGREED, ReturnState.RECEIVED)
_LONGEST = 4_000
_NO_SUCH = "there is no return {number}; `mailer returns list --all` shows them"
_BEFORE = {
    ReturnState.AGREED: (ReturnState.REQUESTED,),
    ReturnState.REFUSED: (ReturnState.REQUESTED, ReturnState.AGREED),
    ReturnState.RECEIVED: (ReturnState.AGREED,),
    ReturnState.SETTLED: (ReturnState.AGREED, ReturnState.RECEIVED),
}


@dataclass(frozen=True)
class Item:
    """One position that is to come back."""

    line_id: int
    quantity: int
    reason: str


@dataclass(frozen=True)
class Asked:
    """What a customer asks for by the page."""

    items: Sequence[Item]
    wish: str
    comment: str = ""
    photos: Sequence[dict[str, Any]] = field(default=())
    suspected_robot: bool = False


@dataclass(frozen=True)
class Terms:
    """The rule for one order, and where the order stands today."""

    rules: Rules
    delivered_on: date | None
    today: date


def terms_of(session: Session, book: ShopBook, order: Order, agree_below: str) -> Terms:
    """What counts for a return of this order now."""
    return Terms(rules_of(book, order, agree_below), delivered_on(session, book, order), book.today)


def rules_of(book: ShopBook, order: Order, agree_below: str) -> Rules:
    """What config.toml says for the country of an order, in the customer's words."""
    told = {name: _rule(book, order, name) for name in ("days", "keep_below", "address", "label_url")}
    months = book.get("warranty_months")
    return Rules(
        days=None if told["days"] is None else int(told["days"]),
        warranty_months=None if months is None else int(months),
        keep_below=_amount(told["keep_below"]),
        agree_below=_amount(agree_below) or Decimal(0),
        send_to=str(told["address"] or ""),
        label_url=str(told["label_url"] or ""),
    )


def delivered_on(session: Session, book: ShopBook, order: Order) -> date | None:
    """The day on which the last parcel of an order arrived; None while one is missing."""
    parcels = session.exec(select(Shipment.delivered_at).where(Shipment.order_id == order.id)).all()
    arrived = [moment for moment in parcels if moment is not None]
    return book.day(max(arrived)) if parcels and len(arrived) == len(parcels) else None


def returnable(session: Session, order: Order) -> dict[int, tuple[OrderLine, int]]:
    """The positions of an order with how many pieces of each can still come back."""
    gone: dict[int, int] = {}
    earlier = select(ReturnRequest).where(
        ReturnRequest.order_id == order.id, col(ReturnRequest.state) != ReturnState.REFUSED
    )
    for request in session.exec(earlier).all():
        for item in request.items:
            gone[item["line"]] = gone.get(item["line"], 0) + item["quantity"]
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))).all()
    left = {line.id or 0: (line, line.quantity - gone.get(line.id or 0, 0)) for line in lines}
    return {number: entry for number, entry in left.items() if entry[1] > 0}


def open_return(session: Session, order: Order) -> ReturnRequest | None:
    """The request of an order that is not settled; else the newest."""
    wanted = select(ReturnRequest).where(ReturnRequest.order_id == order.id)
    found = session.exec(wanted.order_by(col(ReturnRequest.id).desc())).all()
    return next((one for one in found if one.state in _OPEN), found[0] if found else None)


def request(session: Session, order: Order, asked: Asked, terms: Terms, *, now: datetime) -> ReturnRequest:
    """Ask for a return; one that is open already is given back unchanged. Raises InputError with every mistake."""
    current = open_return(session, order)
    if current is not None and current.state in _OPEN:
        return current
    lines = returnable(session, order)
    if problems := _problems(asked, lines):
        raise InputError("return", problems)
    wanted = [Wanted(one.reason, one.quantity, _amount(lines[one.line_id][0].price)) for one in asked.items]
    verdict = judge(terms.rules, wanted, asked.wish, terms.delivered_on, terms.today)
    fresh = _fresh(order, asked, lines, now)
    if not insert_once(session, fresh):
        # Two forms at once: the other one was first.
        return open_return(session, order) or fresh
    found = open_return(session, order)
    assert found is not None
    _tell(session, found, "requested", now)
    if verdict.agreed and not asked.suspected_robot:
        _agree(session, found, keep=verdict.keep, rules=terms.rules, by="rule", now=now)
    else:
        _ask_a_person(session, found, order, asked, verdict, now)
    return found


def agree(
    session: Session, number: int, *, by: str, keep: bool, send_to: str = "", label_url: str = "", now: datetime
) -> ReturnRequest:
    """A person agrees: it comes back, or is kept. Raises NotFound, Conflict."""
    found = _locked(session, number, ReturnState.AGREED)
    _agree(session, found, keep=keep, rules=Rules(send_to=send_to, label_url=label_url), by=by, now=now)
    return found


def refuse(session: Session, number: int, *, by: str, reason: str, now: datetime) -> ReturnRequest:
    """A person says no, and why. Raises NotFound, Conflict, InputError without a reason."""
    if not reason.strip():
        raise InputError("reason", ["say why: the customer will ask"])
    return _move(session, number, ReturnState.REFUSED, by=by, reason=reason.strip(), now=now)


def receive(session: Session, number: int, *, by: str, now: datetime) -> ReturnRequest:
    """It is with us. Raises NotFound, Conflict."""
    return _move(session, number, ReturnState.RECEIVED, by=by, now=now)


def settle(session: Session, number: int, *, by: str, now: datetime) -> ReturnRequest:
    """Money or another item went out. Raises NotFound, Conflict."""
    return _move(session, number, ReturnState.SETTLED, by=by, now=now)


def all_returns(session: Session, *, all_states: bool, limit: int = 200) -> list[tuple[ReturnRequest, str]]:
    """The open requests, the oldest first, each with its order's number; with `all_states` the settled ones too."""
    wanted = select(ReturnRequest, Order.number).join(Order, col(Order.id) == ReturnRequest.order_id)
    if not all_states:
        wanted = wanted.where(col(ReturnRequest.state).in_(_OPEN))
    return [(one, number) for one, number in session.exec(wanted.order_by(col(ReturnRequest.id)).limit(limit))]


def way_back(session: Session, number: int, language: str, *, now: datetime) -> tuple[str, str]:
    """Where the items of a return go, and where their label is printed, in the customer's language. Raises NotFound."""
    found = session.get(ReturnRequest, number)
    if found is None:
        raise NotFound(_NO_SUCH.format(number=number))
    order = session.get_one(Order, found.order_id)
    rules = rules_of(read_shop(session, order.language or language, now=now), order, "0")
    return rules.send_to, rules.label_url


def _problems(asked: Asked, lines: Mapping[int, tuple[OrderLine, int]]) -> list[str]:
    problems = [] if asked.items else ["choose at least one item"]
    problems += [] if asked.wish in WISHES else [f'"{asked.wish}" is no wish']
    for item in asked.items:
        line, left = lines.get(item.line_id, (None, 0))
        if line is None:
            problems.append("this order has no such item, or it came back already")
        elif not 1 <= item.quantity <= left:
            problems.append(f"{line.title}: {item.quantity} pieces cannot come back, only {left}")
        if item.reason not in REASONS:
            problems.append(f'"{item.reason}" is no reason')
    if len({item.line_id for item in asked.items}) < len(asked.items):
        problems.append("an item is named twice")
    return problems


def _fresh(order: Order, asked: Asked, lines: Mapping[int, tuple[OrderLine, int]], now: datetime) -> ReturnRequest:
    items = [
        {
            "line": one.line_id,
            "title": lines[one.line_id][0].title,
            "sku": lines[one.line_id][0].sku,
            "quantity": one.quantity,
            "reason": one.reason,
        }
        for one in asked.items
    ]
    return ReturnRequest(
        order_id=order.id or 0,
        address=order.email.lower(),
        items=items,
        wish=asked.wish,
        comment=asked.comment.strip()[:_LONGEST],
        photos=list(asked.photos),
        requested_at=now,
        changed_at=now,
    )


def _agree(session: Session, found: ReturnRequest, *, keep: bool, rules: Rules, by: str, now: datetime) -> None:
    found.keep = keep
    found.send_to, found.label_url = ("", "") if keep else (rules.send_to, rules.label_url)
    _set(session, found, ReturnState.AGREED, by, "", now)


def _move(session: Session, number: int, to: ReturnState, *, by: str, now: datetime, reason: str = "") -> ReturnRequest:
    found = _locked(session, number, to)
    _set(session, found, to, by, reason, now)
    return found


def _locked(session: Session, number: int, to: ReturnState) -> ReturnRequest:
    found = session.exec(select(ReturnRequest).where(ReturnRequest.id == number).with_for_update()).first()
    if found is None:
        raise NotFound(_NO_SUCH.format(number=number))
    if found.state not in _BEFORE[to] or (found.keep and to is ReturnState.RECEIVED):
        kept = " and the customer keeps the items" if found.keep else ""
        raise Conflict(f"return {number} is {found.state.value}{kept}: it cannot become {to.value}")
    return found


def _set(session: Session, found: ReturnRequest, to: ReturnState, by: str, reason: str, now: datetime) -> None:
    found.state, found.decided_by, found.changed_at = to, by, now
    found.reason = reason or found.reason
    session.flush()
    _tell(session, found, to.value, now)


def _tell(session: Session, found: ReturnRequest, what: str, now: datetime) -> None:
    record_event(
        session,
        f"return.{what}",
        ("return", found.id or 0),
        key=f"return.{what}:{found.id}",
        order_id=found.order_id,
        address=found.address,
        at=now,
        now=now,
        data={"state": found.state.value, "keep": found.keep, "wish": found.wish},
    )


def _ask_a_person(
    session: Session, found: ReturnRequest, order: Order, asked: Asked, verdict: Verdict, now: datetime
) -> None:
    why = "perhaps a robot's form" if asked.suspected_robot else verdict.why
    named = ", ".join(f"{one['quantity']} × {one['title']} ({one['reason'].replace('_', ' ')})" for one in found.items)
    reason = f"return {found.id} of order {order.number} needs a decision: {why}"
    if verdict.keep:
        reason += "; cheap enough to be kept (`--keep`)"
    reason += f"; `mailer returns agree {found.id}` or `refuse {found.id}`"
    words = "\n".join(part for part in (named, f"→ {found.wish}", found.comment) if part)
    matter = Matter(f"return:{found.id}", "return", found.address, order, reason, words, found.photos)
    open_matter(session, matter, now=now)


def _rule(book: ShopBook, order: Order, name: str) -> Any:
    found = return_rule(book, order.country, name)
    return found[1] if found else None


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
