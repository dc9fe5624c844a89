"""What a customer says of a product: stars, words, how it fits, photos. Every review is kept, whatever it says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import InputError
from mailer.events import record_event
from mailer.links import Link
from mailer.model import Order, OrderLine, Review

FITS = ("small", "right", "large")
_LONGEST = 8_000
_MOST_PHOTOS = 12


@dataclass(frozen=True)
class Said:
    """A review as it was sent."""

    line_id: int
    stars: int
    words: str = ""
    fit: str = ""
    photos: Sequence[dict[str, Any]] = field(default=())


def lines_of(session: Session, order: Order) -> list[OrderLine]:
    """The positions that can be reviewed, the dearest first: it is the one that others ask about."""
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))).all()
    return sorted(lines, key=lambda line: -_price(line))


def reviews_of(session: Session, order: Order) -> dict[str, Review]:
    """What was said of this order so far, by the position's key."""
    rows = session.exec(select(Review).where(Review.order_id == order.id)).all()
    return {row.sku: row for row in rows}


def review(session: Session, order: Order, link: Link, said: Said, *, now: datetime) -> Review:
    """Keep a review; a second one of the same product changes the first. Raises InputError with every mistake."""
    line = next((one for one in lines_of(session, order) if one.id == said.line_id), None)
    problems = [] if line else ["this order has no such item"]
    problems += [] if 1 <= said.stars <= 5 else [f"{said.stars} is no number of stars"]
    problems += [] if said.fit in ("", *FITS) else [f'"{said.fit}" is no fit']
    if problems or line is None:
        raise InputError("review", problems)
    fresh = _fresh(order, link, line, said, now)
    is_new = insert_once(session, fresh)
    wanted = select(Review).where(
        Review.order_id == order.id, Review.sku == key_of(line), Review.address == order.email.lower()
    )
    found = session.exec(wanted.with_for_update()).one()
    if not is_new:
        _change(found, said, now)
        session.flush()
    _tell(session, found, link, now)
    return found


def key_of(line: OrderLine) -> str:
    """What tells the products of an order apart: the SKU, else the position."""
    return line.sku or f"line {line.external_id}"


def _fresh(order: Order, link: Link, line: OrderLine, said: Said, now: datetime) -> Review:
    return Review(
        order_id=order.id or 0,
        enrollment_id=link.enrollment_id or None,
        sku=key_of(line),
        product=line.title,
        address=order.email.lower(),
        stars=said.stars,
        words=said.words.strip()[:_LONGEST],
        fit=said.fit,
        photos=list(said.photos),
        written_at=now,
        changed_at=now,
    )


def _change(found: Review, said: Said, now: datetime) -> None:
    found.stars, found.fit, found.changed_at = said.stars, said.fit or found.fit, now
    found.words = said.words.strip()[:_LONGEST] or found.words
    known = {photo["sha256"] for photo in found.photos}
    found.photos = [*found.photos, *(one for one in said.photos if one["sha256"] not in known)][:_MOST_PHOTOS]


def _tell(session: Session, found: Review, link: Link, now: datetime) -> None:
    record_event(
        session,
        "review.received",
        ("order", found.order_id),
        key=f"review.received:{found.id}:{found.stars}",
        order_id=found.order_id,
        address=found.address,
        at=now,
        now=now,
        data={"stars": found.stars, "enrollment_id": link.enrollment_id or None},
    )


def _price(line: OrderLine) -> float:
    try:
        return float(line.price or 0)
    except ValueError:
        return 0.0
