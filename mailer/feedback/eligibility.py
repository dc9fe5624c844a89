"""May this come back? The shop's rule for returns, on values: days since delivery, warranty, worth.

A rule never refuses: what it does not allow, or cannot tell, a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

REASONS = (
    "too_small",
    "too_large",
    "defective",
    "damaged",
    "not_as_described",
    "wrong_item",
    "missing_item",
    "unwanted",
    "late",
    "other",
)
# What is wrong by our doing: also after the days in which everybody may change their mind.
OUR_FAULTS = frozenset({"defective", "damaged", "not_as_described", "wrong_item", "missing_item"})
WISHES = ("refund", "exchange", "repair", "voucher")
_DAYS_A_MONTH = 30.44


@dataclass(frozen=True)
class Rules:
    """What config.toml says for the country of an order; None where it says nothing."""

    days: int | None = None
    warranty_months: int | None = None
    keep_below: Decimal | None = None
    agree_below: Decimal = Decimal(0)
    send_to: str = ""
    label_url: str = ""


@dataclass(frozen=True)
class Wanted:
    """One item that somebody wants to send back; `price` of one piece, None when nobody knows it."""

    reason: str
    quantity: int
    price: Decimal | None


class Window(StrEnum):
    """In which time of its life an order is."""

    OPEN = "open"  # everything may come back
    WARRANTY = "warranty"  # only what is our fault
    OVER = "over"  # nothing by rule; a person may still be kind
    UNKNOWN = "unknown"  # not delivered as far as we know, or no rule for the country


@dataclass(frozen=True)
class Verdict:
    """`agreed`: the rule says yes and no person is needed. `why` is for the agent, where one is."""

    agreed: bool
    keep: bool
    why: str = ""


def last_day(rules: Rules, delivered_on: date | None) -> date | None:
    """The last day on which anything may come back; None when that cannot be told."""
    if delivered_on is None or rules.days is None:
        return None
    return delivered_on + timedelta(days=rules.days)


def warranty_until(rules: Rules, delivered_on: date | None) -> date | None:
    """The last day on which a defect is our business; None when that cannot be told."""
    if delivered_on is None or rules.warranty_months is None:
        return None
    return delivered_on + timedelta(days=round(rules.warranty_months * _DAYS_A_MONTH))


def window(rules: Rules, delivered_on: date | None, today: date) -> Window:
    """Where an order stands today."""
    until, warranty = last_day(rules, delivered_on), warranty_until(rules, delivered_on)
    if until is None:
        return Window.UNKNOWN
    if today <= until:
        return Window.OPEN
    return Window.WARRANTY if warranty is not None and today <= warranty else Window.OVER


def judge(rules: Rules, items: Sequence[Wanted], wish: str, delivered_on: date | None, today: date) -> Verdict:
    """Whether the rule agrees by itself. Worth is of all items together."""
    worth = worth_of(items)
    keep = worth is not None and rules.keep_below is not None and Decimal(0) < worth < rules.keep_below
    # Nobody keeps what they want repaired or exchanged for being the wrong one.
    keep = keep and wish in ("refund", "voucher")
    doubt = _doubt(rules, items, wish, worth, window(rules, delivered_on, today))
    return Verdict(not doubt, keep, doubt)


def worth_of(items: Sequence[Wanted]) -> Decimal | None:
    """What the items cost together; None when the price of one is not known."""
    prices = [item.price * item.quantity for item in items if item.price is not None]
    return sum(prices, Decimal(0)) if len(prices) == len(items) else None


def _doubt(rules: Rules, items: Sequence[Wanted], wish: str, worth: Decimal | None, where: Window) -> str:
    doubts = {
        "no day of delivery is known, or config.toml has no `days` for this country": where is Window.UNKNOWN,
        "the days for returns and the warranty are over": where is Window.OVER,
        "the days for returns are over, and not every item has a defect": where is Window.WARRANTY
        and not all(item.reason in OUR_FAULTS for item in items),
        "a repair needs somebody who looks at it": wish == "repair",
        "the price of an item is not known": worth is None,
        f"it is worth {worth}, and [feedback] agree_below is {rules.agree_below}": worth is not None
        and worth >= rules.agree_below,
    }
    return "; ".join(words for words, is_so in doubts.items() if is_so)
