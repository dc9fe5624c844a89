"""Who enters a flow, once; what Events do to those who are in it; and that the old ones are never walked through."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.events import record_event
from mailer.flows import enroll
from mailer.flows.enroll import events_to_take, move_watermark, take
from mailer.model import (
    DeliveryState,
    EnrollmentState,
    Event,
    EventReader,
    EventTaken,
    Level,
    Message,
    MessageState,
    Order,
    Stream,
    Suppression,
    open_alarms,
)
from tests.build import customer_mail, parcel
from tests.flows.line import TERMS, Line, flow_text

E = EnrollmentState
FALLBACK = """
event = "order.delivered"
per = "order"
fallback = { event = "order.shipped", home = "12d", abroad = "21d" }
"""


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def happens(line: Line, kind: str, subject: tuple[str, int] = ("order", 1), **more: object) -> None:
    now = line.clock.now()
    given = {"key": f"{kind}:{subject[1]}:{now.isoformat()}", "order_id": 1, "address": "ana@customer.test", **more}
    line.db.run_here(record_event, kind, subject, at=now, now=now, **given)  # type: ignore[arg-type]


def test_a_trigger_lets_an_order_in_once_however_often_it_is_told(line: Line) -> None:
    line.flow("plain", flow_text(step='wait = "3d"'))
    for _ in range(3):
        line.order()
        line.turn("enroll")
    [enrollment] = line.enrollments()
    assert (enrollment.key, enrollment.state) == ("plain:order:1", E.ACTIVE)
    assert enrollment.due_at == enrollment.anchor_at + timedelta(days=3)


def test_a_draft_lets_nobody_in_and_its_events_are_taken_all_the_same(line: Line) -> None:
    line.flow("plain", flow_text(status="draft"))
    line.order()
    line.turn()
    assert line.enrollments() == []
    assert line.db.read_here(events_to_take, 10) == []


def test_who_does_not_fulfil_the_conditions_stays_outside(line: Line) -> None:
    line.flow("plain", flow_text(enter="only_if = [\"order.country == 'DE'\"]"))
    line.flow("other", flow_text(enter="skip_if = [\"order.country == 'DE'\"]"))
    line.order()
    line.turn("enroll")
    assert [one.flow for one in line.enrollments()] == ["other"]


def test_the_fallback_counts_only_until_the_trigger_comes(line: Line) -> None:
    line.flow("plain", flow_text(trigger=FALLBACK, step='wait = "3d"'))
    line.order(fulfillments=[parcel(line.clock.now())])
    line.turn("enroll")
    [waiting] = line.enrollments()
    assert waiting.by_fallback
    assert waiting.due_at == line.clock.now() + timedelta(days=21)
    line.clock.current += timedelta(days=4)
    happens(line, "order.delivered")
    line.turn("enroll")
    [enrollment] = line.enrollments()
    assert not enrollment.by_fallback
    assert enrollment.due_at == line.clock.now() + timedelta(days=3)


def test_by_its_fallback_the_first_step_is_due_at_once(line: Line) -> None:
    line.flow("plain", flow_text(trigger=FALLBACK, step='wait = "3d"'))
    line.order(fulfillments=[parcel(line.clock.now())])
    line.turn()
    line.wait(days=21)
    assert len(line.relay.mails) == 1
    happens(line, "order.delivered")
    line.wait(days=5)
    assert len(line.relay.mails) == 1


def test_an_event_that_ends_the_flow_and_came_first_lets_nobody_in(line: Line) -> None:
    line.flow("plain", flow_text(trigger='event = "order.shipped"\nper = "order"', leave='on = ["order.canceled"]'))
    line.order(fulfillments=[])
    happens(line, "order.canceled")
    happens(line, "order.shipped")
    line.turn()
    [enrollment] = line.enrollments()
    assert (enrollment.state, enrollment.reason) == (E.EXITED, "order.canceled")
    assert line.relay.mails == []


def test_an_event_ends_a_finished_flow_whose_mail_is_still_queued(line: Line) -> None:
    line.flow("plain", flow_text(leave='on = ["order.canceled"]'))
    line.order(fulfillments=[])
    line.turn("enroll", "advance")
    assert [one.state for one in line.enrollments()] == [E.FINISHED]
    happens(line, "order.canceled")
    line.turn()
    assert [one.state for one in line.enrollments()] == [E.EXITED]
    [delivery] = line.deliveries()
    assert delivery.state is DeliveryState.WITHHELD
    assert "its flow ended before it left: order.canceled" in delivery.reason


def test_a_flow_of_a_parcel_ends_by_that_parcel_only(line: Line) -> None:
    trigger = 'event = "shipment.shipped"\nper = "shipment"'
    line.flow("plain", flow_text(trigger=trigger, step='wait = "1d"', leave='on = ["shipment.delivered"]'))
    parcels = [{**parcel(line.clock.now()), "id": one, "tracking_number": one} for one in ("a", "b")]
    line.order(fulfillments=parcels)
    line.turn("enroll")
    happens(line, "shipment.delivered", ("shipment", 2))
    line.turn("enroll")
    assert [(one.subject_id, one.state) for one in line.enrollments()] == [(1, E.ACTIVE), (2, E.EXITED)]


def test_who_may_come_again_comes_after_the_time(line: Line) -> None:
    trigger = 'event = "order.placed"\nper = "customer"'
    line.flow("plain", flow_text(trigger=trigger, enter='reenter = "after 10d"'))
    for number, days in (("#1", 0), ("#2", 3), ("#3", 8)):
        line.clock.current += timedelta(days=days)
        line.order(name=number, id=number, created_at=line.clock.now().isoformat(), fulfillments=[])
        line.turn()
    assert [one.key for one in line.enrollments()] == ["plain:customer:1", "plain:customer:1:2"]
    assert len(line.relay.mails) == 2


def test_what_came_back_is_remembered_by_the_passage_that_asked(line: Line) -> None:
    line.flow("plain", flow_text(step='wait = "9d"'))
    line.flow("other", flow_text(step='wait = "9d"'))
    line.order()
    line.turn("enroll")
    happens(line, "rating.received", data={"question": "satisfaction", "value": 4, "enrollment_id": 1})
    happens(line, "review.received", data={"stars": 5})
    line.turn("enroll")
    runs = [one.run for one in line.enrollments()]
    assert runs == [{"rated": True, "value": 4, "reviewed": True, "stars": 5}, {"reviewed": True, "stars": 5}]


def _answer(line: Line, intent: str, level: Level = Level.HIGH) -> None:
    """The customer answers the mail of the first passage with this wish."""

    def write(session: Session) -> None:
        mail = customer_mail(session, line.clock.now(), order=1, intent=intent, level=level)
        data = {"enrollment_id": 1, "message_id": mail.id}
        now = line.clock.now()
        about = ("conversation", mail.conversation_id)
        key = f"mail.replied:{mail.id}"
        given = {"order_id": 1, "address": "ana@customer.test", "at": now, "now": now, "data": data}
        record_event(session, "mail.replied", about, key=key, **given)  # type: ignore[arg-type]

    line.db.run_here(write)


def test_stop_ends_the_flow_and_opts_out_of_its_stream(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", step='wait = "9d"'))
    line.order()
    line.turn("enroll")
    _answer(line, "unsubscribe_privacy")
    line.turn("enroll")
    assert [(one.state, one.reason) for one in line.enrollments()] == [
        (E.EXITED, "the customer wants no more of these mails")
    ]
    streams = line.db.read_here(lambda session: list(session.exec(select(Suppression.stream))))
    assert streams == [Stream.FEEDBACK]


@pytest.mark.parametrize(
    ("intent", "level", "ended"),
    [
        ("delivery_delay", Level.HIGH, ["review", "survey"]),
        ("size_not_fit", Level.HIGH, ["review"]),
        ("damaged_defective", Level.MEDIUM, ["review"]),
        ("damaged_defective", Level.LOW, []),
        ("positive_feedback", Level.HIGH, []),
    ],
)
def test_what_an_answer_ends(line: Line, intent: str, level: Level, ended: list[str]) -> None:
    line.flow("plain", flow_text(step='wait = "9d"'))
    line.flow("review", flow_text(kind="feedback", step='wait = "9d"', send="review_invitation"))
    line.flow("survey", flow_text(kind="feedback", step='wait = "9d"', send="satisfaction_survey"))
    line.order()
    line.turn("enroll")
    _answer(line, intent, level)
    line.turn("enroll")
    assert [one.flow for one in line.enrollments() if one.state is E.EXITED] == ended
    assert line.enrollments()[0].run == {"replied": True}


def test_an_answer_waits_until_triage_has_read_it(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", step='wait = "9d"'))
    line.order()
    line.turn("enroll")
    _answer(line, "unsubscribe_privacy")

    def unread(session: Session, state: MessageState) -> None:
        session.exec(select(Message)).one().state = state

    line.db.run_here(unread, MessageState.RECEIVED)
    line.turn("enroll")
    assert line.enrollments()[0].state is E.ACTIVE
    line.db.run_here(unread, MessageState.TRIAGED)
    line.turn("enroll")
    assert line.enrollments()[0].state is E.EXITED


def test_an_event_is_taken_once_by_many_workers(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    events = line.db.read_here(events_to_take, 10)
    taken = [line.db.run_here(take, events, line.flows, TERMS, now=line.clock.now()) for _ in range(2)]
    assert taken == [len(events), 0]


def test_the_mark_passes_what_is_taken_and_nothing_else(session: Session, clock: FrozenClock) -> None:
    now = clock.now()
    for number in range(6):
        record_event(session, "order.placed", ("order", number), key=str(number), at=now, now=now)
    ids = [event.id or 0 for event in session.exec(select(Event)).all()]
    for event_id in (*ids[:3], ids[4]):
        session.add(EventTaken(event_id=event_id, reader="flows", taken_at=now))
    session.flush()
    assert move_watermark(session, age=timedelta(), now=now) == ids[2]
    assert [event.id for event in events_to_take(session, 10)] == [ids[3], ids[5]]


def test_on_a_server_of_many_the_mark_passes_only_what_is_old(session: Session, clock: FrozenClock) -> None:
    """A transaction that began earlier may commit an Event with a lower id afterwards: it must not be passed."""
    now, age = clock.now(), timedelta(minutes=10)
    record_event(session, "order.placed", ("order", 1), key="1", at=now, now=now)
    [event] = session.exec(select(Event)).all()
    session.add(EventTaken(event_id=event.id or 0, reader="flows", taken_at=now))
    session.flush()
    assert move_watermark(session, age=age, now=now + timedelta(minutes=9)) == 0
    assert move_watermark(session, age=age, now=now + timedelta(minutes=11)) == event.id
    assert session.exec(select(EventReader.all_taken_to)).one() == event.id


def test_an_event_that_cannot_be_acted_on_stops_nothing_and_is_told(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.flow("plain", flow_text())
    line.order(name="#1", id="1")
    line.order(name="#2", id="2")
    act = enroll._take_one

    def fails(session: Session, event: Event, *rest: object) -> None:
        if event.order_id == 1:
            raise RuntimeError("broken")
        act(session, event, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(enroll, "_take_one", fails)
    line.turn("enroll")
    assert [one.order_id for one in line.enrollments()] == [2]
    alarms = line.db.read_here(open_alarms)
    assert alarms
    assert {one.kind for one in alarms} == {"event"}
    assert line.db.read_here(events_to_take, 10) == []


def test_the_order_of_another_customer_is_left_alone(line: Line) -> None:
    line.flow("plain", flow_text(step='wait = "1d"', leave='on = ["order.canceled"]'))
    line.order(name="#1", id="1")
    line.order(name="#2", id="2", email="uwe@customer.test")
    line.turn("enroll")
    happens(line, "order.canceled")
    line.turn("enroll")
    assert [one.state for one in line.enrollments()] == [E.EXITED, E.ACTIVE]
    orders = line.db.read_here(lambda session: session.exec(select(Order.id)).all())
    assert len(orders) == 2


@pytest.mark.parametrize(("days", "entered"), [(6, 1), (8, 0)])
def test_what_happened_long_before_we_heard_of_it_lets_nobody_in(line: Line, days: int, entered: int) -> None:
    line.flow("plain", flow_text(step='wait = "30d"'))
    placed = line.clock.now() - timedelta(days=days)
    line.order(created_at=placed.isoformat(), fulfillments=[])
    line.turn()
    assert len(line.enrollments()) == entered


def test_what_happened_long_ago_still_ends_a_flow(line: Line) -> None:
    line.flow("plain", flow_text(step='wait = "30d"', leave='on = ["order.canceled"]'))
    line.order(fulfillments=[])
    line.turn("enroll")
    now = line.clock.now()
    given = {"key": "old", "order_id": 1, "at": now - timedelta(days=90), "now": now}
    line.db.run_here(record_event, "order.canceled", ("order", 1), **given)  # type: ignore[arg-type]
    line.turn("enroll")
    assert [one.state for one in line.enrollments()] == [E.EXITED]
