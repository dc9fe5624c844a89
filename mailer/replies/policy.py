"""Which answer do the mails that wait get? Values in, a verdict out; the order of the questions is the policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mailer.model import CHANGES, Disclosure, Intent, Level, in_precedence
from mailer.replies.authorise import authorise

ORDER_UNKNOWN, CONFIRM_SENDER, HOLDING = "order_unknown", "confirm_sender", "holding"

# Nothing can be said to these without the order that they are about.
_ORDER_BOUND = frozenset(
    {
        Intent.CANCEL_ORDER,
        Intent.CHANGE_ORDER,
        Intent.DELIVERY_DELAY,
        Intent.DAMAGED_DEFECTIVE,
        Intent.WRONG_MISSING_ITEM,
        Intent.SIZE_NOT_FIT,
        Intent.RETURN_REFUND,
        Intent.EXCHANGE,
        Intent.REFUND_STATUS,
        Intent.ORDER_STATUS,
        Intent.INVOICE,
    }
)
# What anybody may ask, and hear all of.
_BEFORE_THE_ORDER = frozenset(
    {
        Intent.SIZE_QUESTION,
        Intent.STOCK,
        Intent.PRODUCT_QUESTION,
        Intent.COMBINED_SHIPPING,
        Intent.SHIPPING_QUESTION,
        Intent.CUSTOMS_TAX,
        Intent.DISCOUNT_PROMO,
        Intent.WEBSITE_SAFETY,
        Intent.WHOLESALE,
        Intent.REVIEW_RELATED,
        Intent.POSITIVE_FEEDBACK,
        Intent.ACCOUNT_HELP,
    }
)
# Why a person decides, whatever a template says.
_DELICATE = {
    Intent.COMPLAINT_DISPUTE: "a dispute: this only says who looks into it and by when",
    Intent.UNSUBSCRIBE_PRIVACY: "privacy: what is kept and what is erased is a person's decision",
    Intent.PAYMENT_ISSUE: "a payment: look at it in the shop before you agree to a word",
}
# The answer to the first says what the others would; a delay is no news to somebody who cancels.
_COVERS: Mapping[Intent, frozenset[Intent]] = {
    Intent.CANCEL_ORDER: frozenset({Intent.ORDER_STATUS, Intent.DELIVERY_DELAY}),
    Intent.DELIVERY_DELAY: frozenset({Intent.ORDER_STATUS}),
    Intent.DAMAGED_DEFECTIVE: frozenset({Intent.WRONG_MISSING_ITEM, Intent.RETURN_REFUND, Intent.EXCHANGE}),
    Intent.WRONG_MISSING_ITEM: frozenset({Intent.RETURN_REFUND, Intent.EXCHANGE}),
    Intent.SIZE_NOT_FIT: frozenset({Intent.RETURN_REFUND, Intent.EXCHANGE, Intent.SIZE_QUESTION}),
}
# Says of its own what refund_status would, unless that is plainly asked.
_TELL_OF_REFUNDS = frozenset({Intent.CANCEL_ORDER, Intent.RETURN_REFUND})
# Of an order that has come or was canceled these tell all that a status would.
_AFTER_DELIVERY = frozenset(
    {
        Intent.DAMAGED_DEFECTIVE,
        Intent.WRONG_MISSING_ITEM,
        Intent.SIZE_NOT_FIT,
        Intent.RETURN_REFUND,
        Intent.EXCHANGE,
        Intent.REFUND_STATUS,
    }
)
_MOST_BODIES = 3
_STATES_ON_THE_WAY = frozenset({None, "not_shipped", "in_transit", "canceled"})


@dataclass(frozen=True)
class Wish:
    """One intent of the mails that wait; `confirmed` when the mail that holds it is really from its sender."""

    intent: str
    level: Level = Level.HIGH
    confirmed: bool = False


@dataclass(frozen=True)
class Asked:
    """What is known when an answer is chosen."""

    wishes: tuple[Wish, ...]
    senders: tuple[str, ...]
    order_address: str | None = None
    order_state: str | None = None
    late: bool = False
    # Somebody who has an order, or whom we answered before.
    known: bool = False
    # The templates of which this conversation had an answer already.
    already: frozenset[str] = frozenset()
    # What it may be, the likeliest first, where nothing is sure.
    guesses: tuple[str, ...] = ()

    @property
    def sure(self) -> list[Wish]:
        """What is wanted likely enough to be answered, each intent once, in precedence."""
        return list(_sure(self.wishes).values())


@dataclass(frozen=True)
class Answer:
    """Draft from these templates, one after another; `disclosure` says whether the order's facts go in."""

    keys: tuple[str, ...]
    disclosure: Disclosure
    # What the agent is to know besides.
    note: str = ""


