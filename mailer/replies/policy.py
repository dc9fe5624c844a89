"""Which answer does a mail get? Values in, a verdict out; the order of the questions is the policy."""

from dataclasses import dataclass

from mailer.model import Disclosure, Level
from mailer.replies.authorise import authorise

_CHANGES = frozenset(
    {"change_order", "cancel_order", "return_refund", "exchange", "account_help", "unsubscribe_privacy"}
)


@dataclass(frozen=True)
class Asked:
    """What is known when an answer is chosen."""

    intent: str
    level: Level
    senders: tuple[str, ...]
    order_address: str | None
    dmarc: str = "none"


@dataclass(frozen=True)
class Answer:
    """Draft from this template; `disclosure` says whether the order's facts go in."""

    template: str
    disclosure: Disclosure


@dataclass(frozen=True)
class NeedsPerson:
    """No template fits; a person writes."""

    reason: str


def choose(asked: Asked) -> Answer | NeedsPerson:
    """The answer to the newest mail of a conversation."""
    if reason := _why_a_person(asked):
        return NeedsPerson(reason)
    if asked.order_address is None:
        return Answer("order_unknown", Disclosure.NONE)
    if authorise(asked.senders, asked.order_address) == Disclosure.ORDER:
        return Answer("order_status", Disclosure.ORDER)
    return Answer("order_unknown", Disclosure.NEUTRAL)


def _why_a_person(asked: Asked) -> str | None:
    if not asked.senders:
        return "the mail has no From address that could be answered"
    if asked.intent in _CHANGES and _is_unconfirmed(asked):
        return "it asks for a change, and nothing confirms the sender: change nothing on its word alone"
    if asked.intent != "order_status":
        return "no template answers this kind of mail yet"
    if asked.level == Level.LOW:
        return "it may ask where an order is, but too little says so"
    return None


def _is_unconfirmed(asked: Asked) -> bool:
    if asked.order_address is None:
        return False
    return authorise(asked.senders, asked.order_address, changes=True, dmarc=asked.dmarc) != Disclosure.ORDER
