"""How `mailer outbox` says what it found."""

from collections.abc import Iterator
from datetime import datetime

from mailer.calendars import in_words
from mailer.model import Attempt, AutomaticAnswer, Delivery, DeliveryState, Hold, HoldScope
from mailer.outbound.catch_up import Plan
from mailer.outbound.view import Seen, Skipped


def delivery_line(delivery: Delivery) -> str:
    """One delivery, and its reason in a line of its own."""
    when = f"next try {_at(delivery.next_attempt_at)}" if delivery.state == DeliveryState.QUEUED else ""
    line = f"{delivery.id:>6}  {delivery.state.value:<12}  {delivery.recipient:<32}  {delivery.kind}  {when}".rstrip()
    return f"{line}\n        {delivery.reason}" if delivery.reason else line


def hold_line(hold: Hold) -> str:
    """A stop that stands."""
    named = {
        HoldScope.ALL: "EVERYTHING is stopped",
        HoldScope.CATCH_UP: "what flows would send after an outage is held",
    }
    what = named.get(hold.scope, f"{hold.scope.value} {hold.subject} is held")
    return f"{what} by {hold.put_by} since {_at(hold.put_at)}{f': {hold.reason}' if hold.reason else ''}"


def skipped_line(skipped: Skipped) -> str:
    """A mail that a flow did not send, and its reason in a line of its own."""
    step, enrollment = skipped.step, skipped.enrollment
    first = f"{step.id:>6}  {_at(step.decided_at)}  {enrollment.flow} {step.step}  {enrollment.address}"
    return f"{first}\n        {step.reason}"


def plan_lines(plan: Plan, now: datetime) -> Iterator[str]:
    """What flows would send, flow by flow, and over how long it would be spread."""
    for one in plan.steps:
        late = f"late by {in_words(now - one.newest)} to {in_words(now - one.oldest)}"
        over = f", {one.expired:,} too old and skipped" if one.expired else ""
        yield f"{one.flow} {one.step}: {one.count:,} due, {late}{over}"
    if not plan.steps:
        yield "No step of a flow is due."
    elif plan.hold is not None:
        yield f"Held by {plan.hold.put_by} since {_at(plan.hold.put_at)}: {plan.hold.reason}"
        yield f"Approved, it is spread over {in_words(plan.spread)}: mailer outbox catch-up --approve --as NAME"
    else:
        yield "Nothing holds them; they go by themselves."


def automatic_line(answer: AutomaticAnswer) -> str:
    """An acknowledgement that was stopped."""
    return f"{answer.id:>6}  no acknowledgement to {answer.address}: {answer.reason}"


def whole(seen: Seen) -> Iterator[str]:
    """All that is known of one delivery."""
    delivery = seen.delivery
    yield f"Delivery {delivery.id}, {delivery.kind} to {delivery.recipient}: {delivery.state.value}"
    yield f"Subject: {seen.message.subject}"
    yield f"Message-ID: {seen.message.internet_message_id}"
    if seen.flow:
        yield f"Flow {seen.flow}, step {seen.step}"
    if delivery.reason:
        yield delivery.reason
    if delivery.state == DeliveryState.QUEUED:
        yield f"Next try {_at(delivery.next_attempt_at)}"
    if delivery.expires_at and delivery.settled_at is None:
        yield f"Given up {_at(delivery.expires_at)}"
    yield from (_try_line(attempt) for attempt in seen.attempts)
    yield from (hold_line(hold) for hold in seen.holds)
    if anyway := seen.sent_anyway:
        yield f"Sent anyway by agent {anyway.agent_id}: {anyway.reason} (overruled: {anyway.overruled})"


def _try_line(attempt: Attempt) -> str:
    words = f"{attempt.outcome} ({attempt.cause}): {attempt.server_words}" if attempt.outcome else "its worker died"
    return f"try {attempt.number}  {_at(attempt.started_at)}  {words}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
