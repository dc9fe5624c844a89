"""Which answer does a mail get? Values in, a verdict out; the order of the questions is the policy."""

from dataclasses import dataclass

from mailer.model import Disclosure, Level
from mailer.replies.authorise import authorise


@dataclass(frozen=True)
class Asked:
    """What is known when an answer is chosen."""

    intent: str
    level: Level
    senders: tuple[str, ...]
    order_address: str | None


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
    if not asked.senders:
        return NeedsPerson("the mail has no From address that could be answered")
    if asked.intent != "order_status":
        return NeedsPerson("no template answers this kind of mail yet")
    if asked.level == Level.LOW:
        return NeedsPerson("it may ask where an order is, but too little says so")
    if asked.order_address is None:
        return Answer("order_unknown", Disclosure.NONE)
    if authorise(asked.senders, asked.order_address) == Disclosure.ORDER:
        return Answer("order_status", Disclosure.ORDER)
    return Answer("order_unknown", Disclosure.NEUTRAL)
