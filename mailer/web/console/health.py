"""The operator's page: was anything lost, does everything work, what is to be done about what does not?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Form, Request
from sqlalchemy import func
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import NotFound
from mailer.health.advice import advice
from mailer.health.machine import measure
from mailer.health.status import Status, status
from mailer.inbound import reconcile
from mailer.migrations import HEAD
from mailer.model import (
    Alarm,
    Circuit,
    Hold,
    JobPlan,
    JobSlot,
    Probe,
    open_alarms,
    recent_alarms,
    settle_alarm,
)
from mailer.outbound.view import open_holds
from mailer.web.desk import Admin, Decider, Here, Reader

router = APIRouter()

_RECENT = timedelta(days=7)


@dataclass(frozen=True)
class JobLine:
    """One job of the timetable: when it ran, how it ended, when it is due next."""

    plan: JobPlan
    last: JobSlot | None


@dataclass(frozen=True)
class Sight:
    """One consistent picture of how it stands."""

    figures: Status
    alarms: Sequence[Alarm]
    over: Sequence[Alarm]
    circuits: Sequence[Circuit]
    holds: Sequence[Hold]
    jobs: Sequence[JobLine]
    probes: Sequence[Probe]

    @property
    def is_nothing_missing(self) -> bool | None:
        """Whether every mail of every server is ours, as last compared; None before the first comparison."""
        compared = [mailbox for mailbox in self.figures.mailboxes if mailbox.reconciled]
        return all(mailbox.missing == 0 for mailbox in compared) if compared else None


@router.get("/health")
async def show_health(here: Here, person: Reader) -> Response:
    """Mailboxes, ledger, relay, queue, jobs, disk, clock, alarms, and the last mail to ourselves."""
    now = here.clock.now()
    sight = await here.db.read(look, now=now)
    machine = await asyncio.to_thread(measure, here.db, now=now)
    health = here.settings.health
    return here.pages.render(
        "health.html",
        person=person,
        now=now,
        sight=sight,
        machine=machine,
        least_free=health.disk_free_mb * 1_000_000,
        channels=[*(["webhook"] if health.webhook else []), *health.alarm_to],
        engine=here.db.url.get_backend_name(),
        schema=HEAD,
        advice=advice,
        megabytes=_megabytes,
    )


@router.post("/health/comparison")
async def post_comparison(here: Here, person: Decider) -> Response:
    """Ask the owner of each mailbox to compare server and ledger now."""
    await here.db.run(reconcile.ask_all, now=here.clock.now())
    here.wake()
    return RedirectResponse("/health", 303)


@router.post("/health/alarms/settlement")
async def post_settlement(
    request: Request, here: Here, person: Admin, kind: str = Form(max_length=100), subject: str = Form(max_length=300)
) -> Response:
    """A person's word that this is over; what still is wrong raises it again."""
    request.state.back = "/health"
    if not await here.db.run(settle_alarm, kind, subject, here.clock.now()):
        raise NotFound("This alarm is no longer open.")
    return RedirectResponse("/health", 303)


def look(session: Session, *, now: datetime) -> Sight:
    """Everything but the machine itself."""
    probes = select(Probe).order_by(col(Probe.id).desc()).limit(3)
    return Sight(
        figures=status(session, now=now),
        alarms=open_alarms(session),
        over=recent_alarms(session, now - _RECENT),
        circuits=session.exec(select(Circuit).order_by(Circuit.relay)).all(),
        holds=open_holds(session),
        jobs=_jobs(session),
        probes=session.exec(probes).all(),
    )


def _jobs(session: Session) -> list[JobLine]:
    newest = select(JobSlot.job, func.max(col(JobSlot.slot)).label("slot")).group_by(col(JobSlot.job)).subquery()
    same = (col(JobSlot.job) == newest.c.job) & (col(JobSlot.slot) == newest.c.slot)
    last = {row.job: row for row in session.exec(select(JobSlot).join(newest, same))}
    plans = session.exec(select(JobPlan).order_by(JobPlan.job)).all()
    return [JobLine(plan, last.get(plan.job)) for plan in plans]


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1_000_000_000 else f"{size / 1e6:.1f} MB"
