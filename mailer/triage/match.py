"""Which order does a mail speak of? The number that it names, else its sender's own orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from mailer.model import Order, ParcelState, Shipment, number_key


class By(StrEnum):
    """How an order was found."""

    NUMBER = "number"  # the mail names it
    ADDRESS = "address"  # the sender has it; the mail names none
    NOTHING = "nothing"  # no order was found


@dataclass(frozen=True)
class Match:
    """The order of a mail, if there is one."""

    order: Order | None
    by: By


def match_order(
    session: Session, storefront: str, numbers: Sequence[str], address: str, claimed: str | None = None
) -> Match:
    """The order named, the sender's own before another's; without one, the sender's newest that is still open.

    Another's order is meant only by `claimed`, what the mail calls an order number: a year or a price may be one too.
    """
    keys = [number_key(number) for number in numbers]
    here = select(Order).where(Order.storefront == storefront)
    found = session.exec(here.where(col(Order.number_key).in_(keys))).all() if keys else []
    meant = number_key(claimed or "")
    named = [one for one in found if one.email == address or one.number_key == meant]
    if named:
        return Match(min(named, key=lambda one: (one.email != address, keys.index(one.number_key))), By.NUMBER)
    own = session.exec(here.where(Order.email == address).order_by(col(Order.placed_at).desc()).limit(20)).all()
    if address and own:
        return Match(next((order for order in own if _is_open(session, order)), own[0]), By.ADDRESS)
    return Match(None, By.NOTHING)


def _is_open(session: Session, order: Order) -> bool:
    states = session.exec(select(Shipment.state).where(Shipment.order_id == order.id)).all()
    return order.canceled_at is None and (not states or any(state != ParcelState.DELIVERED for state in states))
