"""Wait or cancel: what a customer wants of an order that is late (16 CFR 435). A wish moves no money by itself."""

from datetime import datetime

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.errors import InputError
from mailer.events import record_event
from mailer.feedback.matter import Matter, open_matter
from mailer.model import Choice, Incident, Order

ANSWERS = ("wait", "cancel")
_LONGEST = 4_000


def choice_of(session: Session, incident_id: int) -> Choice | None:
    """What was chosen so far."""
    return session.exec(select(Choice).where(Choice.incident_id == incident_id)).first()


def choose(
    session: Session, incident: Incident, order: Order, answer: str, comment: str, *, robot: bool, now: datetime
) -> Choice:
    """Keep the answer; a later one takes its place. Raises InputError for anything else than wait or cancel."""
    if answer not in ANSWERS:
        raise InputError("choice", [f'"{answer}" is neither wait nor cancel'])
    words = comment.strip()[:_LONGEST]
    fresh = Choice(incident_id=incident.id or 0, order_id=order.id or 0, answer=answer, comment=words)
    fresh.chosen_at = fresh.changed_at = now
    is_new = insert_once(session, fresh)
    choice = session.exec(select(Choice).where(Choice.incident_id == incident.id).with_for_update()).one()
    changed = is_new or choice.answer != answer
    choice.answer, choice.comment, choice.changed_at = answer, words or choice.comment, now
    session.flush()
    if changed:
        _tell(session, choice, order, now)
    if changed and answer == "cancel":
        _open(session, choice, order, words, robot, now)
    return choice


def _tell(session: Session, choice: Choice, order: Order, now: datetime) -> None:
    record_event(
        session,
        "choice.made",
        ("order", choice.order_id),
        key=f"choice.made:{choice.id}:{choice.answer}:{now.isoformat()}",
        order_id=choice.order_id,
        address=order.email,
        at=now,
        now=now,
        data={"answer": choice.answer, "incident_id": choice.incident_id},
    )


def _open(session: Session, choice: Choice, order: Order, words: str, robot: bool, now: datetime) -> None:
    doubt = " (perhaps a robot's click: ask before you cancel)" if robot else ""
    told = f": {words[:200]}" if words else ""
    reason = f"wants to cancel order {order.number}, which is late{doubt}{told}"
    open_matter(session, Matter(f"choice:{choice.id}", "choice", order.email, order, reason, words or "✗"), now=now)
