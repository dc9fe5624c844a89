"""How fast are we? Answers against their clocks, by day and by kind of clock; what is open now."""

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.insight.chosen import answered, of_conversations, received, within
from mailer.insight.sheet import Cell, Column, Filters, Sheet, hours, quantile, share
from mailer.model import Conversation, Delivery, Message, ReplyClock
from mailer.wording import N_

_LONG_OPEN = ((4, "up to 4 h"), (8, "up to 8 h"), (24, "up to 24 h"), (72, "up to 3 days"))


def clocks(session: Session, filters: Filters, *, now: datetime) -> Sheet:
    """Each kind of clock that began in these days: how many were kept, and how long answers took."""
    query = select(ReplyClock.kind, ReplyClock.started_at, ReplyClock.due_at, ReplyClock.stopped_at).join(
        Conversation, col(Conversation.id) == ReplyClock.conversation_id
    )
    rows = session.exec(of_conversations(within(query, col(ReplyClock.started_at), filters), filters)).all()
    by_kind: dict[str, list[tuple[datetime, datetime, datetime | None]]] = defaultdict(list)
    for kind, started_at, due_at, stopped_at in rows:
        by_kind[kind].append((started_at, due_at, stopped_at))
    return Sheet(
        "clocks",
        N_("Answers against their clocks"),
        N_(
            "Clocks that began in these days. Kept: stopped by a mail that the relay took before the deadline."
            " Median and nine in ten: hours from the customer's mail to that moment, nights and weekends counted."
        ),
        [
            Column(N_("Clock")),
            Column(N_("Began"), "count"),
            Column(N_("Kept"), "count"),
            Column(N_("Broken"), "count"),
            Column(N_("Runs"), "count"),
            Column(N_("Share kept"), "share"),
            Column(N_("Median"), "hours"),
            Column(N_("Nine in ten"), "hours"),
        ],
        [_clock_row(kind, found, now) for kind, found in sorted(by_kind.items())],
    )


def _clock_row(kind: str, found: list[tuple[datetime, datetime, datetime | None]], now: datetime) -> list[Cell]:
    took = [hours(stopped - started) for started, _, stopped in found if stopped]
    kept = sum(stopped is not None and stopped <= due for _, due, stopped in found)
    broken = sum((stopped or now) > due for _, due, stopped in found)
    runs = len(found) - kept - broken
    middle, most = quantile(took, 0.5), quantile(took, 0.9)
    return [kind.replace("_", " "), len(found), kept, broken, runs, share(kept, kept + broken), middle, most]


def by_day(session: Session, filters: Filters) -> Sheet:
    """Mails in and answers out, day by day."""
    came = _per_day(session, received(Message.received_at), col(Message.received_at), filters)
    went = _per_day(session, answered(Delivery.settled_at), col(Delivery.settled_at), filters)
    return Sheet(
        "days",
        N_("Mails and answers by day"),
        N_("Received: mails of customers, machines' left out. Answered: replies that the relay took on that day."),
        [Column(N_("Day")), Column(N_("Received"), "count"), Column(N_("Answered"), "count")],
        [[day, came[day], went[day]] for day in filters.days],
        chart="bars",
        drawn=("Received", "Answered"),
    )


def _per_day(session: Session, query: object, moment: object, filters: Filters) -> dict[date, int]:
    counted: dict[date, int] = defaultdict(int)
    for at in session.exec(of_conversations(within(query, moment, filters), filters)).all():
        counted[filters.day_of(at)] += 1
    return counted


def backlog(session: Session, filters: Filters, *, now: datetime) -> Sheet:
    """What is open now, by how long it has been."""
    first = (
        select(ReplyClock.conversation_id, func.min(col(ReplyClock.started_at)).label("since"))
        .where(col(ReplyClock.stopped_at).is_(None), col(ReplyClock.paused_at).is_(None))
        .group_by(col(ReplyClock.conversation_id))
        .subquery()
    )
    query = select(Conversation.state, first.c.since).join(first, first.c.conversation_id == Conversation.id)
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for state, since in session.exec(of_conversations(query, filters)).all():
        counted[_how_long(hours(now - since)), state.value] += 1
    columns = ["needs_answer", "drafted", "needs_person"]
    spans = [words for _, words in _LONG_OPEN] + ["longer"]
    return Sheet(
        "backlog",
        N_("Open now"),
        N_("Conversations with a running clock, by the time since it began; the days above do not matter here."),
        [Column(N_("Open")), *(Column(state.replace("_", " "), "count") for state in columns)],
        [[span, *(counted[span, state] for state in columns)] for span in spans],
        chart="bars",
        drawn=tuple(state.replace("_", " ") for state in columns),
    )


def _how_long(open_for: float) -> str:
    return next((words for limit, words in _LONG_OPEN if open_for <= limit), "longer")
