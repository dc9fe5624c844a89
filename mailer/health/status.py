"""How it stands: what waits where, who watches which mailbox, and what a person must look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.calendars import in_words, time_left
from mailer.health.alarm import alarm_lines
from mailer.model import (
    Attempt,
    Circuit,
    Conversation,
    Delivery,
    DeliveryState,
    Incident,
    IncidentState,
    JobSlot,
    Mailbox,
    Message,
    RawMail,
    ReplyClock,
    SourcePayload,
)
from mailer.outbound.catch_up import held_flows
from mailer.outbound.hold import stopped
from mailer.wording import counted

# Three IDLE rounds and a slow reconnect; after that a mailbox that nobody polled is a problem.
_SILENT = timedelta(minutes=3)
_STUCK = timedelta(minutes=5)
_WAITING_FOR_A_WORD = (col(Incident.state) == IncidentState.OPEN, col(Incident.needs_person).is_(True))


@dataclass(frozen=True)
class MailboxStatus:
    """One watched folder."""

    name: str
    last_poll_at: datetime | None
    last_error: str | None
    stored: int
    reconciled: str = ""
    # Of the last comparison: how many mails of the server are not ours. And the server's time of our newest mail.
    missing: int = 0
    newest_at: datetime | None = None


@dataclass(frozen=True)
class Status:
    """The figures, and in words what is wrong: `faults` of servers and programs, and what waits for a person."""

    mailboxes: tuple[MailboxStatus, ...]
    raw_mail: Mapping[str, int]
    messages: Mapping[str, int]
    conversations: Mapping[str, int]
    deliveries: Mapping[str, int]
    next_due_at: datetime | None
    overdue: int
    set_aside: int
    warned: int = 0
    # Deliveries that are due for five minutes, where no worker tries any.
    stuck: int = 0
    payloads: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    for_people: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """All of it; empty when all is well."""
        return self.faults + self.for_people


def status(session: Session, *, now: datetime) -> Status:
    """Read all figures."""
    mailboxes = tuple(_mailbox(session, mailbox) for mailbox in session.exec(select(Mailbox).order_by(Mailbox.name)))
    running = col(ReplyClock.stopped_at).is_(None) & col(ReplyClock.paused_at).is_(None)
    late = select(func.count(func.distinct(ReplyClock.conversation_id))).where(running, ReplyClock.due_at < now)
    near = select(func.count(func.distinct(ReplyClock.conversation_id))).where(
        running, ReplyClock.due_at >= now, col(ReplyClock.warned_at).is_not(None)
    )
    found = Status(
        mailboxes=mailboxes,
        raw_mail=_by_state(session, RawMail),
        messages=_by_state(session, Message),
        conversations=_by_state(session, Conversation),
        deliveries=_by_state(session, Delivery),
        payloads=_by_state(session, SourcePayload),
        next_due_at=session.exec(select(func.min(col(ReplyClock.due_at))).where(running)).one(),
        overdue=session.exec(late).one(),
        warned=session.exec(near).one(),
        stuck=_stuck(session, now),
        set_aside=session.exec(select(func.count(col(Message.id))).where(col(Message.error).is_not(None))).one(),
    )
    faults, for_people = tuple(_faults(session, found, now)), tuple(_for_people(session, found, now))
    return replace(found, faults=faults, for_people=for_people)


def _mailbox(session: Session, mailbox: Mailbox) -> MailboxStatus:
    stored = session.exec(select(func.count(col(RawMail.id))).where(RawMail.mailbox_id == mailbox.id)).one()
    newest = session.exec(select(func.max(col(RawMail.internal_date))).where(RawMail.mailbox_id == mailbox.id)).one()
    missing = max((mailbox.reconciled_server or 0) - (mailbox.reconciled_ours or 0), 0)
    return MailboxStatus(
        mailbox.name, mailbox.last_poll_at, mailbox.last_error, stored, _reconciled(mailbox), missing, newest
    )


def _reconciled(mailbox: Mailbox) -> str:
    """The last comparison of server and ledger in a sentence; empty before the first."""
    server, ours = mailbox.reconciled_server, mailbox.reconciled_ours
    if mailbox.reconciled_at is None or server is None or ours is None:
        return ""
    is_equal = "=" if server == ours else "and"
    found = f"server {server:,} {is_equal} ours {ours:,}, {server - ours:,} missing"
    fetched = f"; {mailbox.reconciled_fetched:,} were missing and were fetched" if mailbox.reconciled_fetched else ""
    return f"{found}{fetched} ({mailbox.reconciled_at:%Y-%m-%d %H:%M} UTC)"


def _by_state(session: Session, table: Any) -> dict[str, int]:
    rows = session.exec(select(table.state, func.count()).group_by(table.state)).all()
    return {state.value: count for state, count in rows}


def _faults(session: Session, found: Status, now: datetime) -> Iterator[str]:
    for mailbox in found.mailboxes:
        if mailbox.last_error:
            yield f'mailbox "{mailbox.name}": {mailbox.last_error}'
        elif mailbox.last_poll_at is None or now - mailbox.last_poll_at > _SILENT:
            ago = f"for {in_words(now - mailbox.last_poll_at)}" if mailbox.last_poll_at else "yet"
            yield f'mailbox "{mailbox.name}": not polled {ago}; is `mailer run` at work?'
    yield from alarm_lines(session, now)
    yield from _not_getting_away(session, found)
    for job, error in failed_jobs(session):
        yield f'job "{job}" failed: {error}'


def _for_people(session: Session, found: Status, now: datetime) -> Iterator[str]:
    if hold := stopped(session):
        why = f": {hold.reason}" if hold.reason else ""
        yield f"all sending is stopped by {hold.put_by}{why}; `mailer outbox resume` ends it"
    yield from _flows_and_delays(session)
    if held := found.deliveries.get("held"):
        yield counted(held, "delivery is held", "deliveries are held") + "; `mailer outbox list` shows them"
    if found.overdue:
        first = time_left(found.next_due_at, now) if found.next_due_at else ""
        late = counted(found.overdue, "conversation is past its deadline", "conversations are past their deadline")
        yield f"{late}; the first is {first}"
    if found.warned:
        first = f"; the first is {time_left(found.next_due_at, now)}" if found.next_due_at and not found.overdue else ""
        near = counted(
            found.warned, "conversation is about to pass its deadline", "conversations are about to pass their deadline"
        )
        yield f"{near}{first}; `mailer due list` shows them"
    if unknown := found.deliveries.get("unknown"):
        what = counted(unknown, "delivery is unknown", "deliveries are unknown")
        yield f"{what}; a person must say what arrived (tab Failed)"
    if quarantined := found.raw_mail.get("quarantined"):
        yield counted(
            quarantined,
            "mail could not be read and lies in quarantine",
            "mails could not be read and lie in quarantine",
        )
    if unreadable := found.payloads.get("unreadable"):
        what = counted(unreadable, "payload", "payloads")
        yield f"{what} of the shop's systems could not be read; `mailer orders deliveries` says why"
    if found.set_aside:
        yield counted(found.set_aside, "message was set aside with an error", "messages were set aside with an error")


def _flows_and_delays(session: Session) -> Iterator[str]:
    for flow, why in held_flows(session).items():
        yield f"the flow {flow} is {why}; `mailer outbox resume --flow {flow}` ends it"
    if late := session.exec(select(func.count()).where(*_WAITING_FOR_A_WORD)).one():
        what = counted(late, "delay waits for your word", "delays wait for your word")
        yield f"{what} before customers hear of it; `mailer incidents list` shows what waits"


def _stuck(session: Session, now: datetime) -> int:
    """How many are long due without a try, where no worker seems to be at it.

    While everything is stopped or the relay rests, nobody tries, and another word says so. While others are tried,
    there is a worker, and these wait for the pace.
    """
    rests = select(Circuit.relay).where(col(Circuit.rests_until) > now - _STUCK).limit(1)
    if stopped(session) or session.exec(rests).first():
        return 0
    newest = session.exec(select(Attempt.started_at).order_by(col(Attempt.id).desc()).limit(1)).first()
    if newest is not None and newest > now - _STUCK:
        return 0
    waiting = col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING])
    untried = (waiting, col(Delivery.attempt) == 0, col(Delivery.next_attempt_at) < now - _STUCK)
    return session.exec(select(func.count(col(Delivery.id))).where(*untried)).one()


def _not_getting_away(session: Session, found: Status) -> Iterator[str]:
    waiting = col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING])
    tried = select(Delivery.reason, func.count()).where(waiting, col(Delivery.attempt) > 0, Delivery.reason != "")
    for reason, count in session.exec(tried.group_by(Delivery.reason).order_by(func.count().desc()).limit(3)):
        yield f"{counted(count, 'delivery', 'deliveries')} did not get away yet: {reason}"
    if count := found.stuck:
        what = counted(count, "delivery waits", "deliveries wait")
        yield f"{what} longer than {in_words(_STUCK)} for a worker; is `mailer run` at work?"


def failed_jobs(session: Session) -> Iterator[tuple[str, str]]:
    """Each job whose last run failed, with its error."""
    newest = select(JobSlot.job, func.max(col(JobSlot.slot)).label("slot")).group_by(JobSlot.job).subquery()
    rows = session.exec(
        select(JobSlot).join(newest, (col(JobSlot.job) == newest.c.job) & (col(JobSlot.slot) == newest.c.slot))
    )
    for row in rows:
        if row.error:
            yield row.job, row.error
