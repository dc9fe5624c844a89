"""What the timetable may call."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, col, select

from mailer.clock import FrozenClock
from mailer.config import Outbound, Rendering, SenderConfig, Settings, Shop, Signing
from mailer.db import Database
from mailer.health.status import status
from mailer.jobs import JOBS, Means
from mailer.model import AgentSession, DeliveryState, JobSlot, Message, Sighting, SignInLink, SourcePayload
from mailer.outbound.deliver import Result, claim, mark_handing_over, record
from mailer.outbound.smtp import Unknown
from mailer.signing import write_key_file
from mailer.sources_config import SourceConfig
from tests import build
from tests.orders.shop_api import TOKEN, ShopApi, serving

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEASE = timedelta(seconds=30)


@pytest.fixture
def means(db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Means:
    return _means(db, clock, monkeypatch, complete=False)


def _means(db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, *, complete: bool) -> Means:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="127.0.0.1", sightings_complete=complete),
    )
    return Means(db, clock, settings)


def claimed(session: Session, clock: FrozenClock) -> int:
    """A delivery that a worker took at this moment."""
    _, delivery_id = build.approved(session, clock.now() - MINUTE)
    claim(session, owner="w", lease=LEASE, now=clock.now())
    return delivery_id


def lost(session: Session, clock: FrozenClock) -> int:
    """A delivery of which nobody knows since this moment."""
    _, delivery_id = build.approved(session, clock.now() - MINUTE)
    mine = claim(session, owner="w", lease=LEASE, now=clock.now())
    assert mine is not None
    mark_handing_over(session, [(mine, clock.now())])
    record(session, [Result(mine, Unknown("silence"), clock.now())])
    return delivery_id


@pytest.mark.parametrize(("after", "state"), [(LEASE, DeliveryState.SENDING), (LEASE * 2, DeliveryState.QUEUED)])
async def test_deliveries_of_dead_workers_are_taken_back_when_their_lease_is_over(
    db: Database, clock: FrozenClock, means: Means, after: timedelta, state: DeliveryState
) -> None:
    delivery_id = await db.run(claimed, clock)
    clock.current += after
    await JOBS["rescue_deliveries"](means)
    assert (await db.read(build.delivery, delivery_id)).state == state


async def test_what_was_seen_is_settled(db: Database, clock: FrozenClock, means: Means) -> None:
    delivery_id = await db.run(lost, clock)
    await JOBS["look_for_unknown"](means)
    assert (await db.read(build.delivery, delivery_id)).state == DeliveryState.UNKNOWN

    def sight(session: Session) -> None:
        message = session.get_one(Message, build.delivery(session, delivery_id).message_id)
        session.add(Sighting(internet_message_id=message.internet_message_id, place="Sent", seen_at=clock.now()))

    await db.run(sight)
    await JOBS["look_for_unknown"](means)
    assert (await db.read(build.delivery, delivery_id)).state == DeliveryState.SENT


@pytest.mark.parametrize(("complete", "state"), [(True, DeliveryState.QUEUED), (False, DeliveryState.UNKNOWN)])
async def test_config_says_whether_never_seen_means_not_sent(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, complete: bool, state: DeliveryState
) -> None:
    delivery_id = await db.run(lost, clock)
    clock.current += 16 * MINUTE
    await JOBS["look_for_unknown"](_means(db, clock, monkeypatch, complete=complete))
    assert (await db.read(build.delivery, delivery_id)).state == state


async def test_purge_forgets_what_nobody_can_use_and_keeps_the_rest(
    db: Database, clock: FrozenClock, means: Means
) -> None:
    def fill(session: Session) -> None:
        person = build.agent(session, clock.now())
        for days in (1, 29, 31, 90):
            slot = clock.now() - DAY * days
            session.add(JobSlot(job="purge", slot=slot, worker="w", started_at=slot))
        for days in (-1, 6, 8):
            over = clock.now() - DAY * days
            facts = {"token_hash": f"h{days}", "agent_id": person, "created_at": over, "expires_at": over}
            session.add(AgentSession(**facts))
            session.add(SignInLink(**facts))

    def ages(session: Session, table: type[SQLModel], column: str) -> list[int]:
        rows = session.exec(select(table)).all()
        return sorted((clock.now() - getattr(row, column)).days for row in rows)

    await db.run(fill)
    await JOBS["purge"](means)
    assert await db.read(ages, JobSlot, "slot") == [1, 29]
    assert await db.read(ages, AgentSession, "expires_at") == [-1, 6]
    assert await db.read(ages, SignInLink, "expires_at") == [-1, 6]


async def test_every_job_is_well_on_an_empty_database(db: Database, means: Means) -> None:
    for name, job in JOBS.items():
        await job(means)
        assert name == getattr(job, "__name__", "")
    assert await db.read(lambda session: session.exec(select(col(JobSlot.job))).all()) == []


async def test_before_a_deadline_breaks_a_holding_reply_is_drafted_where_a_person_is_late(
    db: Database, clock: FrozenClock, means: Means, tmp_path: Path
) -> None:
    write_key_file(tmp_path / "mailer.key")
    places = {"signing": Signing(key_file=tmp_path / "mailer.key"), "rendering": Rendering(templates=build.TEMPLATES)}
    means = replace(means, settings=means.settings.model_copy(update=places))
    talk = (await db.run(build.customer_mail, clock.now(), intent="other")).conversation_id
    await db.run(build.draft_all, clock.now())
    clock.current += timedelta(hours=21)
    await JOBS["look_after_clocks"](means)
    assert await db.read(build.drafts, talk) == []
    clock.current += timedelta(hours=2)
    for _ in range(2):
        await JOBS["look_after_clocks"](means)
    drafts = await db.read(build.drafts, talk)
    assert [draft.holding for draft in drafts] == [True]
    assert (await db.read(status, now=clock.now())).warned == 1


async def test_shops_with_an_address_are_asked_what_changed(db: Database, clock: FrozenClock, means: Means) -> None:
    with serving(ShopApi("shopify")) as shop:
        told = {"updated_at": "2026-11-22T09:00:00Z", "created_at": "2026-11-22T09:00:00Z"}
        shop.orders = [{"id": 5001, "name": "#1001", "email": "ana@customer.test", **told}]
        section = SourceConfig.model_validate({"kind": "shopify", "url": shop.url, "token": TOKEN})
        settings = means.settings.model_copy(update={"sources": {"shop": section}})
        await JOBS["reconcile_orders"](replace(means, settings=settings))
    payloads = await db.read(lambda session: session.exec(select(SourcePayload)).all())
    assert [(row.source, row.topic, row.received_at) for row in payloads] == [("shop", "orders/updated", clock.now())]
