"""Early warning: a reason that jumps for one product, carrier or country.

The last seven days are compared with the four weeks before. What is expected comes of those weeks; a count is told when
chance (a Poisson count of that mean) would reach it less than once in a thousand looks, and it is at least five.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.insight.chosen import received
from mailer.insight.sheet import Column, Sheet
from mailer.model import Classification, Conversation, Message, Order, OrderLine, ReturnRequest, Shipment
from mailer.wording import N_

WEEK = timedelta(days=7)
_WEEKS_BEFORE = 4
_LEAST = 5
_CHANCE = 0.001
# Where there was nothing before, something is still expected: a new product is no catastrophe.
_FLOOR = 0.5
_PROBLEMS = frozenset(
    {"delivery_delay", "damaged_defective", "wrong_missing_item", "size_not_fit", "return_refund", "complaint_dispute"}
)

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Jump:
    """A reason that is told oftener than it was; `expected` is for a week."""

    what: str
    kind: str
    subject: str
    count: int
    expected: float


def warnings(session: Session, *, now: datetime) -> list[Jump]:
    """Every jump of the last seven days, the most surprising first."""
    lately = Counter(_told(session, now - WEEK, now))
    before = Counter(_told(session, now - WEEK * (_WEEKS_BEFORE + 1), now - WEEK))
    return jumps(lately, {key: count / _WEEKS_BEFORE for key, count in before.items()})


def jumps(lately: Mapping[Key, int], weekly: Mapping[Key, float]) -> list[Jump]:
    """Which counts of a week chance does not explain. Keys are what, kind of subject, subject."""
    found = []
    for key, count in lately.items():
        expected = max(weekly.get(key, 0.0), _FLOOR)
        if count >= _LEAST and at_least(count, expected) < _CHANCE:
            found.append(Jump(*key, count, weekly.get(key, 0.0)))
    return sorted(found, key=lambda one: at_least(one.count, max(one.expected, _FLOOR)))


def at_least(count: int, mean: float) -> float:
    """How likely a Poisson count of this mean is to reach `count`."""
    term = total = math.exp(-mean)
    for number in range(1, count):
        term *= mean / number
        total += term
    return max(0.0, 1.0 - total)


def sheet(session: Session, *, now: datetime) -> Sheet:
    """The warnings as a report."""
    return Sheet(
        "warnings",
        N_("Early warnings"),
        N_(
            "Mails about a problem and reasons of returns of the last seven days, by product, carrier and"
            " country, against the weekly mean of the four weeks before: those that chance would bring less than"
            " once in a thousand looks."
        ),
        [
            Column(N_("What")),
            Column(N_("Of")),
            Column(N_("Subject")),
            Column(N_("Last 7 days"), "count"),
            Column(N_("Usual week"), "number"),
        ],
        [[one.what, one.kind, one.subject, one.count, one.expected] for one in warnings(session, now=now)],
    )


def _told(session: Session, since: datetime, until: datetime) -> Iterator[Key]:
    yield from _of_mails(session, since, until)
    yield from _of_returns(session, since, until)


def _of_mails(session: Session, since: datetime, until: datetime) -> Iterator[Key]:
    lately = (col(Message.received_at) >= since, col(Message.received_at) < until)
    problems = col(Classification.intent).in_(_PROBLEMS)
    judged = received(Classification.intent, Conversation.order_id).join(
        Classification, col(Classification.message_id) == Message.id
    )
    rows = session.exec(judged.where(*lately, problems, col(Conversation.order_id).is_not(None))).all()
    subjects = _subjects(session, {order for _, order in rows})
    for intent, order in rows:
        for kind, subject in subjects.get(order, ()):
            yield intent.replace("_", " "), kind, subject


def _of_returns(session: Session, since: datetime, until: datetime) -> Iterator[Key]:
    asked = select(ReturnRequest).where(
        col(ReturnRequest.requested_at) >= since, col(ReturnRequest.requested_at) < until
    )
    for request in session.exec(asked).all():
        for item in request.items:
            if item.get("reason") and item.get("title"):
                yield f"returned, {str(item['reason']).replace('_', ' ')}", "product", str(item["title"])


def _subjects(session: Session, orders: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    """What each order has to do with: its products, carriers and country."""
    wanted = list(orders)
    found: dict[int, set[tuple[str, str]]] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        for order, title in session.exec(
            select(OrderLine.order_id, OrderLine.title).where(col(OrderLine.order_id).in_(some))
        ).all():
            found.setdefault(order, set()).add(("product", title))
        for order, carrier in session.exec(
            select(Shipment.order_id, Shipment.carrier).where(col(Shipment.order_id).in_(some), Shipment.carrier != "")
        ).all():
            found.setdefault(order, set()).add(("carrier", carrier))
        for number, country in session.exec(select(Order.id, Order.country).where(col(Order.id).in_(some))).all():
            if country and number is not None:
                found.setdefault(number, set()).add(("country", country))
    return found
