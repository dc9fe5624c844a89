"""The names that conditions may read. Each has a value always: what is not known is None, what is not true False."""

from collections.abc import Mapping
from typing import Any

from mailer.flows.events import EVENTS

# What stands for a name that nobody knows the value of.
NAMES: Mapping[str, Mapping[str, Any]] = {
    "customer": {
        "mailable": False,
        "address_known": False,
        "language": None,
        "country": None,
        "orders": 0,
        "marketing_consent": False,
    },
    "order": {
        "number": None,
        "source": None,
        "country": None,
        "state": None,
        "total": None,
        "refunded": False,
        "partly_refunded": False,
        "canceled": False,
        "marketplace": False,
        "home": False,
        "test": False,
    },
    "shipment": {"state": None, "carrier": None, "number": None},
    "delay": {"kind": None, "needs_person": False, "days_late": None},
    "conversation": {"answered": False},
    "return": {"state": None, "keep": False},
    "run": {"rated": False, "value": None, "replied": False, "reviewed": False, "stars": None, "chosen": None},
}


def data_names(kind: str) -> frozenset[str]:
    """What conditions may read as `event.NAME` in a flow that this kind of Event triggers."""
    known = EVENTS.get(kind)
    return known.data if known else frozenset()


def condition_values(
    given: Mapping[str, Mapping[str, Any]], event: str = "", data: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Everything that conditions may read, from what is known of each group ("order", "run") and an Event's data.

    Raises ValueError for a name that no condition could read.
    """
    strange = [f"{group}.{name}" for group, told in given.items() for name in told if name not in NAMES.get(group, {})]
    if strange:
        raise ValueError(f"no condition reads {', '.join(strange)}")
    values = {group: {**names, **given.get(group, {})} for group, names in NAMES.items()}
    values["order"]["total"] = _number(values["order"]["total"])
    values["event"] = {**dict.fromkeys(data_names(event)), **(data or {})}
    return values


def run_after(run: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What came back to a passage so far, after this Event: the values of `run.NAME`."""
    match kind:
        case "rating.received" | "rating.low":
            told = {"rated": True, "value": data.get("value")}
        case "review.received":
            told = {"reviewed": True, "stars": data.get("stars")}
        case "mail.replied":
            told = {"replied": True}
        case "choice.made":
            told = {"chosen": data.get("answer")}
        case _:
            told = {}
    return {**run, **told}


def _number(amount: Any) -> float | None:
    """Orders keep amounts as text; conditions compare numbers."""
    try:
        return None if amount is None else float(amount)
    except (TypeError, ValueError):
        return None
