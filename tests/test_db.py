"""One verb, one transaction, on both engines; batches, groups, and the one process on an SQLite file."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session, col, select

from mailer.db import Database, Grouped, OnlyProcess, describe, forever, insert_once
from mailer.errors import Conflict, MailerError
from mailer.model import Customer, JobSlot, Mailbox

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def add(session: Session, address: str) -> str:
    session.add(Customer(address=address, created_at=NOW))
    session.flush()
    return address


def add_all(session: Session, addresses: Sequence[str]) -> list[str]:
    return [add_or_fail(session, address) for address in addresses]


def add_or_fail(session: Session, address: str) -> str:
    if address.startswith("poison"):
        raise Conflict(f"{address} cannot be added")
    return add(session, address)


def known(session: Session) -> list[str]:
    return list(session.exec(select(Customer.address).order_by(col(Customer.id))))


async def test_what_a_verb_writes_is_there_when_it_returned(db: Database) -> None:
    assert await db.run(add, "a@b.test") == "a@b.test"
    assert await db.read(known) == ["a@b.test"]


async def test_a_verb_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(Conflict):
        await db.run(add_all, ["a@b.test", "poison@b.test"])
    assert await db.read(known) == []


async def test_what_a_question_writes_is_not_kept(db: Database) -> None:
    # SQLite rolls back what a question wrote; PostgreSQL does not let it write.
    with contextlib.nullcontext() if db.is_sqlite else pytest.raises(DBAPIError):
        await db.read(add, "a@b.test")
    assert await db.read(known) == []


async def test_updates_of_many_threads_are_not_lost(db: Database) -> None:
    await db.run(add, "counter@b.test")

    def count(session: Session) -> None:
        row = session.exec(select(Customer).with_for_update()).one()
        row.name = str(int(row.name or "0") + 1)

    await asyncio.gather(*(db.run(count) for _ in range(60)))
    assert await db.read(lambda session: session.exec(select(Customer.name)).one()) == "60"


async def test_of_two_who_insert_the_same_one_does(db: Database) -> None:
    barrier = threading.Barrier(4)

    def insert(session: Session) -> bool:
        if not db.is_sqlite:
            barrier.wait(5)
        return insert_once(session, Customer(address="a@b.test", created_at=NOW))

    assert sorted(await asyncio.gather(*(db.run(insert) for _ in range(4)))) == [False, False, False, True]
    assert await db.read(known) == ["a@b.test"]


def test_insert_once_keeps_the_first_and_says_so(session: Session) -> None:
    assert insert_once(session, Customer(address="a@b.test", name="first", created_at=NOW))
    assert not insert_once(session, Customer(address="a@b.test", name="second", created_at=NOW))
    assert session.exec(select(Customer.name)).one() == "first"
    assert insert_once(session, JobSlot(job="purge", slot=NOW, worker="a", started_at=NOW))
    assert not insert_once(session, JobSlot(job="purge", slot=NOW, worker="b", started_at=NOW))
    assert insert_once(session, Mailbox(name="support", history_edge=["a" * 64]))
    assert session.exec(select(Mailbox.history_edge)).one() == ["a" * 64]


def test_insert_once_still_raises_what_is_no_duplicate(session: Session) -> None:
    with pytest.raises(IntegrityError):
        insert_once(session, Customer(created_at=NOW))


def test_times_come_back_in_utc_and_naive_ones_are_refused(session: Session) -> None:
    cet = datetime(2026, 11, 22, 11, 0, tzinfo=timezone(timedelta(hours=1)))
    session.add(Customer(address="a@b.test", created_at=cet))
    session.flush()
    session.expire_all()
    found = session.exec(select(Customer.created_at)).one()
    assert (found, found.utcoffset()) == (NOW, timedelta())
    session.add(Customer(address="b@b.test", created_at=NOW.replace(tzinfo=None)))
    with pytest.raises(Exception, match="naive datetime"):
        session.flush()


async def test_a_batch_without_trouble_is_one_transaction(db: Database) -> None:
    sizes = []

    def verb(session: Session, items: Sequence[str]) -> None:
        sizes.append(len(items))
        add_all(session, items)

    await db.run_each(verb, ["a@b.test", "b@b.test"], _never)
    assert sizes == [2]


async def test_a_poison_row_is_set_aside_and_the_others_are_done(db: Database) -> None:
    aside: list[tuple[str, str]] = []

    def set_aside(session: Session, item: str, error: str) -> None:
        aside.append((item, error))
        add(session, f"aside.{item}")

    items = ["a@b.test", "poison@b.test", "c@b.test", "poison2@b.test", "d@b.test"]
    await db.run_each(add_all, items, set_aside)
    assert aside == [
        ("poison@b.test", "Conflict: poison@b.test cannot be added"),
        ("poison2@b.test", "Conflict: poison2@b.test cannot be added"),
    ]
    expected = ["a@b.test", "aside.poison@b.test", "c@b.test", "aside.poison2@b.test", "d@b.test"]
    assert await db.read(known) == expected


async def test_trouble_of_the_database_sets_nothing_aside(db: Database) -> None:
    def locked(session: Session, items: Sequence[str]) -> None:
        raise OperationalError("UPDATE", {}, Exception("deadlock detected"))

    with pytest.raises(OperationalError):
        await db.run_each(locked, ["a@b.test", "b@b.test"], _never)


async def test_a_group_shares_transactions_and_each_gets_its_own_answer(db: Database) -> None:
    sizes = []

    def verb(session: Session, items: Sequence[str]) -> list[str]:
        sizes.append(len(items))
        return [add(session, item).upper() for item in items]

    grouped = Grouped(db, verb)
    addresses = [f"{number}@b.test" for number in range(100)]
    assert await asyncio.gather(*(grouped.do(each) for each in addresses)) == [each.upper() for each in addresses]
    assert sorted(await db.read(known)) == sorted(addresses)
    assert len(sizes) < 20


async def test_of_a_group_that_fails_each_is_told_and_the_next_group_works(db: Database) -> None:
    grouped = Grouped(db, add_all)
    results = await asyncio.gather(
        *(grouped.do(each) for each in ("a@b.test", "poison@b.test", "c@b.test")), return_exceptions=True
    )
    assert [type(result) for result in results] == [Conflict] * 3
    assert await grouped.do("d@b.test") == "d@b.test"
    assert await db.read(known) == ["d@b.test"]


async def test_a_group_whose_verb_forgets_an_answer_leaves_nobody_waiting(db: Database) -> None:
    grouped = Grouped(db, lambda session, items: items[:-1])
    with pytest.raises(ValueError, match="shorter"):
        await asyncio.wait_for(grouped.do("a@b.test"), 20)


async def test_who_stops_waiting_does_not_stop_the_group(db: Database) -> None:
    grouped = Grouped(db, add_all)
    impatient, patient = (asyncio.create_task(grouped.do(each)) for each in ("a@b.test", "b@b.test"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "b@b.test"
    assert sorted(await db.read(known)) == ["a@b.test", "b@b.test"]


def test_an_sqlite_file_serves_one_process(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/mailer.db")
    first = OnlyProcess(db)
    with pytest.raises(MailerError, match="another `mailer run`"):
        OnlyProcess(db)
    first.release()
    second = OnlyProcess(db)
    second.release()


def test_an_error_is_described_in_a_line_without_the_values_of_a_statement(session: Session) -> None:
    assert describe(ValueError("first\nsecond")) == "ValueError: first"
    assert len(describe(ValueError("x" * 5_000))) == 500
    with pytest.raises(DBAPIError) as raised:
        session.connection().execute(text("SELECT secret_of_ana FROM nowhere"))
    assert "secret_of_ana" not in describe(raised.value)


async def test_a_loop_repeats_at_once_while_there_is_work_and_when_woken() -> None:
    wake, stop = asyncio.Event(), asyncio.Event()
    answers = [True, True, False, True, False]
    done = asyncio.Event()

    async def step() -> bool:
        answer = answers.pop(0)
        if len(answers) in (2, 0):
            done.set()
        return answer

    loop = asyncio.create_task(forever(step, wake, stop, 3600))
    await asyncio.wait_for(done.wait(), 20)
    assert answers == [True, False]
    done.clear()
    wake.set()
    await asyncio.wait_for(done.wait(), 20)
    stop.set()
    wake.set()
    await asyncio.wait_for(loop, 20)


async def test_a_loop_goes_on_after_a_step_that_raises() -> None:
    wake, stop = asyncio.Event(), asyncio.Event()
    tries = 0

    async def step() -> bool:
        nonlocal tries
        tries += 1
        if tries == 3:
            stop.set()
            return False
        raise RuntimeError("the database is away")

    await asyncio.wait_for(forever(step, wake, stop, 0.01), 20)
    assert tries == 3


async def test_a_bell_that_rings_during_a_step_is_not_lost() -> None:
    wake, stop = asyncio.Event(), asyncio.Event()
    steps = 0

    async def step() -> bool:
        nonlocal steps
        steps += 1
        if steps == 1:
            wake.set()
        else:
            stop.set()
            wake.set()
        return False

    await asyncio.wait_for(forever(step, wake, stop, 3600), 20)
    assert steps == 2


def _never(_session: Session, item: str, error: str) -> None:
    raise AssertionError(f"{item} was set aside: {error}")
