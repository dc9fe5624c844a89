"""How good are our drafts? Approved as they were, changed, rejected; and who wrote again although we answered."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.insight.chosen import ACCEPTED, agreed, of_conversations, within
from mailer.insight.sheet import Column, Filters, Sheet, share
from mailer.model import Approval, Conversation, Delivery, Direction, Dismissal, Draft, Message
from mailer.wording import N_

RECONTACT = timedelta(hours=72)


def by_template(session: Session, filters: Filters, *, now: datetime) -> Sheet:
    """Each template: how its drafts were decided on, and how many customers wrote again within 72 hours."""
    approved = _approved(session, filters)
    rejected = _rejected(session, filters)
    again = _written_again(session, filters, now)
    names = sorted({*approved, *rejected, *again}, key=lambda name: -len(approved[name]))
    return Sheet(
        "templates",
        N_("Drafts by template"),
        N_(
            "Unchanged: approved without an edit, of all approved in these days. Similar: how much of the"
            " template's words the customer got, on average. Wrote again: of the answers that the relay took in"
            " these days and at least 72 hours ago, how many were followed by a mail of the customer within 72"
            " hours."
        ),
        [
            Column(N_("Template")),
            Column(N_("Approved"), "count"),
            Column(N_("Unchanged"), "share"),
            Column(N_("Similar"), "share"),
            Column(N_("Rejected"), "count"),
            Column(N_("Answers"), "count"),
            Column(N_("Wrote again"), "share"),
        ],
        [
            [
                name,
                len(approved[name]),
                share(sum(unchanged for unchanged, _ in approved[name]), len(approved[name])),
                _mean([similar for _, similar in approved[name] if similar is not None]),
                rejected[name],
                len(again[name]),
                share(sum(again[name]), len(again[name])),
            ]
            for name in names
        ],
    )


def by_fault(session: Session, filters: Filters) -> Sheet:
    """Why drafts were rejected."""
    query = select(Dismissal.fault).join(Draft, col(Draft.id) == Dismissal.draft_id)
    query = query.join(Conversation, col(Conversation.id) == Draft.conversation_id)
    found = session.exec(of_conversations(within(query, col(Dismissal.dismissed_at), filters), filters)).all()
    counted = Counter("not said" if fault is None else fault.value.replace("_", " ") for fault in found)
    return Sheet(
        "faults",
        N_("Why drafts were rejected"),
        N_("Drafts that a person rejected in these days, by the reason they gave."),
        [Column(N_("Reason")), Column(N_("Drafts"), "count"), Column(N_("Share"), "share")],
        [[name, count, share(count, counted.total())] for name, count in counted.most_common()],
    )


def _approved(session: Session, filters: Filters) -> dict[str, list[tuple[bool, float | None]]]:
    query = agreed(Draft.template, Draft.written_by, Approval.similarity).join(
        Draft, col(Draft.id) == Approval.draft_id
    )
    query = query.join(Conversation, col(Conversation.id) == Draft.conversation_id)
    found: dict[str, list[tuple[bool, float | None]]] = defaultdict(list)
    for template, written_by, similarity in session.exec(
        of_conversations(within(query, col(Approval.approved_at), filters), filters)
    ).all():
        found[template or "own words"].append((written_by is None, similarity))
    return found


def _rejected(session: Session, filters: Filters) -> Counter[str]:
    query = select(Draft.template).join(Dismissal, col(Dismissal.draft_id) == Draft.id)
    query = query.join(Conversation, col(Conversation.id) == Draft.conversation_id)
    found = session.exec(of_conversations(within(query, col(Dismissal.dismissed_at), filters), filters)).all()
    return Counter(template or "own words" for template in found)


def _written_again(session: Session, filters: Filters, now: datetime) -> dict[str, list[bool]]:
    query = (
        select(Draft.template, Delivery.settled_at, Conversation.id)
        .join(Delivery, col(Delivery.draft_id) == Draft.id)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(col(Delivery.state).in_(ACCEPTED), col(Delivery.settled_at) <= now - RECONTACT)
    )
    answers = session.exec(of_conversations(within(query, col(Delivery.settled_at), filters), filters)).all()
    mails = select(Message.conversation_id, Message.received_at).where(
        Message.direction == Direction.IN,
        col(Message.received_at) >= filters.begins,
        col(Message.received_at) < filters.ends + RECONTACT,
    )
    came: dict[int, list[datetime]] = defaultdict(list)
    for conversation_id, received_at in session.exec(mails).all():
        came[conversation_id].append(received_at)
    found: dict[str, list[bool]] = defaultdict(list)
    for template, sent_at, conversation_id in answers:
        again = any(sent_at < at <= sent_at + RECONTACT for at in came[conversation_id])
        found[template or "own words"].append(again)
    return found


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