@dataclass(frozen=True)
class Holding:
    """Draft from these, but a person decides: they see the reason before they approve, and after it was sent."""

    keys: tuple[str, ...]
    reason: str
    disclosure: Disclosure


@dataclass(frozen=True)
class NeedsPerson:
    """No template fits; a person writes."""

    reason: str


@dataclass(frozen=True)
class Silent:
    """Nothing is answered, and the reason is shown."""

    reason: str


Verdict = Answer | Holding | NeedsPerson | Silent


def choose(asked: Asked) -> Verdict:
    """The answer to all mails of a conversation that wait."""
    if not asked.senders:
        return NeedsPerson("the mail has no From address that could be answered")
    sure = _sure(asked.wishes)
    if not sure:
        return NeedsPerson(_unsure(asked))
    if set(sure) == {Intent.SPAM_SALES}:
        return _of_spam(sure[Intent.SPAM_SALES], known=asked.known)
    return _of_wishes(asked, {intent: wish for intent, wish in sure.items() if intent is not Intent.SPAM_SALES})


def disclosure_of(senders: Iterable[str], order_address: str | None) -> Disclosure:
    """How much may be told to these senders of the order, if there is one."""
    return Disclosure.NONE if order_address is None else authorise(tuple(senders), order_address)


def speaks_of_orders(keys: Iterable[str]) -> bool:
    """Whether one of these templates is about an order that somebody has, and not only about what the shop offers."""
    return not set(keys) <= _BEFORE_THE_ORDER


def _sure(wishes: Iterable[Wish]) -> dict[Intent, Wish]:
    """What is wanted likely enough to be answered, in precedence; the surest word on each, and never less confirmed."""
    found: dict[Intent, Wish] = {}
    for wish in wishes:
        intent = Intent(wish.intent)
        if wish.level is Level.LOW or intent in (Intent.OTHER, Intent.AUTO_REPLY, Intent.BOUNCE):
            continue
        known = found.get(intent, wish)
        level = Level.HIGH if Level.HIGH in (known.level, wish.level) else Level.MEDIUM
        # One mail that nobody confirms is enough to ask.
        found[intent] = replace(wish, level=level, confirmed=known.confirmed and wish.confirmed)
    return {intent: found[intent] for intent in in_precedence(found)}


def _unsure(asked: Asked) -> str:
    if not asked.guesses:
        return "nothing in it says what it wants"
    return f"too little says what it wants; it may be: {', '.join(asked.guesses)}"


def _of_spam(wish: Wish, *, known: bool) -> NeedsPerson | Silent:
    """A customer is never silently treated as spam (PRODUCT, rule 9), nor is anybody on a mere likelihood."""
    if known:
        return NeedsPerson("it reads like an offer to the shop, but its sender is a customer: look yourself")
    if wish.level is not Level.HIGH:
        return NeedsPerson("it may be an offer to the shop, or a customer's mail: look yourself")
    return Silent("an offer to the shop from somebody who is no customer; it is not answered")


def _of_wishes(asked: Asked, sure: Mapping[Intent, Wish]) -> Verdict:
    if Intent.CANCEL_ORDER in sure and Intent.CHANGE_ORDER in sure:
        return NeedsPerson("it asks both to change and to cancel an order; read which of them is meant")
    disclosure = disclosure_of(asked.senders, asked.order_address)
    intents = _without_the_covered(sure, asked.order_state)
    keys = tuple(dict.fromkeys(_key(asked, sure[intent], disclosure) for intent in intents))
    if reason := _asked_before(keys, asked.already):
        return NeedsPerson(reason)
    delicate = [intent for intent in intents if intent in _DELICATE]
    if delicate:
        return _of_delicate(asked, sure, keys, delicate, disclosure)
    missing = Intent.DAMAGED_DEFECTIVE in intents and Intent.WRONG_MISSING_ITEM in sure
    note = _also([Intent.WRONG_MISSING_ITEM.value]) if missing else ""
    return Answer(keys[:_MOST_BODIES], disclosure, _sentence([note] if note else [], _left_out(keys)))


