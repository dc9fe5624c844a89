"""How `mailer outbox` says what it found."""

from collections.abc import Iterator
from datetime import datetime

from mailer.model import Attempt, AutomaticAnswer, Delivery, DeliveryState, Hold, HoldScope
from mailer.outbound.view import Seen


def delivery_line(delivery: Delivery) -> str:
    """One delivery, and its reason in a line of its own."""
    when = f"next try {_at(delivery.next_attempt_at)}" if delivery.state == DeliveryState.QUEUED else ""
    line = f"{delivery.id:>6}  {delivery.state.value:<12}  {delivery.recipient:<32}  {delivery.kind}  {when}".rstrip()
    return f"{line}\n        {delivery.reason}" if delivery.reason else line


def hold_line(hold: Hold) -> str:
    """A stop that stands."""
    what = "EVERYTHING is stopped" if hold.scope is HoldScope.ALL else f"{hold.scope.value} {hold.subject} is held"
    return f"{what} by {hold.put_by} since {_at(hold.put_at)}{f': {hold.reason}' if hold.reason else ''}"


def automatic_line(answer: AutomaticAnswer) -> str:
    """An acknowledgement that was stopped."""
    return f"{answer.id:>6}  no acknowledgement to {answer.address}: {answer.reason}"


def whole(seen: Seen) -> Iterator[str]:
    """All that is known of one delivery."""
    delivery = seen.delivery
    yield f"Delivery {delivery.id}, {delivery.kind} to {delivery.recipient}: {delivery.state.value}"
    yield f"Subject: {seen.message.subject}"
    yield f"Message-ID: {seen.message.internet_message_id}"
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
