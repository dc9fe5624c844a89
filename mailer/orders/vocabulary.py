"""The carriers' words in our vocabulary (PROVIDERS 2.8), and which of two observations tells where a parcel is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mailer.model.order import ParcelState

# Shopify's events (PROVIDERS 2.1) beside our own words.
WORDS: dict[str, ParcelState] = {
    **{state.value: state for state in ParcelState},
    "label_purchased": ParcelState.LABEL,
    "label_printed": ParcelState.LABEL,
    "confirmed": ParcelState.LABEL,
    "carrier_picked_up": ParcelState.PICKED_UP,
    "attempted_delivery": ParcelState.ATTEMPT_FAILED,
    "ready_for_pickup": ParcelState.PICKUP_READY,
    "ready_for_recipient_pickup": ParcelState.PICKUP_READY,
    "returning_to_sender": ParcelState.RETURNING,
    "returned": ParcelState.RETURNING,
    "failure": ParcelState.LOST,
    "damaged": ParcelState.LOST,
}

_NEVER = datetime.min.replace(tzinfo=UTC)
_RANKS = {state: rank for rank, state in enumerate(ParcelState)}


@dataclass(frozen=True)
class Observation:
    """A parcel was in this state at this moment; no moment means that nobody said so."""

    state: ParcelState
    at: datetime | None


def state_of(word: str) -> ParcelState:
    """Our state for a carrier's word. Carriers invent words, so an unknown one means that the parcel moves."""
    return WORDS.get(word.strip().lower().replace(" ", "_").replace("-", "_"), ParcelState.IN_TRANSIT)


def later(one: Observation, other: Observation) -> Observation:
    """Which of two observations stands: delivered is final, else the newer, and at the same moment the higher rank.

    The order in which they are compared does not matter, so scans may come late, shuffled and twice.
    """
    if one.at is None or other.at is None:
        return other if one.at is None else one
    older, newer = sorted((one, other), key=lambda each: (each.at or _NEVER, _RANKS[each.state]))
    return older if older.state is ParcelState.DELIVERED else newer