def _without_the_covered(sure: Mapping[Intent, Wish], order_state: str | None) -> list[Intent]:
    """Each intent that is answered by words of its own. Thanks are said by every opening."""
    covered = {one for intent in sure for one in _COVERS.get(intent, ())}
    refund = sure.get(Intent.REFUND_STATUS)
    if refund is not None and refund.level is not Level.HIGH and _TELL_OF_REFUNDS & set(sure):
        covered.add(Intent.REFUND_STATUS)
    if order_state in ("delivered", "canceled") and _AFTER_DELIVERY & set(sure):
        covered.add(Intent.ORDER_STATUS)
        delay = sure.get(Intent.DELIVERY_DELAY)
        # What has come may still be called late, in passing, by somebody who plainly wants something else.
        if (
            delay is not None
            and delay.level is not Level.HIGH
            and any(one.level is Level.HIGH for one in sure.values())
        ):
            covered.add(Intent.DELIVERY_DELAY)
    if len(sure) > 1:
        covered.add(Intent.POSITIVE_FEEDBACK)
    return [intent for intent in sure if intent not in covered]


def _key(asked: Asked, wish: Wish, disclosure: Disclosure) -> str:
    """The template for one wish."""
    intent = Intent(wish.intent)
    told = disclosure is Disclosure.ORDER
    if intent in _ORDER_BOUND and not told:
        return ORDER_UNKNOWN
    if intent in CHANGES and not wish.confirmed:
        if told:
            return CONFIRM_SENDER
        # Of somebody without an order there is nothing to change; what is erased is another matter.
        return HOLDING if intent is Intent.UNSUBSCRIBE_PRIVACY else intent.value
    return _by_state(intent, asked) if told else intent.value


def _by_state(intent: Intent, asked: Asked) -> str:
    """Whether a parcel is late is not for the words to say: the order knows better."""
    if intent is Intent.ORDER_STATUS and asked.late:
        return Intent.DELIVERY_DELAY.value
    if intent is Intent.DELIVERY_DELAY and not asked.late and asked.order_state in _STATES_ON_THE_WAY:
        return Intent.ORDER_STATUS.value
    return intent.value


def _asked_before(keys: Iterable[str], already: Iterable[str]) -> str:
    again = {*keys} & {*already}
    if ORDER_UNKNOWN in again:
        return "we asked for the order already, and no order of this sender's was found since"
    if CONFIRM_SENDER in again:
        return "we asked the sender to confirm already, and nothing confirms this mail: change nothing on its word"
    return ""


def _of_delicate(
    asked: Asked, sure: Mapping[Intent, Wish], keys: tuple[str, ...], delicate: list[Intent], disclosure: Disclosure
) -> Holding:
    reasons = [_DELICATE[intent] for intent in delicate]
    if any(intent in CHANGES and not sure[intent].confirmed for intent in sure):
        reasons.append("nothing confirms the sender: change nothing on this mail's word alone")
    if Intent.COMPLAINT_DISPUTE in delicate:
        # Nothing else is said to somebody who quarrels before a person has read it all.
        others = [intent.value for intent in sure if intent is not Intent.COMPLAINT_DISPUTE]
        return Holding((Intent.COMPLAINT_DISPUTE.value,), _sentence(reasons, _also(others)), disclosure)
    return Holding(keys[:_MOST_BODIES], _sentence(reasons, _left_out(keys)), disclosure)


def _left_out(keys: tuple[str, ...]) -> str:
    """Four answers in one mail are none; a person adds what is missing."""
    return f"{_also(keys[_MOST_BODIES:])}; the draft leaves that to you" if len(keys) > _MOST_BODIES else ""


def _also(intents: Iterable[str]) -> str:
    words = ", ".join(one.replace("_", " ") for one in intents)
    return f"it also asks about: {words}" if words else ""


def _sentence(reasons: list[str], note: str) -> str:
    return "; ".join([*reasons, note] if note else reasons)
