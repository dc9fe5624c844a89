"""What a customer's answer to a mail of a flow ends: "stop", "it never came", "too small"."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.flows.definition import Flow
from mailer.model import Classification, Enrollment, Event, Intent, Level, Stream
from mailer.outbound.consent import opt_out

# What went wrong with the goods: who says so is not asked to review them.
_SPOILT = frozenset(
    {Intent.SIZE_NOT_FIT, Intent.DAMAGED_DEFECTIVE, Intent.WRONG_MISSING_ITEM, Intent.RETURN_REFUND, Intent.EXCHANGE}
)
_STREAMS = {"feedback": Stream.FEEDBACK, "marketing": Stream.MARKETING}


def end_by_answer(
    session: Session,
    event: Event,
    flows: Mapping[str, Flow],
    end: Callable[..., bool],
    *,
    now: datetime,
) -> None:
    """Carry out what an answer wants of the flows themselves; what else it wants is answered by a person."""
    wants = _wants(session, event)
    answered = session.get(Enrollment, event.data.get("enrollment_id") or 0)
    if Intent.UNSUBSCRIBE_PRIVACY in wants:
        _stop(session, event, answered, flows, now)
    for enrollment, reason in _ended(session, event, wants, answered, flows):
        end(session, enrollment, reason, now=now)


def _wants(session: Session, event: Event) -> frozenset[str]:
    """The intents of the mail that are more than a guess."""
    wanted = select(Classification).where(Classification.message_id == event.data.get("message_id"))
    word = session.exec(wanted).first()
    if word is None:
        return frozenset()
    found = word.intents or [{"intent": word.intent, "level": word.level}]
    return frozenset(entry["intent"] for entry in found if Level(entry["level"]) is not Level.LOW)


def _stop(
    session: Session, event: Event, answered: Enrollment | None, flows: Mapping[str, Flow], now: datetime
) -> None:
    """Who answers an order mail with "stop" wants nothing that their order does not need."""
    flow = flows.get(answered.flow) if answered else None
    stream = _STREAMS.get(flow.kind, Stream.ALL) if flow else Stream.ALL
    if event.address:
        opt_out(session, event.address, stream, wording="they answered a mail of ours with it", now=now)


def _ended(
    session: Session, event: Event, wants: frozenset[str], answered: Enrollment | None, flows: Mapping[str, Flow]
) -> Iterator[tuple[Enrollment, str]]:
    if answered is not None and Intent.UNSUBSCRIBE_PRIVACY in wants:
        yield answered, "the customer wants no more of these mails"
    if event.order_id is None:
        return
    mine = select(Enrollment).where(Enrollment.order_id == event.order_id).order_by(col(Enrollment.id))
    for enrollment in session.exec(mine.with_for_update()):
        flow = flows.get(enrollment.flow)
        if flow is None or flow.kind != "feedback":
            continue
        if Intent.DELIVERY_DELAY in wants:
            yield enrollment, "the customer says that it never came"
        elif _SPOILT & wants and asks_for_reviews(flow):
            yield enrollment, "the customer complained of the goods"


def asks_for_reviews(flow: Flow) -> bool:
    """Whether its mails ask for a review."""
    return any(step.send.startswith("review") for step in flow.steps)
