"""One delay is one incident for each cause: it opens once, takes notes, is told by a person, and settles."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.delay_config import DelayConfig
from mailer.errors import Conflict, NotFound
from mailer.model import Event, Incident, IncidentKind, IncidentState, Order, ParcelState, Shipment
from mailer.orders.alarms import DelayTerms
from mailer.orders.delay import look_for_delays, watch_orders
from mailer.orders.incidents import batch_line, batches, describe, incident_line, incidents_of, settle, tell

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
K, P = IncidentKind, ParcelState
TERMS = DelayTerms(home="DE")
WHO = {"by": "ana"}


def an_order(session: Session, now: datetime, number: int = 1, **changes: Any) -> Order:
    """Paid now, in Germany, and news."""
    values = {"storefront": "main", "source": "api", "email": "Ana@Customer.test", "country": "DE"}
    order = Order(
        **{
            **values,
            "number": f"#{number}",
            "number_key": str(number),
            "placed_at": now,
            "changed_at": now,
            "recorded_at": now,
            "watch_at": now,
            **changes,
        }
    )
    session.add(order)
    session.flush()
    return order


def a_parcel(session: Session, order: Order, now: datetime, **changes: Any) -> Shipment:
    """Left now, and the carrier has it."""
    values = {
        "external_id": "88",
        "carrier": "DHL Express",
        "tracking_number": "JD014",
        "state": P.IN_TRANSIT,
        "state_at": now,
        "shipped_at": now,
        "scanned_at": now,
        "heard_at": now,
    }
    parcel = Shipment(order_id=order.id or 0, **{**values, **changes})
    session.add(parcel)
    session.flush()
    return parcel


def heard(session: Session, parcel: Shipment, now: datetime, **changes: Any) -> None:
    """The carrier said this, now."""
    for name, value in {"heard_at": now, "state_at": now, **changes}.items():
        setattr(parcel, name, value)
    session.get_one(Order, parcel.order_id).watch_at = now
    session.flush()


def looks(session: Session, now: datetime, terms: DelayTerms = TERMS) -> int:
    session.flush()
    count = look_for_delays(session, terms=terms, now=now)
    session.flush()
    return count


def incidents(session: Session) -> list[Incident]:
    return list(session.exec(select(Incident).order_by(col(Incident.id))))


def events(session: Session) -> list[str]:
    return list(session.exec(select(Event.kind).where(col(Event.kind).like("delay.%")).order_by(col(Event.id))))


def test_an_order_is_looked_at_again_when_its_next_alarm_would_ring(session: Session, now: datetime) -> None:
    order = an_order(session, now)
    assert looks(session, now) == 1
    assert order.watch_at == now + 4 * DAY - (now - now.replace(hour=0)), "Sunday does not count"
    assert looks(session, now + DAY) == 0
    assert looks(session, now + 4 * DAY) == 1
    assert [(one.kind, one.key) for one in incidents(session)] == [(K.NOT_SHIPPED, f"not_shipped:order:{order.id}")]
    assert order.watch_at is None
    assert order.recorded_at == now + 4 * DAY, "drafts look again"


def test_a_delay_is_opened_once_and_says_whom_it_concerns(session: Session, now: datetime) -> None:
    order = an_order(session, now)
    for step in range(4, 8):
        order.watch_at = now
        looks(session, now + step * DAY)
    (incident,) = incidents(session)
    event = session.exec(select(Event).where(Event.kind == "delay.opened")).one()
    assert (event.subject_kind, event.subject_id) == ("delay", incident.id)
    assert (event.order_id, event.address) == (order.id, "ana@customer.test")
    assert event.data == {"kind": "not_shipped", "needs_person": False}
    assert (incident.opened_at, incident.batch) == (now + 4 * DAY, "none:DE-DE:2026-11-26")


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"canceled_at": datetime(2026, 11, 26).astimezone()}, "the order was canceled"),
        ({"payment_state": "refunded"}, "the money went back"),
    ],
)
def test_who_has_the_money_back_waits_no_more(
    session: Session, now: datetime, change: dict[str, Any], because: str
) -> None:
    order = an_order(session, now)
    looks(session, now + 5 * DAY)
    for name, value in change.items():
        setattr(order, name, value)
    order.watch_at = now
    looks(session, now + 6 * DAY)
    (incident,) = incidents(session)
    assert (incident.state, incident.settled_because) == (IncidentState.SETTLED, because)
    assert events(session) == ["delay.opened", "delay.settled"]


def test_shipping_settles_what_was_not_shipped(session: Session, now: datetime) -> None:
    order = an_order(session, now)
    looks(session, now + 5 * DAY)
    a_parcel(session, order, now + 5 * DAY)
    order.watch_at = now
    looks(session, now + 5 * DAY)
    (incident,) = incidents(session)
    assert (incident.settled_at, incident.settled_because) == (now + 5 * DAY, "it was shipped")


def test_silence_ends_with_the_next_word_and_a_new_silence_is_a_new_cause(session: Session, now: datetime) -> None:
    parcel = a_parcel(session, an_order(session, now), now)
    looks(session, now)
    looks(session, now + 3 * DAY)
    assert [one.kind for one in incidents(session)] == [K.SILENT]
    heard(session, parcel, now + 4 * DAY)
    looks(session, now + 4 * DAY)
    assert incidents(session)[0].settled_because == "the parcel moves on"
    looks(session, now + 7 * DAY)
    assert [one.state for one in incidents(session)] == [IncidentState.SETTLED, IncidentState.OPEN]
    assert events(session) == ["delay.opened", "delay.settled", "delay.opened"]


def test_a_second_alarm_of_one_parcel_is_noted_and_no_second_apology(session: Session, now: datetime) -> None:
    promised = (now + 2 * DAY).date()
    order = an_order(session, now)
    parcel = a_parcel(session, order, now, first_expected_on=promised, expected_on=promised)
    heard(session, parcel, now + DAY, expected_on=promised + 4 * DAY)
    looks(session, now + DAY)
    (incident,) = incidents(session)
    assert (incident.kind, incident.promised_on, incident.expected_on) == (K.ETA_SLIP, promised, promised + 4 * DAY)
    looks(session, now + 3 * DAY)
    looks(session, now + 4 * DAY)
    assert list(incident.notes.values()) == ["2026-11-25: overdue", "2026-11-26: silent"]
    heard(session, parcel, now + 5 * DAY, expected_on=promised + 9 * DAY)
    looks(session, now + 5 * DAY)
    assert incident.expected_on == promised + 9 * DAY, "a later word of the carrier counts"
    assert order.recorded_at == now + 5 * DAY
    assert events(session) == ["delay.opened"]
    assert len(incidents(session)) == 1
    heard(session, parcel, now + 6 * DAY, state=P.DELIVERED)
    looks(session, now + 6 * DAY)
    assert (incident.state, incident.settled_because) == (IncidentState.SETTLED, "it arrived")
    assert order.watch_at is None


def test_what_rang_meanwhile_keeps_it_open(session: Session, now: datetime) -> None:
    promised = (now + 3 * DAY).date()
    parcel = a_parcel(session, an_order(session, now), now, first_expected_on=promised, expected_on=promised)
    looks(session, now + 3 * DAY)
    looks(session, now + 4 * DAY)
    (incident,) = incidents(session)
    assert (incident.kind, list(incident.notes.values())) == (K.SILENT, ["2026-11-26: overdue"])
    heard(session, parcel, now + 5 * DAY)
    looks(session, now + 5 * DAY)
    assert incident.state is IncidentState.OPEN, "it is not there yet, and the customer knows that it is late"
    assert events(session) == ["delay.opened"]


def test_a_problem_that_comes_later_is_marked_for_a_person(session: Session, now: datetime) -> None:
    parcel = a_parcel(session, an_order(session, now), now)
    looks(session, now + 3 * DAY)
    (incident,) = incidents(session)
    assert not incident.needs_person
    parcel.state = P.CUSTOMS
    parcel.first_expected_on = (now + 3 * DAY).date()
    heard(session, parcel, now + 4 * DAY, heard_at=parcel.heard_at, state=P.DELAYED)
    looks(session, now + 8 * DAY)
    assert any(one.needs_person for one in incidents(session) if one.state is IncidentState.OPEN)


def test_two_parcels_have_incidents_of_their_own_and_an_order_only_one(session: Session, now: datetime) -> None:
    order = an_order(session, now)
    for number in range(2):
        a_parcel(session, order, now, external_id=str(number))
    looks(session, now + 3 * DAY)
    assert len(incidents(session)) == 2
    promise = an_order(session, now, 2, promised_on=(now + DAY).date())
    for number in range(2):
        a_parcel(session, promise, now, external_id=str(number))
    looks(session, now + 2 * DAY)
    assert [one.kind for one in incidents(session) if one.order_id == promise.id] == [K.OVERDUE]


def test_old_history_raises_nothing(session: Session, now: datetime) -> None:
    an_order(session, now - 400 * DAY, watch_at=now)
    assert looks(session, now) == 1
    assert incidents(session) == []


def test_a_person_lets_a_whole_batch_know(session: Session, now: datetime) -> None:
    for number in range(3):
        a_parcel(session, an_order(session, now, number), now, scanned_at=None, heard_at=None)
    looks(session, now + 5 * DAY)
    (batch,) = batches(session)
    assert (batch.name, batch.count, batch.waiting) == ("dhl-express:DE-DE:2026-11-27", 3, 3)
    assert "3 wait for your word" in batch_line(batch)
    assert "waits for your word" in incident_line(*incidents_of(session, batch.name)[0])
    assert tell(session, batch.name, **WHO, now=now + 6 * DAY) == 3
    assert tell(session, batch.name, **WHO, now=now + 6 * DAY) == 0
    told = session.exec(select(Event).where(Event.kind == "delay.opened").order_by(col(Event.id))).all()
    assert [one.data["needs_person"] for one in told] == [True] * 3 + [False] * 3
    assert {one.subject_id for one in told[:3]} == {one.subject_id for one in told[3:]}
    assert batches(session)[0].waiting == 0
    with pytest.raises(NotFound):
        tell(session, "nowhere", **WHO, now=now)


def test_what_a_person_settled_does_not_ring_again(session: Session, now: datetime) -> None:
    order = an_order(session, now)
    looks(session, now + 5 * DAY)
    number = incidents(session)[0].id or 0
    settle(session, number, by="ana", reason="sent by hand", now=now + 5 * DAY)
    order.watch_at = now
    looks(session, now + 6 * DAY)
    assert [one.settled_because for one in incidents(session)] == ["ana: sent by hand"]
    with pytest.raises(Conflict):
        settle(session, number, by="ana", now=now)
    with pytest.raises(NotFound):
        settle(session, 99, by="ana", now=now)
    assert "Settled 2026-11-27" in "\n".join(describe(session, number))


def test_an_incident_is_told_with_all_that_is_known(session: Session, now: datetime) -> None:
    promised = (now + DAY).date()
    parcel = a_parcel(session, an_order(session, now), now, first_expected_on=promised)
    heard(session, parcel, now + HOUR, expected_on=promised + 5 * DAY)
    looks(session, now + HOUR)
    told = "\n".join(describe(session, incidents(session)[0].id or 0))
    for words in (
        "eta slip of order #1: open",
        "JD014 with DHL Express",
        f"Promised {promised}",
        "Expected now 2026-11-28",
    ):
        assert words in told
    with pytest.raises(NotFound):
        list(describe(session, 99))


async def test_the_loop_asks_little_while_nothing_is_due(db: Database, clock: FrozenClock) -> None:
    def fill(session: Session) -> None:
        for number in range(5):
            an_order(session, clock.now(), number)

    assert not await watch_orders(db, clock, TERMS)
    db.run_here(fill)
    assert await watch_orders(db, clock, TERMS)
    assert not await watch_orders(db, clock, TERMS)
    clock.current += 5 * DAY
    assert await watch_orders(db, clock, TERMS)
    assert len(db.read_here(incidents)) == 5


def test_the_question_what_is_due_uses_the_index(sqlite_template: Path) -> None:
    # PostgreSQL reads a small table whole, whatever there is.
    db = Database(f"sqlite:///{sqlite_template}")
    with db.engine.connect() as connection:
        question = "EXPLAIN QUERY PLAN SELECT id FROM shop_order WHERE watch_at <= '2026' ORDER BY watch_at LIMIT 200"
        plan = " ".join(str(row) for row in connection.exec_driver_sql(question))
    db.close()
    assert "ix_shop_order_watch_at" in plan
    assert "TEMP B-TREE" not in plan


STEPS = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.sampled_from(["nothing", "scan", "delay", "later", "deliver", "ship", "cancel", "promise"]),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_cause_is_opened_once_and_nothing_delivered_stays_late(
    steps: list[tuple[int, str]],
) -> None:
    from sqlmodel import create_engine

    from mailer.model import Row
    from tests.conftest import NOW

    engine = create_engine("sqlite://")
    Row.metadata.create_all(engine)
    with Session(engine) as session:
        order = an_order(session, NOW)
        at, parcel = NOW, None
        for hours, what in steps:
            at += timedelta(hours=hours)
            parcel = _ACTS[what](session, order, parcel, at)
            looks(session, at)
            open_ones = [one for one in incidents(session) if one.state is IncidentState.OPEN]
            assert len(open_ones) <= 1
            assert order.watch_at is None or order.watch_at > at
        opened = session.exec(select(Event.key).where(Event.kind == "delay.opened")).all()
        assert len(opened) == len(incidents(session))
        if order.canceled_at or (parcel and parcel.state is P.DELIVERED):
            assert [one for one in incidents(session) if one.state is IncidentState.OPEN] == []
    engine.dispose()


Act = Callable[[Session, Order, Shipment | None, datetime], Shipment | None]


def _says(**changes: Any) -> Act:
    def act(session: Session, order: Order, parcel: Shipment | None, now: datetime) -> Shipment | None:
        if parcel is not None and parcel.state is not P.DELIVERED:
            heard(session, parcel, now, **changes)
        return parcel

    return act


def _ships(session: Session, order: Order, parcel: Shipment | None, now: datetime) -> Shipment:
    order.watch_at = now
    return parcel or a_parcel(session, order, now, first_expected_on=(now + 3 * DAY).date(), scanned_at=None)


def _later(session: Session, order: Order, parcel: Shipment | None, now: datetime) -> Shipment | None:
    return _says(expected_on=(now + 6 * DAY).date())(session, order, parcel, now)


def _order(**changes: Callable[[datetime], Any]) -> Act:
    def act(session: Session, order: Order, parcel: Shipment | None, now: datetime) -> Shipment | None:
        for name, value in changes.items():
            setattr(order, name, value(now))
        order.watch_at = now
        return parcel

    return act


def _day(now: datetime) -> date:
    return now.date()


_ACTS: dict[str, Act] = {
    "nothing": lambda session, order, parcel, now: parcel,
    "scan": _says(state=P.IN_TRANSIT, scanned_at=datetime(2026, 11, 23).astimezone()),
    "delay": _says(state=P.DELAYED),
    "later": _later,
    "deliver": _says(state=P.DELIVERED),
    "ship": _ships,
    "cancel": _order(canceled_at=lambda now: now),
    "promise": _order(promised_on=_day),
}


def test_thresholds_of_config_are_heeded(session: Session, now: datetime) -> None:
    terms = DelayTerms(DelayConfig.model_validate({"calendar": "always", "not_shipped": "6h"}), home="DE")
    an_order(session, now + 2 * DAY)
    looks(session, now + 2 * DAY, terms)
    looks(session, now + 2 * DAY + 6 * HOUR, terms)
    assert [one.kind for one in incidents(session)] == [K.NOT_SHIPPED]
