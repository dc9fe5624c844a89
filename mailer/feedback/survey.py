"""One question, one answer: how satisfied somebody is, or whether a parcel arrived.

The last answer within 24 hours counts; what comes later is kept beside it. A 1 or 2 of 5, and a parcel that did not
arrive, open a conversation: a person looks at them, whatever the flows do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.db import insert_once
from mailer.errors import InputError
from mailer.events import record_event
from mailer.feedback.about import About, about
from mailer.feedback.matter import Matter, open_matter
from mailer.links import Link
from mailer.model import Rating

_CHANGEABLE = timedelta(hours=24)
_LOW = 2
_LONGEST = 4_000
_RANGES = {"satisfaction": range(1, 6), "recommend": range(11), "arrived": range(2)}


@dataclass(frozen=True)
class Answer:
    """What somebody answered, and by which way ("page" or "mail")."""

    value: int
    comment: str = ""
    channel: str = "page"
    suspected_robot: bool = False


def values_of(question: str) -> range:
    """The answers that a question takes."""
    return _RANGES.get(question, range(0))


def rating_of(session: Session, link: Link) -> Rating | None:
    """What was answered by this link's owner so far."""
    found = about(session, link)
    return session.exec(_same(link, found.address)).first() if found else None


def rate(session: Session, link: Link, answer: Answer, *, now: datetime) -> Rating:
    """Keep an answer. Raises InputError for a value that the question does not take."""
    found = about(session, link)
    if found is None or answer.value not in values_of(link.question):
        raise InputError("rating", [f"{answer.value} is no answer to this question"])
    fresh = _fresh(link, found, answer, now)
    is_new = insert_once(session, fresh)
    rating = session.exec(_same(link, found.address).with_for_update()).one()
    before = None if is_new else rating.value
    if not is_new:
        _change(rating, answer, now)
    session.flush()
    if rating.value != before:
        _tell(session, rating, now)
    needs_person = is_low(rating.question, rating.value)
    if needs_person and (rating.value != before or answer.comment.strip()):
        _open(session, rating, found, answer, now)
    return rating


def is_low(question: str, value: int) -> bool:
    """Whether a person has to look at an answer."""
    return (question == "satisfaction" and value <= _LOW) or (question == "arrived" and value == 0)


def _same(link: Link, address: str) -> SelectOfScalar[Rating]:
    return select(Rating).where(
        Rating.question == link.question,
        Rating.subject_kind == link.subject_kind,
        Rating.subject_id == link.subject_id,
        Rating.address == address,
    )


def _fresh(link: Link, found: About, answer: Answer, now: datetime) -> Rating:
    return Rating(
        question=link.question,
        subject_kind=link.subject_kind,
        subject_id=link.subject_id,
        order_id=found.order.id if found.order else None,
        enrollment_id=link.enrollment_id or None,
        address=found.address,
        value=answer.value,
        comment=answer.comment.strip()[:_LONGEST],
        channel=answer.channel,
        suspected_robot=answer.suspected_robot,
        rated_at=now,
        changed_at=now,
    )


def _change(rating: Rating, answer: Answer, now: datetime) -> None:
    """Within 24 hours the new answer takes the place of the old one; later it is written beside it."""
    words = answer.comment.strip()[:_LONGEST]
    rating.changed_at = now
    if now - rating.rated_at <= _CHANGEABLE:
        rating.value = answer.value
        rating.comment = words or rating.comment
        # A person's answer clears a machine's, never the other way round.
        rating.suspected_robot = rating.suspected_robot and answer.suspected_robot
        return
    later = f"{now:%Y-%m-%d}: {answer.value}" + (f", {words}" if words else "")
    if later not in rating.comment:
        rating.comment = f"{rating.comment}\n{later}".strip()[: 2 * _LONGEST]


def _tell(session: Session, rating: Rating, now: datetime) -> None:
    kinds = ["rating.received"]
    if rating.question == "satisfaction" and is_low(rating.question, rating.value):
        kinds.append("rating.low")
    data = {
        "question": rating.question,
        "value": rating.value,
        "enrollment_id": rating.enrollment_id,
        "suspected_robot": rating.suspected_robot,
    }
    for kind in kinds:
        record_event(
            session,
            kind,
            (rating.subject_kind, rating.subject_id),
            key=f"{kind}:{rating.id}:{rating.value}:{now.isoformat()}",
            order_id=rating.order_id,
            address=rating.address,
            at=now,
            now=now,
            data=data,
        )


def _open(session: Session, rating: Rating, found: About, answer: Answer, now: datetime) -> None:
    words = answer.comment.strip()[:_LONGEST]
    arrived = rating.question == "arrived"
    said = "says that the parcel has not arrived" if arrived else f"rated {rating.value} of 5"
    robot = " (perhaps a robot's click)" if rating.suspected_robot else ""
    reason = f"{said}{robot}" + (f": {words[:200]}" if words else "")
    # The customer's answer as it can be read without our page.
    shown = words or ("✗ 📦" if arrived else "★" * rating.value + "☆" * (5 - rating.value))
    kind = "arrived" if arrived else "rating"
    open_matter(session, Matter(f"rating:{rating.id}", kind, found.address, found.order, reason, shown), now=now)
