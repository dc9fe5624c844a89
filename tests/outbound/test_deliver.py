"""The four transactions: what is committed before each step, and what a worker that lost its lease can still do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Attempt, Blob, Circuit, ConversationState, Delivery, DeliveryState, DraftState, Message
from mailer.outbound.deliver import Claimed, Deliverer, Result, claim, mark_handing_over, record, renew, rescue
from mailer.outbound.envelope import delivery_of
from mailer.outbound.outcome import Accepted, Cause, Deferred, Outcome, Refused, Unknown
from mailer.outbound.relays import RelayLimits
from mailer.outbound.smtp import Envelope, Relay, RelayAccount
from tests import build
from tests.outbound.scripted import scripted

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LEASE = timedelta(seconds=30)
D = DeliveryState
Hook = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """No interruption."""


class Recorder:
    """A relay in memory that looks into the database, from outside, at each step."""

    def __init__(self, db: Database, outcome: Outcome, problem: Deferred | Refused | None = None) -> None:
        self._db, self._outcome, self._problem = db, outcome, problem
        self.offered: list[tuple[str, str]] = []
        self.size_limit: int | None = None
        self.bodies: list[bytes] = []
        self.closed = 0
        self.states: list[DeliveryState] = []
        self.during_offer: Hook = nothing
        self.during_body: Hook = nothing

    async def offer(self, envelope: Envelope) -> Deferred | Refused | None:
        self.states.append(await self._db.read(lambda session: session.exec(select(Delivery.state)).one()))
        self.offered.append((envelope.sender, envelope.recipient))
        await self.during_offer()
        return self._problem

    async def hand_over(self, raw: bytes) -> Outcome:
        self.states.append(await self._db.read(lambda session: session.exec(select(Delivery.state)).one()))
        self.bodies.append(raw)
        await self.during_body()
        return self._outcome

    async def rest(self) -> None:
        return None

    async def close(self) -> None:
        self.closed += 1


class Relayed:
    """A relay that takes everything."""

    size_limit: int | None = None

    def __init__(self) -> None:
        self.recipients: list[str] = []

    async def offer(self, envelope: Envelope) -> None:
        self.recipients.append(envelope.recipient)

    async def hand_over(self, raw: bytes) -> Outcome:
        return Accepted(f"250 {len(raw)} bytes")

    async def rest(self) -> None:
        return None

    async def close(self) -> None:
        return None


@pytest.fixture
def due(clock: FrozenClock, db: Database) -> tuple[build.Asked, int]:
    """An approved answer whose time to undo is over."""
    found = db.run_here(build.approved, clock.now())
    clock.current += MINUTE
    return found


def deliverer(db: Database, clock: FrozenClock, owner: str = "one", lease: timedelta = LEASE) -> Deliverer:
    return Deliverer(db, clock, owner=owner, sender="care@shop.test", lease=lease)


def attempts(session: Session) -> list[Attempt]:
    return list(session.exec(select(Attempt).order_by(Attempt.number)))  # type: ignore[arg-type]


async def test_each_step_is_committed_before_the_next(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    case, delivery_id = due
    relay = Recorder(db, Accepted("250 queued"))
    assert await deliverer(db, clock).deliver_next(relay)
    assert relay.states == [D.SENDING, D.HANDING_OVER]
    assert relay.offered == [("care@shop.test", build.ANA)]
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.attempt, found.reason) == (D.SENT, 1, "250 queued")
    assert db.read_here(build.conversation_of, case.conversation).state == ConversationState.WAITING
    (attempt,) = db.read_here(attempts)
    assert (attempt.owner, attempt.outcome, attempt.server_words) == ("one", "accepted", "250 queued")
    assert attempt.started_at == attempt.handed_over_at == attempt.ended_at == clock.now()
    assert await deliverer(db, clock).deliver_next(relay) is False


async def test_a_delivery_that_cannot_be_looked_at_lets_the_others_pass(db: Database, clock: FrozenClock) -> None:
    _, broken = db.run_here(build.approved, clock.now())
    clock.current += SECOND
    _, whole = db.run_here(build.approved, clock.now(), number="#1002", sender="ben@customer.test")
    clock.current += MINUTE

    def lose_bytes(session: Session) -> None:
        message = session.get_one(Message, session.get_one(Delivery, broken).message_id)
        session.get_one(Blob, message.sha256).packed = b"no zlib"

    db.run_here(lose_bytes)
    relay, one = Relayed(), deliverer(db, clock)
    assert await one.deliver_next(relay) is False
    assert await one.deliver_next(relay)
    assert relay.recipients == ["ben@customer.test"]
    assert db.read_here(build.delivery, whole).state == D.SENT
    found = db.read_here(build.delivery, broken)
    assert (found.state, found.next_attempt_at) == (D.QUEUED, clock.now() + MINUTE)
    assert "could not be looked at" in found.reason


@pytest.mark.parametrize(
    ("problem", "state", "code"),
    [(Deferred("450 later", 450), D.QUEUED, 450), (Refused("550 nobody", 550), D.FAILED, 550)],
)
async def test_what_fails_before_the_body_hands_nothing_over(
    db: Database,
    clock: FrozenClock,
    due: tuple[build.Asked, int],
    problem: Deferred | Refused,
    state: DeliveryState,
    code: int,
) -> None:
    relay = Recorder(db, Accepted("250"), problem)
    await deliverer(db, clock).deliver_next(relay)
    assert relay.bodies == []
    assert db.read_here(build.delivery, due[1]).state == state
    (attempt,) = db.read_here(attempts)
    assert (attempt.handed_over_at, attempt.code, attempt.ended_at) == (None, code, clock.now())


async def test_nothing_goes_before_its_time(db: Database, clock: FrozenClock) -> None:
    db.run_here(build.approved, clock.now())
    relay = Recorder(db, Accepted("250"))
    clock.current += 11 * SECOND
    assert await deliverer(db, clock).deliver_next(relay) is False
    clock.current += SECOND
    assert await deliverer(db, clock).deliver_next(relay) is True


async def test_a_worker_that_lost_its_delivery_before_the_body_does_not_send_it(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    second: list[Claimed | None] = []

    async def taken_over() -> None:
        clock.current += 2 * LEASE
        assert db.run_here(rescue, now=clock.now()) == 1
        second.append(db.run_here(claim, owner="two", lease=LEASE, now=clock.now()))

    relay = Recorder(db, Accepted("250"))
    relay.during_offer = taken_over
    await deliverer(db, clock).deliver_next(relay)
    assert relay.bodies == []
    found = db.read_here(build.delivery, due[1])
    assert (found.state, found.owner, found.attempt) == (D.SENDING, "two", 2)
    assert second[0] is not None


async def test_a_late_answer_settles_what_was_given_up_as_unknown(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    async def given_up() -> None:
        clock.current += 2 * LEASE
        assert db.run_here(rescue, now=clock.now()) == 1
        assert db.read_here(build.delivery, due[1]).state == D.UNKNOWN

    relay = Recorder(db, Accepted("250 after all"))
    relay.during_body = given_up
    await deliverer(db, clock).deliver_next(relay)
    assert db.read_here(build.delivery, due[1]).reason == "250 after all"
    assert db.read_here(build.delivery, due[1]).state == D.SENT


def taken(session: Session, now: datetime, owner: str = "one") -> Claimed:
    found = claim(session, owner=owner, lease=LEASE, now=now)
    assert found is not None
    return found


@pytest.mark.parametrize("outcome", [Accepted("250"), Refused("550", 550), Deferred("450", 450), Unknown("?")])
def test_an_older_attempt_changes_nothing_any_more(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int], outcome: Outcome
) -> None:
    first = db.run_here(taken, clock.now())
    later = clock.now() + 2 * LEASE
    db.run_here(rescue, now=later)
    second = db.run_here(taken, later, "two")
    assert db.run_here(mark_handing_over, [(first, later), (second, later)]) == [False, True]
    assert db.run_here(record, [Result(first, outcome, later)]) == [False]
    db.run_here(renew, first, until=later + 10 * LEASE)
    found = db.read_here(build.delivery, due[1])
    assert (found.state, found.owner, found.attempt) == (D.HANDING_OVER, "two", 2)
    assert found.lease_until == later + LEASE
    # The words that came late are kept all the same, at the attempt that they belong to.
    assert [one.outcome for one in db.read_here(attempts)] == [type(outcome).__name__.lower(), None]
    assert db.run_here(record, [Result(second, Accepted("250"), later)]) == [True]


@pytest.mark.parametrize(
    ("handed_over", "state"), [(False, D.QUEUED), (True, D.UNKNOWN)], ids=["before the body", "after"]
)
def test_a_dead_worker_s_delivery_goes_again_only_if_its_body_did_not_leave(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int], handed_over: bool, state: DeliveryState
) -> None:
    claimed = db.run_here(taken, clock.now())
    if handed_over:
        db.run_here(mark_handing_over, [(claimed, clock.now())])
    assert db.run_here(rescue, now=clock.now() + LEASE) == 0
    assert db.run_here(rescue, now=clock.now() + LEASE + SECOND) == 1
    found = db.read_here(build.delivery, due[1])
    assert (found.state, found.owner) == (state, None)
    assert "worker died" in found.reason
    again = db.run_here(claim, owner="two", lease=LEASE, now=clock.now() + MINUTE)
    assert (again is None) is handed_over


def test_the_only_process_knows_that_all_others_are_dead(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    db.run_here(taken, clock.now())
    assert db.run_here(rescue, now=clock.now(), all_owners=True) == 1


def test_a_renewed_lease_is_not_rescued(db: Database, clock: FrozenClock, due: tuple[build.Asked, int]) -> None:
    claimed = db.run_here(taken, clock.now())
    db.run_here(renew, claimed, until=clock.now() + 10 * LEASE)
    assert db.run_here(rescue, now=clock.now() + 9 * LEASE) == 0


async def test_the_lease_is_renewed_while_the_relay_takes_its_time(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    renewed = asyncio.Event()

    async def slow() -> None:
        before = (await db.read(build.delivery, due[1])).lease_until
        clock.current += 5 * LEASE
        for _ in range(200):
            now = (await db.read(build.delivery, due[1])).lease_until
            if now != before:
                renewed.set()
                return
            await asyncio.sleep(0.01)

    relay = Recorder(db, Accepted("250"))
    relay.during_body = slow
    await deliverer(db, clock, lease=timedelta(seconds=0.06)).deliver_next(relay)
    assert renewed.is_set()


async def test_a_failing_relay_library_leaves_the_delivery_to_its_lease(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    async def broken() -> None:
        raise ValueError("a bug")

    relay = Recorder(db, Accepted("250"))
    relay.during_body = broken
    with pytest.raises(ValueError, match="a bug"):
        await deliverer(db, clock).deliver_next(relay)
    assert db.read_here(build.delivery, due[1]).state == D.HANDING_OVER


def test_a_delivery_that_must_not_go_any_more_is_withheld_at_the_claim(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    case, delivery_id = due
    db.run_here(build.customer_mail, clock.now(), conversation=case.conversation)
    assert db.run_here(claim, owner="one", lease=LEASE, now=clock.now()) is None
    assert db.read_here(build.delivery, delivery_id).state == D.WITHHELD
    assert db.read_here(build.drafts, case.conversation)[0].state == DraftState.STALE
    assert db.read_here(attempts) == []


def test_one_that_expired_does_not_stop_the_next(db: Database, clock: FrozenClock) -> None:
    _, old = db.run_here(build.approved, clock.now())
    clock.current += timedelta(days=3)
    _, new = db.run_here(build.approved, clock.now(), number="#2", sender="bo@customer.test", id="2")
    clock.current += MINUTE
    claimed = db.run_here(claim, owner="one", lease=LEASE, now=clock.now())
    assert claimed is not None
    assert claimed.delivery_id == new
    assert db.read_here(build.delivery, old).state == D.EXPIRED


async def test_many_senders_share_the_work_and_no_mail_goes_twice(db: Database, clock: FrozenClock) -> None:
    for number in range(6):
        db.run_here(build.approved, clock.now(), number=f"#{number}", sender=f"c{number}@customer.test", id=str(number))
    clock.current += MINUTE
    recipients: list[str] = []

    class Relay(Recorder):
        async def offer(self, envelope: Envelope) -> None:
            recipients.append(envelope.recipient)

        async def hand_over(self, raw: bytes) -> Outcome:
            await asyncio.sleep(0)
            return self._outcome

    async def work(owner: str) -> None:
        one, relay = deliverer(db, clock, owner), Relay(db, Accepted("250"))
        while await one.deliver_next(relay):
            pass

    await asyncio.gather(*(work(f"w{number}") for number in range(4)))
    assert sorted(recipients) == [f"c{number}@customer.test" for number in range(6)]
    assert {one for one in db.read_here(lambda session: session.exec(select(Delivery.state)).all())} == {D.SENT}


async def test_without_a_committed_mark_no_body_leaves(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    """The database is gone between the claim and the body (FAILURES F6)."""

    async def vanish() -> None:
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE delivery RENAME TO vanished"))

    relay = Recorder(db, Accepted("250"))
    relay.during_offer = vanish
    try:
        with pytest.raises(DBAPIError):
            await deliverer(db, clock).deliver_next(relay)
        assert relay.bodies == []
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE vanished RENAME TO delivery"))
    assert db.read_here(build.delivery, due[1]).state == D.SENDING


async def test_a_relay_that_bears_one_connection_gets_every_mail_once(db: Database, clock: FrozenClock) -> None:
    for number in range(6):
        db.run_here(build.approved, clock.now(), number=f"#{number}", sender=f"c{number}@customer.test", id=str(number))
    clock.current += MINUTE
    limits = RelayLimits(connections=3)
    async with scripted() as smtp:
        smtp.most_at_once = 1
        wait = timedelta(seconds=2)
        account = RelayAccount("127.0.0.1", smtp.port, "none", None, "", "", wait, wait)
        one = Deliverer(db, clock, owner="one", sender="care@shop.test", lease=LEASE, limits=limits)
        relays = [Relay(account) for _ in range(3)]

        async def work(lane: int) -> None:
            while await one.deliver_next(relays[lane], lane):
                await asyncio.sleep(0)

        # The last lane has the only connection when the first one asks for its own.
        await one.deliver_next(relays[2], 2)
        await one.deliver_next(relays[0], 0)
        for _ in range(30):
            await asyncio.gather(*(work(lane) for lane in range(3)))
            clock.current += 20 * SECOND
        for relay in relays:
            await relay.close()
    assert len(smtp.bodies) == 6
    assert {state for state in db.read_here(lambda session: session.exec(select(Delivery.state)).all())} == {D.SENT}
    turned_away = [one for one in db.read_here(attempts) if one.cause == "too_many_connections"]
    assert 1 <= len(turned_away) <= 6


async def test_a_connection_that_the_relay_has_no_room_for_is_given_back_at_once(
    db: Database, clock: FrozenClock
) -> None:
    refused = Deferred("421 too many connections", 421, Cause.TOO_MANY_CONNECTIONS)
    db.run_here(record, [Result(Claimed(1, 1, "", b""), refused, clock.now())])
    kept, given_back = Recorder(db, Accepted("250")), Recorder(db, Accepted("250"))
    one = deliverer(db, clock)
    assert not await one.deliver_next(kept, 0)
    assert not await one.deliver_next(given_back, 1)
    assert (kept.closed, given_back.closed) == (0, 1)


async def test_what_the_relay_takes_at_most_is_remembered(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    relay = Recorder(db, Accepted("250"))
    relay.size_limit = 10_000
    await deliverer(db, clock).deliver_next(relay)
    circuit = db.read_here(lambda session: session.exec(select(Circuit)).one())
    assert circuit.size_limit == 10_000


async def test_a_mail_goes_under_its_own_envelope_sender_or_a_signed_one(
    db: Database, clock: FrozenClock, due: tuple[build.Asked, int]
) -> None:
    keys = build.TERMS.keys
    relay = Recorder(db, Deferred("450 later", 450))
    one = Deliverer(db, clock, owner="one", sender="care@shop.test", lease=LEASE, sign=keys)
    await one.deliver_next(relay)
    sender = relay.offered[0][0]
    assert delivery_of(sender, keys) == due[1]
    db.run_here(lambda session: setattr(build.delivery(session, due[1]), "envelope_sender", ""))
    clock.current += 10 * MINUTE
    await one.deliver_next(relay)
    assert relay.offered[1][0] == ""
