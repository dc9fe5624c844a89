"""The Events that flows can hear of, what each is about, and what its data holds."""

from dataclasses import dataclass

from mailer.model.order import ParcelState


@dataclass(frozen=True)
class Known:
    """What an Event is about, and the names of its data."""

    subject: str
    data: frozenset[str] = frozenset()


_RATING = frozenset({"question", "value", "suspected_robot"})
_RETURN = frozenset({"state", "keep", "wish"})
EVENTS: dict[str, Known] = {
    **{
        f"order.{word}": Known("order")
        for word in ("placed", "canceled", "refunded", "partly_refunded", "shipped", "delivered")
    },
    **{
        f"shipment.{word}": Known("shipment")
        for word in ("shipped", "scanned", "canceled", *(state.value for state in ParcelState))
    },
    "delay.opened": Known("delay", frozenset({"kind", "needs_person"})),
    "delay.settled": Known("delay", frozenset({"kind", "needs_person"})),
    "conversation.opened": Known("conversation", frozenset({"matter"})),
    "conversation.closed": Known("conversation", frozenset({"answered"})),
    "mail.replied": Known("conversation"),
    "rating.received": Known("order", _RATING),
    "rating.low": Known("order", _RATING),
    "review.received": Known("order", frozenset({"stars"})),
    "choice.made": Known("order", frozenset({"answer"})),
    **{
        f"return.{word}": Known("return", _RETURN) for word in ("requested", "agreed", "refused", "received", "settled")
    },
    "customer.opted_out": Known("customer", frozenset({"stream"})),
}
# Words that people write for the same thing.
SAME = {"order.cancelled": "order.canceled", "shipment.cancelled": "shipment.canceled"}
# What holds a passage while it is open, in words.
OPEN_MATTERS = {
    "conversation.open": "a conversation of this customer is open",
    "return.open": "a return is open",
    "delay.open": "a parcel is late",
}


def subject_of(kind: str) -> str:
    """What an Event of this kind is about."""
    return EVENTS[kind].subject
