"""The facts that a reply rests on, each with its source and time. Drafting, approving and sending read the same.

What is not known is no fact: a template finds it absent, and `where_to_add` says where it would come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from mailer.model import Direction, Enrollment, FlowStep, Message, MessageState, Product, ShopFact
from mailer.rendering.compensation import read_ledger
from mailer.rendering.fact import Fact, Facts, Subject, Turn, Value, differences, rests_on
from mailer.rendering.order_facts import Purchase, order_facts, order_turns, read_purchase, read_purchases, state_of
from mailer.rendering.shipment_facts import occasion_facts, occasion_turns, read_occasion
from mailer.rendering.shop_facts import ShopBook, read_shop, shop_facts, shop_turns
from mailer.rendering.where import where_to_add

__all__ = [
    "Fact",
    "Facts",
    "Purchase",
    "Stock",
    "Subject",
    "Turn",
    "Value",
    "differences",
    "read_facts",
    "read_stock",
    "rests_on",
    "state_of",
    "where_to_add",
]

_PROMISE_HOURS = 48
_PROMISE_PATHS = ("promise.by", "promise.hours")


@dataclass(frozen=True)
class Stock:
    """Rows that the facts of many subjects are made of, read at once for all of them."""

    purchases: Mapping[int, Purchase]
    shop: Mapping[str, ShopFact]
    # The orders of which a mail of a flow told already.
    noticed: frozenset[int]


def read_stock(session: Session, order_ids: Sequence[int], *, now: datetime) -> Stock:
    """What `read_facts` needs to know of these orders and of the shop."""
    told = select(Enrollment.order_id).join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
    noticed = session.exec(told.where(col(Enrollment.order_id).in_(order_ids), col(FlowStep.delivery_id).is_not(None)))
    return Stock(
        read_purchases(session, order_ids),
        read_shop(session, "en", now=now).rows,
        frozenset(one for one in noticed if one is not None),
    )


def read_facts(session: Session, subject: Subject, *, now: datetime, stock: Stock | None = None) -> Facts:
    """Everything that is known now of what a reply is about, and when time alone will change it.

    `stock` holds rows that were read for many subjects at once.
    """
    if stock is None:
        shop = read_shop(session, subject.language, now=now)
        purchase = read_purchase(session, subject.order_id)
    else:
        shop = ShopBook(stock.shop, subject.language, now)
        purchase = stock.purchases.get(subject.order_id or 0)
    country = subject.country or (purchase.order.country if purchase else None)
    promise = _promise(session, subject, shop)
    facts = [*shop_facts(shop, country), *_promised(promise, shop)]
    turns = [*shop_turns(shop, country), *_promise_turns(promise, shop)]
    if purchase is not None:
        facts += order_facts(purchase, shop, read_ledger(session, purchase.order, shop))
        turns += order_turns(purchase, shop)
    told = stock is None or subject.order_id in stock.noticed
    occasion = read_occasion(session, subject, purchase, shop, told_before=told)
    facts += occasion_facts(occasion, purchase, shop)
    turns += occasion_turns(occasion, shop)
    if (product := _product(session, subject, purchase)) is not None:
        facts += _product_facts(product, shop)
        turns += _product_turns(product, shop)
    if purchase is not None and purchase.order.marketplace:
        facts = [fact for fact in facts if marketplace_allows(fact.path)]
    return Facts(tuple(facts), tuple(turns))


def marketplace_allows(path: str) -> bool:
    """Whether a marketplace's buyer may be told this: no offers, and no links of ours; a carrier's link may stand."""
    root, _, rest = path.partition(".")
    return root != "offers" and not (root in ("shop", "product") and rest.endswith("url"))


def _product(session: Session, subject: Subject, purchase: Purchase | None) -> Product | None:
    """The product that the mail names, else the only one of the order."""
    if subject.product_ids:
        return session.get(Product, subject.product_ids[0])
    skus = {line.sku for line in purchase.lines} if purchase else set()
    if len(skus) != 1 or "" in skus:
        return None
    wanted = select(Product).where(Product.storefront == subject.storefront, col(Product.sku).in_(skus))
    return session.exec(wanted).first()


def _product_facts(product: Product, shop: ShopBook) -> Iterator[Fact]:
    known: dict[str, Value] = {
        "title": product.title,
        "url": product.url,
        "details": product.details,
        "stock": product.stock,
        "restock_on": product.restock_on.isoformat() if product.restock_on else None,
        "price": product.price,
        "currency": product.currency or (shop.get("currency") if product.price else None),
        "size_chart_url": product.size_chart_url,
    }
    # A day on which it was to be back and that has passed tells a customer nothing.
    if product.restock_on is not None and product.restock_on < shop.today:
        known["restock_on"] = None
    for position, (size, measures) in enumerate(product.sizes.items()):
        known |= {f"sizes.{position}.size": size, f"sizes.{position}.measures": measures}
    for name, value in known.items():
        if value not in (None, ""):
            yield Fact(f"product.{name}", value, product.source, product.changed_at)


def _product_turns(product: Product, shop: ShopBook) -> Iterator[Turn]:
    if product.restock_on is not None and product.restock_on >= shop.today:
        yield Turn("product.restock_on", shop.start_of(product.restock_on + timedelta(days=1)))


def _promise(session: Session, subject: Subject, shop: ShopBook) -> datetime:
    """The moment by which we promise to answer, counted from the customer's newest mail.

    It never lies in the past and always leaves a quarter of the time: a draft that lay too long gets a new date.
    """
    span = timedelta(hours=shop.get("promise_hours") or _PROMISE_HOURS)
    moment = (_newest_mail_at(session, subject.conversation_id) or shop.now) + span
    missed = shop.now + span / 4 - moment
    return moment if missed <= timedelta() else moment + -(-missed // span) * span


def _promised(promise: datetime, shop: ShopBook) -> Iterator[Fact]:
    by, hours = shop.day(promise).isoformat(), shop.get("promise_hours") or _PROMISE_HOURS
    for path, value in zip(_PROMISE_PATHS, (by, hours), strict=True):
        yield shop.fact(path, "promise_hours", value)


def _promise_turns(promise: datetime, shop: ShopBook) -> Iterator[Turn]:
    span = timedelta(hours=shop.get("promise_hours") or _PROMISE_HOURS)
    yield Turn("promise.by", promise - span / 4)


def _newest_mail_at(session: Session, conversation_id: int | None) -> datetime | None:
    if conversation_id is None:
        return None
    newest = select(func.max(col(Message.received_at))).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
    )
    return session.exec(newest).one()
