"""The ledger of what we gave for delays: once for each customer and period, within the budget of the month."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlmodel import Session, col, func, select

from mailer.config import Settings
from mailer.db import insert_once
from mailer.errors import NotFound
from mailer.model import (
    Compensation,
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    Order,
    ShopFact,
)
from mailer.offers.coupons import CouponTerms, give_coupon
from mailer.rendering.compensation import Tier, month_of, offered, read_ledger
from mailer.rendering.order_facts import days_late, read_purchase
from mailer.rendering.shop_facts import ShopBook, read_shop
from mailer.signing import Keys

# A notice is sent or given up within this time.
_UNTOLD_WITHIN = timedelta(days=14)
_ENDED = (EnrollmentState.FINISHED, EnrollmentState.EXITED)
_UNSENT = (DeliveryState.WITHHELD, DeliveryState.CANCELED, DeliveryState.EXPIRED, DeliveryState.FAILED)


@dataclass(frozen=True)
class OfferTerms:
    """What giving needs to know of config.toml; tiers, period and budget are read with the facts of the shop."""

    coupons: CouponTerms

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As [offers] says."""
        return cls(CouponTerms.of(settings, keys))


def available(session: Session, order_id: int, address: str, *, now: datetime) -> Tier | str:
    """What this order may be offered now, or why nothing; nothing is written. Raises NotFound."""
    shop = read_shop(session, "en", now=now)
    purchase = read_purchase(session, order_id)
    if purchase is None:
        raise NotFound(f"there is no order with the id {order_id}")
    if purchase.order.email.lower() != address.lower():
        return "the order belongs to another address"
    ledger = read_ledger(session, purchase.order, shop)
    return offered(purchase.order, days_late(purchase, shop.today), ledger, shop)


def grant(
    session: Session, order_id: int, address: str, *, incident_id: int | None = None, terms: OfferTerms, now: datetime
) -> Compensation | None:
    """Note what a mail that is queued offers, with its coupon; asking again for the order gives the same row.

    None where nothing may be offered. Ask in the transaction that queues the mail.
    """
    known = select(Compensation).where(Compensation.order_id == order_id, col(Compensation.withdrawn_at).is_(None))
    if (given := session.exec(known).first()) is not None:
        return given
    # One at a time, so that two cannot spend the rest of one budget.
    session.exec(select(ShopFact).where(ShopFact.path == "compensation").with_for_update()).first()
    tier = available(session, order_id, address, now=now)
    if isinstance(tier, str):
        return None
    shop = read_shop(session, "en", now=now)
    if not insert_once(session, _row(session, order_id, address, incident_id, tier, shop)):
        return None
    given = session.exec(known).one()
    if tier.coupon:
        coupon = give_coupon(
            session, tier.coupon, given_for=f"compensation:{given.id}", address=address, terms=terms.coupons, now=now
        )
        given.coupon_id = coupon.id if coupon else None
    return given


def withdraw_untold(session: Session, *, now: datetime) -> int:
    """Take back what no customer heard of: the notice that was to tell it ended without being sent. How many."""
    given = select(Compensation).where(
        col(Compensation.incident_id).is_not(None),
        col(Compensation.withdrawn_at).is_(None),
        col(Compensation.given_at) > now - _UNTOLD_WITHIN,
    )
    untold = [one for one in session.exec(given.with_for_update()) if _is_untold(session, one)]
    for compensation in untold:
        compensation.withdrawn_at = now
    return len(untold)


def _is_untold(session: Session, compensation: Compensation) -> bool:
    about = (Enrollment.subject_kind == "delay", Enrollment.subject_id == compensation.incident_id)
    passages = session.exec(select(Enrollment).where(*about)).all()
    if not passages or any(one.state not in _ENDED for one in passages):
        return False
    mine = select(Delivery.id).where(col(Delivery.enrollment_id).in_([one.id for one in passages]))
    return session.exec(mine.where(col(Delivery.state).not_in(_UNSENT)).limit(1)).first() is None


def _row(
    session: Session, order_id: int, address: str, incident_id: int | None, tier: Tier, shop: ShopBook
) -> Compensation:
    before = session.exec(select(func.count()).where(Compensation.address == address.lower())).one()
    order = session.get_one(Order, order_id)
    return Compensation(
        # Of two that are given to one customer at once, the second meets the first one's key.
        key=f"{address.lower()}:{before + 1}",
        address=address.lower(),
        order_id=order_id,
        incident_id=incident_id,
        tier=tier.number,
        amount=str(tier.amount),
        currency=tier.currency or order.currency or "",
        month=month_of(shop),
        given_at=shop.now,
    )
