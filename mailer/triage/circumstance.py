"""How the state of an order bears on what its customer wants: nobody returns what has not been sent."""

from collections.abc import Mapping

from mailer.model import Intent
from mailer.triage.classifier import OrderView

# From here on a parcel that is on its way is late for its customer, whatever was promised.
_LONG_OUT = 14
_JUST_LEFT = 5
_LONG_WAIT = 10

_NOT_ARRIVED = {
    Intent.DAMAGED_DEFECTIVE: -1.5,
    Intent.WRONG_MISSING_ITEM: -1.5,
    Intent.SIZE_NOT_FIT: -2.0,
    Intent.EXCHANGE: -1.0,
    Intent.RETURN_REFUND: -0.5,
    Intent.REVIEW_RELATED: -0.5,
}
_BY_STATE: Mapping[str, Mapping[Intent, float]] = {
    "not_shipped": {
        **_NOT_ARRIVED,
        Intent.CANCEL_ORDER: 0.5,
        Intent.CHANGE_ORDER: 0.5,
        Intent.ORDER_STATUS: 0.7,
    },
    "in_transit": {**_NOT_ARRIVED, Intent.ORDER_STATUS: 0.7, Intent.CHANGE_ORDER: -0.3},
    "delivered": {
        Intent.DAMAGED_DEFECTIVE: 0.7,
        Intent.WRONG_MISSING_ITEM: 0.7,
        Intent.SIZE_NOT_FIT: 0.7,
        Intent.EXCHANGE: 0.5,
        Intent.RETURN_REFUND: 0.7,
        Intent.REVIEW_RELATED: 0.3,
        Intent.POSITIVE_FEEDBACK: 0.5,
        Intent.ORDER_STATUS: -1.0,
        Intent.CANCEL_ORDER: -1.0,
        Intent.CHANGE_ORDER: -1.0,
    },
    "canceled": {
        Intent.REFUND_STATUS: 1.0,
        Intent.CANCEL_ORDER: -0.5,
        Intent.CHANGE_ORDER: -1.0,
        **_NOT_ARRIVED,
    },
}


def leaning(order: OrderView | None) -> dict[str, float]:
    """How much likelier or less likely each intent is with this order, before a word is read."""
    if order is None:
        return {}
    leans = {intent.value: value for intent, value in _BY_STATE.get(order.state, {}).items()}
    if (
        order.state == "in_transit"
        and not overdue(order)
        and order.days_out is not None
        and order.days_out < _JUST_LEFT
    ):
        leans[Intent.DELIVERY_DELAY.value] = -0.7
    return leans


def overdue(order: OrderView | None) -> bool:
    """Whether who asks after this order asks why it is so late."""
    if order is None or order.state not in ("not_shipped", "in_transit"):
        return False
    return order.late or (order.days_out or 0) >= (_LONG_OUT if order.state == "in_transit" else _LONG_WAIT)


def in_truth(intent: str, order: OrderView | None) -> str:
    """What a wish is, the order considered: asking after a parcel that is overdue is about the delay."""
    return Intent.DELIVERY_DELAY.value if intent == Intent.ORDER_STATUS.value and overdue(order) else intent
