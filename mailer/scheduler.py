"""The metronome: schedules/timetable.toml says when, a row says who.

APScheduler serves as a clock only, with its memory store in every worker: job stores must not be shared. At each
stroke every worker tries to insert the row (job, slot); the one that does acts.
"""

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.events import EVENT_JOB_SUBMITTED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import update
from sqlmodel import Session, col

from mailer.calendars import parse_span, parse_time_of_day, parse_zone
from mailer.db import describe, insert_once
from mailer.errors import InputError
from mailer.jobs import Job, Means
from mailer.model import JobPlan, JobSlot

log = structlog.get_logger()

_KEYS = {"name", "every", "at", "cron", "zone"}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """One line of the timetable."""

    name: str
    trigger: Any
    # As in "every 5m".
    rule: str = ""


def read_timetable(path: Path, jobs: Mapping[str, Job], shop_zone: str) -> list[Entry]:
    """The timetable of a file. Raises InputError with every mistake at once."""
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(str(path), [f"cannot be read: {error}"]) from None
    entries: list[Entry] = []
    problems = [f"{name}: unknown; each job stands under [[job]]" for name in whole if name != "job"]
    for number, table in enumerate(_tables(whole.get("job", []), problems), 1):
        try:
            entries.append(_entry(table, jobs, shop_zone))
        except ValueError as error:
            problems.append(f"[[job]] {number}: {error}")
    names = [entry.name for entry in entries]
    problems += [f"{name}: stands there twice" for name in sorted(set(names)) if names.count(name) > 1]
    if problems:
        raise InputError(str(path), problems)
    return entries


class Metronome:
    """Strikes by the timetable until stopped."""

    def __init__(self, means: Means, jobs: Mapping[str, Job], entries: list[Entry], worker: str) -> None:
        self._means = means
        self._jobs = jobs
        self._worker = worker
        self._running: set[asyncio.Task[None]] = set()
        # A late stroke still counts, many late ones count once; the defaults would drop them silently.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._entries = {entry.name: entry for entry in entries}
        for entry in entries:
            self._scheduler.add_job(_strike, entry.trigger, id=entry.name)
        self._scheduler.add_listener(self._struck, EVENT_JOB_SUBMITTED)

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    async def announce(self) -> None:
        """Note of each job when it is due next, for people."""
        await self._means.db.run(_plan_all, list(self._entries.values()), now=self._means.clock.now())

    async def stop(self) -> None:
        """Strike no more, and let what runs come to its end."""
        self._scheduler.shutdown(wait=False)
        await asyncio.gather(*self._running, return_exceptions=True)

    def _struck(self, event: Any) -> None:
        task = asyncio.create_task(self._act(event.job_id, event.scheduled_run_times[-1].astimezone(UTC)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _act(self, name: str, slot: datetime) -> None:
        means = self._means
        try:
            if await means.db.run(claim_slot, name, slot, worker=self._worker, now=means.clock.now()):
                error = await self._run_job(name)
                await means.db.run(finish_slot, name, slot, error, now=means.clock.now())
                await means.db.run(_plan_all, [self._entries[name]], now=means.clock.now())
        except Exception:
            log.exception("slot_failed", job=name)

    async def _run_job(self, name: str) -> str | None:
        try:
            await self._jobs[name](self._means)
        except Exception as error:
            log.exception("job_failed", job=name)
            return describe(error)
        return None


def claim_slot(session: Session, name: str, slot: datetime, *, worker: str, now: datetime) -> bool:
    """Whether this worker acts on this stroke: it does if it is the first to say so."""
    return insert_once(session, JobSlot(job=name, slot=slot, worker=worker, started_at=now))


def finish_slot(session: Session, name: str, slot: datetime, error: str | None, *, now: datetime) -> None:
    """Note how the job ended."""
    mine = update(JobSlot).where(col(JobSlot.job) == name, col(JobSlot.slot) == slot)
    session.exec(mine.values(finished_at=now, error=error))


def _plan_all(session: Session, entries: list[Entry], *, now: datetime) -> None:
    for entry in entries:
        if (next_at := entry.trigger.get_next_fire_time(None, now)) is not None:
            session.merge(JobPlan(job=entry.name, rule=entry.rule, next_at=next_at.astimezone(UTC)))


async def _strike() -> None:
    """What APScheduler runs: nothing. Its event carries the stroke to `_struck`, with the slot in it."""


def _tables(found: object, problems: list[str]) -> list[dict[str, Any]]:
    if isinstance(found, list) and all(isinstance(table, dict) for table in found):
        return found
    problems.append("job: write [[job]], with two brackets, over each job")
    return []


def _entry(table: dict[str, Any], jobs: Mapping[str, Job], shop_zone: str) -> Entry:
    if unknown := set(table) - _KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}")
    name = str(table.get("name", ""))
    if name not in jobs:
        raise ValueError(f'there is no job "{name}"; there are {", ".join(sorted(jobs))}')
    given = [key for key in ("every", "at", "cron") if key in table]
    if len(given) != 1:
        raise ValueError(f"{name}: say when with exactly one of every, at, cron")
    zone = str(table.get("zone", "shop"))
    zone = shop_zone if zone == "shop" else zone
    rule = f"{given[0]} {table[given[0]]}"
    return Entry(
        name, _trigger(given[0], str(table[given[0]]), zone), rule if given[0] == "every" else f"{rule} {zone}"
    )


def _trigger(kind: str, text: str, zone_name: str) -> Any:
    zone = parse_zone(zone_name)
    match kind:
        case "every":
            seconds = parse_span(text).total_seconds()
            if seconds < 60:
                raise ValueError(f'every = "{text}" is shorter than a minute')
            # From a fixed start, so that all workers strike at the same moments.
            return IntervalTrigger(seconds=int(seconds), start_date=_EPOCH, timezone=UTC)
        case "at":
            moment = parse_time_of_day(text)
            return CronTrigger(hour=moment.hour, minute=moment.minute, timezone=zone)
        case _:
            return _cron(text, zone)


def _cron(text: str, zone: ZoneInfo) -> CronTrigger:
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f'cron = "{text}" needs five fields: minute hour day month weekday')
    minute, hour, day, month, weekday = fields
    # crontab(5) counts weekdays from Sunday, APScheduler from Monday: so they are said by name.
    named = ",".join(_weekdays(part) for part in weekday.lower().split(","))
    return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=named, timezone=zone)


def _weekdays(part: str) -> str:
    days, _, step = part.partition("/")
    first, _, last = ("0-6" if days == "*" else days).partition("-")
    begin, end = _weekday(first), _weekday(last or first)
    chosen = range(begin, (end if end >= begin else end + 7) + 1, int(step or 1))
    return ",".join(_WEEKDAYS[day % 7] for day in chosen)


def _weekday(word: str) -> int:
    if word not in (*_WEEKDAYS, *"01234567"):
        raise ValueError(f'"{word}" is not a weekday; write 0 to 7 or sun to sat')
    return _WEEKDAYS.index(word) if word in _WEEKDAYS else int(word)
