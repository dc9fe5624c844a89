"""The timetable: every mistake at once; and however many workers strike, each slot is acted on once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlmodel import Session, col, select

from mailer.clock import SystemClock
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.errors import InputError
from mailer.jobs import JOBS, Job, Means
from mailer.model import JobSlot
from mailer.scheduler import Entry, Metronome, claim_slot, finish_slot, read_timetable


@pytest.fixture
def means(db: Database, monkeypatch: pytest.MonkeyPatch) -> Means:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="127.0.0.1"),
    )
    return Means(db, SystemClock(), settings)


def timetable(tmp_path: Path, text: str, zone: str = "Europe/Berlin") -> list[Entry]:
    path = tmp_path / "timetable.toml"
    path.write_text(text, encoding="utf-8")
    return read_timetable(path, JOBS, zone)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        timetable(tmp_path, text)
    return list(caught.value.problems)


def strokes(entry: Entry, start: datetime, count: int) -> list[datetime]:
    """The next strokes of an entry, from a moment on."""
    found: list[datetime] = []
    now = start
    while len(found) < count:
        now = entry.trigger.get_next_fire_time(found[-1] if found else None, now)
        found.append(now.astimezone(UTC))
        now += timedelta(seconds=1)
    return found


def job(when: str, name: str = "purge") -> str:
    return f'[[job]]\nname = "{name}"\n{when}\n'


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = "\n".join(
        [
            job('every = "5m"', "nonsense"),
            job('every = "5m"\nat = "03:10"'),
            job(""),
            job('every = "30s"'),
            job('at = "25:00"'),
            job('at = "03:10"\nzone = "Mars/North"'),
            job('cron = "0 7 * *"'),
            job('cron = "0 7 * * 9"'),
            job('cron = "61 7 * * *"'),
            job('every = "5m"\ncolour = "red"'),
            job('every = "5m"'),
            job('every = "6m"'),
        ]
    )
    found = mistakes(tmp_path, text)
    wanted = [
        '[[job]] 1: there is no job "nonsense"; there are close_conversations, draw_samples, ',
        "[[job]] 2: purge: say when with exactly one of every, at, cron",
        "[[job]] 3: purge: say when with exactly one of every, at, cron",
        '[[job]] 4: every = "30s" is shorter than a minute',
        '[[job]] 5: "25:00" is not a time of day',
        '[[job]] 6: "Mars/North" is not a time zone',
        '[[job]] 7: cron = "0 7 * *" needs five fields',
        '[[job]] 8: "9" is not a weekday',
        "[[job]] 9: ",
        "[[job]] 10: unknown key colour",
        "purge: stands there twice",
    ]
    assert len(found) == len(wanted)
    assert [one for one, start in zip(found, wanted, strict=True) if not one.startswith(start)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[jobs]]\nname = "purge"\nevery = "5m"\n', "jobs: unknown; each job stands under [[job]]"),
        ('[job]\nname = "purge"\nevery = "5m"\n', "job: write [[job]], with two brackets, over each job"),
        ("job = 3\n", "job: write [[job]]"),
        ("[[job\n", "cannot be read"),
    ],
)
def test_a_timetable_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert any(one.startswith(words) for one in mistakes(tmp_path, text))


def test_a_timetable_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        read_timetable(tmp_path / "nowhere.toml", JOBS, "UTC")


def test_an_empty_timetable_is_well(tmp_path: Path) -> None:
    assert timetable(tmp_path, "# nothing yet\n") == []


SUNDAY = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('every = "5m"', ["22 10:05", "22 10:10", "22 10:15"]),
        ('every = "1h30m"', ["22 10:30", "22 12:00", "22 13:30"]),
        ('at = "03:10"', ["23 02:10", "24 02:10", "25 02:10"]),
        ('at = "03:10"\nzone = "UTC"', ["23 03:10", "24 03:10", "25 03:10"]),
        ('at = "03:10"\nzone = "Asia/Tokyo"', ["22 18:10", "23 18:10", "24 18:10"]),
        ('cron = "0 7 * * *"\nzone = "UTC"', ["23 07:00", "24 07:00", "25 07:00"]),
        ('cron = "0 7 * * 1"\nzone = "UTC"', ["23 07:00", "30 07:00", "07 07:00"]),
        ('cron = "0 7 * * 0"\nzone = "UTC"', ["29 07:00", "06 07:00", "13 07:00"]),
        ('cron = "0 7 * * 7"\nzone = "UTC"', ["29 07:00", "06 07:00", "13 07:00"]),
        ('cron = "0 7 * * sat-sun"\nzone = "UTC"', ["28 07:00", "29 07:00", "05 07:00"]),
        ('cron = "0 7 1 * *"\nzone = "UTC"', ["01 07:00", "01 07:00", "01 07:00"]),
    ],
)
def test_the_timetable_strikes_when_it_says(tmp_path: Path, when: str, expected: list[str]) -> None:
    (entry,) = timetable(tmp_path, job(when))
    assert [f"{moment:%d %H:%M}" for moment in strokes(entry, SUNDAY, 3)] == expected


def test_weekdays_are_those_of_crontab(tmp_path: Path) -> None:
    (entry,) = timetable(tmp_path, job('cron = "0 7 * * 1-5"\nzone = "UTC"'))
    assert [f"{moment:%a}" for moment in strokes(entry, SUNDAY, 6)] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]


def test_an_hour_that_summer_time_leaves_out_is_not_struck_twice(tmp_path: Path) -> None:
    (entry,) = timetable(tmp_path, job('at = "02:30"'))
    found = strokes(entry, datetime(2027, 3, 27, 12, tzinfo=UTC), 2)
    assert len({moment.date() for moment in found}) == 2


def test_a_slot_is_given_to_the_first_who_asks(db: Database, now: datetime) -> None:
    answers = [db.run_here(claim_slot, "purge", now, worker=name, now=now) for name in ("one", "two", "one")]
    assert answers == [True, False, False]
    assert db.run_here(claim_slot, "purge", now + timedelta(minutes=1), worker="two", now=now)
    assert db.run_here(claim_slot, "rescue_deliveries", now, worker="two", now=now)


def test_the_end_of_a_job_is_noted_at_its_slot(db: Database, now: datetime) -> None:
    later = now + timedelta(minutes=1)
    for slot in (now, later):
        db.run_here(claim_slot, "purge", slot, worker="one", now=slot)
    db.run_here(finish_slot, "purge", now, "ValueError: no", now=later)
    rows = db.read_here(slots)
    assert [(row.slot, row.error, row.finished_at) for row in rows] == [
        (now, "ValueError: no", later),
        (later, None, None),
    ]


def slots(session: Session) -> list[JobSlot]:
    return list(session.exec(select(JobSlot).order_by(col(JobSlot.slot))))


async def strike(means: Means, job: Job, trigger: Any, *, workers: int = 2) -> list[JobSlot]:
    """Let several workers hear the same strokes until the first of them is finished and noted."""
    entries = [Entry("job", trigger)]
    metronomes = [Metronome(means, {"job": job}, entries, f"worker-{number}") for number in range(workers)]
    for one in metronomes:
        one.start()
    for _ in range(200):
        rows = await means.db.read(slots)
        if rows and rows[-1].finished_at:
            break
        await asyncio.sleep(0.01)
    for one in metronomes:
        await one.stop()
    return await means.db.read(slots)


async def test_two_workers_act_once_and_the_row_carries_the_slot(means: Means) -> None:
    ran: list[str] = []

    async def work(given: Means) -> None:
        assert given is means
        ran.append("ran")

    # A moment that is over: a late stroke still counts, under the moment that it was meant for.
    slot = datetime(2026, 11, 1, 3, 10, tzinfo=UTC)
    (row,) = await strike(means, work, DateTrigger(slot))
    assert (row.slot, row.error, row.job) == (slot, None, "job")
    assert row.worker in ("worker-0", "worker-1")
    assert row.finished_at is not None
    assert ran == ["ran"]


async def test_many_late_strokes_count_once_under_the_last(means: Means) -> None:
    ran: list[str] = []

    async def work(given: Means) -> None:
        ran.append("ran")

    late = datetime.now(UTC) - timedelta(hours=3)
    every = IntervalTrigger(hours=1, start_date=late, timezone=UTC)

    class FromThen(BaseTrigger):
        """A trigger that was to strike since three hours."""

        def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
            return late if previous_fire_time is None else every.get_next_fire_time(previous_fire_time, now)

    rows = await strike(means, work, FromThen())
    assert len(rows) == len(ran) == 1


async def test_a_job_that_fails_is_noted_with_its_error_and_the_metronome_lives_on(means: Means) -> None:
    async def work(given: Means) -> None:
        raise ValueError("the disk is full")

    (row,) = await strike(means, work, DateTrigger(datetime(2026, 11, 1, tzinfo=UTC)), workers=1)
    assert row.error == "ValueError: the disk is full"
    assert row.finished_at is not None


async def test_stopping_lets_a_running_job_come_to_its_end(means: Means) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(given: Means) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()

    entries = [Entry("job", DateTrigger(datetime(2026, 11, 1, tzinfo=UTC)))]
    metronome = Metronome(means, {"job": work}, entries, "one")
    metronome.start()
    await asyncio.wait_for(begun.wait(), 20)
    await metronome.stop()
    assert ended.is_set()
    assert (await means.db.read(slots))[0].finished_at is not None
