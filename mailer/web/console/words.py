"""States, facts and what was just done, as sentences. They say no more than the row knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailer.model import Delivery, DeliveryState, Fault, ParcelState
from mailer.replies.queue import Tab
from mailer.web.languages import N_

TABS = {
    Tab.TO_APPROVE: "To approve",
    Tab.NEEDS_PERSON: "Needs a person",
    Tab.ON_ITS_WAY: "On its way",
    Tab.WAITING: "Waiting",
    Tab.SNOOZED: "Snoozed",
    Tab.FAILED: "Failed or unknown",
    Tab.QUARANTINE: "Quarantine",
    Tab.CLOSED: "Closed",
}

EMPTY = {
    Tab.TO_APPROVE: "No draft waits for you. New ones appear here by themselves.",
    Tab.NEEDS_PERSON: "No mail waits for a person's own words.",
    Tab.ON_ITS_WAY: "No approved reply is on its way.",
    Tab.WAITING: "No conversation waits for its customer.",
    Tab.SNOOZED: "Nothing is put aside.",
    Tab.FAILED: "Every approved reply was accepted, or is on its way.",
    Tab.QUARANTINE: "Every mail could be read.",
    Tab.CLOSED: "Nothing is closed yet.",
}

FAULTS = {
    Fault.WRONG_INTENT: N_("wrong intent"),
    Fault.WRONG_FACTS: N_("wrong facts"),
    Fault.TONE: N_("tone"),
    Fault.OWN_WORDS: N_("needs my own words"),
    Fault.NO_ANSWER: N_("no answer needed: close"),
}

PARCEL = {
    ParcelState.LABEL: "label made, not with the carrier yet",
    ParcelState.PICKED_UP: "picked up",
    ParcelState.IN_TRANSIT: "in transit",
    ParcelState.CUSTOMS: "at customs",
    ParcelState.OUT_FOR_DELIVERY: "out for delivery",
    ParcelState.ATTEMPT_FAILED: "nobody was there",
    ParcelState.PICKUP_READY: "ready to be fetched",
    ParcelState.DELAYED: "delayed",
    ParcelState.RETURNING: "on its way back to us",
    ParcelState.LOST: "lost or damaged",
    ParcelState.DELIVERED: "delivered",
}


class Notice(StrEnum):
    """What was just done."""

    EDITED = "edited"
    DISMISSED = "dismissed"
    UNDONE = "undone"
    WRITTEN = "written"
    ARRIVED = "arrived"
    AGAIN = "again"
    RETRIED = "retried"
    WHOLE = "whole"
    REGROUPED = "regrouped"
    CORRECTED = "corrected"
    NOTED = "noted"
    NOTE_REMOVED = "note_removed"
    STOPPED = "stopped"
    RESUMED = "resumed"
    ANYWAY = "anyway"
    GIVEN_UP = "given_up"
    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    SPREAD = "spread"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    CLOSED = "closed"
    PENDING_AGAIN = "pending_again"

    @property
    def words(self) -> str:
        """For the person who did it."""
        return _NOTICES[self]


_NOTICES = {
    Notice.EDITED: "Saved. Nothing is sent before somebody approves it.",
    Notice.DISMISSED: "Draft rejected. The conversation now needs a person.",
    Notice.UNDONE: "Taken back in time, nothing was sent.",
    Notice.WRITTEN: "Your reply is a draft now. Approve it to send it.",
    Notice.ARRIVED: "Noted: the reply arrived.",
    Notice.AGAIN: "The reply is queued again.",
    Notice.RETRIED: N_("Read or fetched again now; what still cannot be read comes back here with its reason."),
    Notice.WHOLE: "The rest of the mail is fetched in the next round.",
    Notice.REGROUPED: "The mails were moved.",
    Notice.NOTED: "Your note is kept. Customers never see it.",
    Notice.NOTE_REMOVED: "Your note is gone.",
    Notice.STOPPED: "Nothing is sent any more, until somebody lets it go on.",
    Notice.RESUMED: "Mails go out again.",
    Notice.ANYWAY: N_("It goes nevertheless; your reason is kept."),
    Notice.GIVEN_UP: N_("Given up. It stays listed under its state."),
    Notice.HELD: N_("Held until somebody releases it."),
    Notice.RELEASED: N_("Released; what else speaks against it is asked again."),
    Notice.WITHDRAWN: N_("It is never sent. Its conversation needs a person."),
    Notice.SPREAD: N_("Automatic mails go again, one after the other."),
    Notice.SNOOZED: N_("Put aside; it comes back by itself."),
    Notice.WOKEN: N_("It waits for you again."),
    Notice.CLOSED: N_("Closed: nothing is sent."),
    Notice.PENDING_AGAIN: N_("Taken back: the draft waits again."),
    Notice.CORRECTED: "Noted. The answer is drafted anew; what a person wrote is kept.",
}


class Tone(StrEnum):
    """How a state is marked, beside its words."""

    CALM = "calm"
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


@dataclass(frozen=True)
class Standing:
    """Where a reply is, in words; `until` and `at` are shown in the shop's zone."""

    words: str
    tone: Tone
    at: datetime | None = None
    reason: str = ""
    may_undo: bool = False
    may_decide: bool = False


def standing(delivery: Delivery, now: datetime) -> Standing:
    """How far a reply got, never more certain than we are."""
    match delivery.state:
        case DeliveryState.UNDOABLE:
            return _held_for_undo(delivery, now)
        case DeliveryState.QUEUED if delivery.attempt:
            return Standing("deferred, next try at", Tone.WAIT, delivery.next_attempt_at, delivery.reason)
        case DeliveryState.UNKNOWN:
            words = "unknown: the relay may have it"
            return Standing(words, Tone.BAD, delivery.settled_at, delivery.reason, may_decide=True)
        case state:
            words, tone = _STANDINGS[state]
            return Standing(words, tone, delivery.settled_at, delivery.reason)


_STANDINGS = {
    DeliveryState.QUEUED: ("queued", Tone.WAIT),
    DeliveryState.SENDING: ("being offered to the relay", Tone.WAIT),
    DeliveryState.HANDING_OVER: ("being handed over to the relay", Tone.WAIT),
    DeliveryState.SENT: ("accepted by the relay", Tone.GOOD),
    DeliveryState.FAILED: ("failed, the customer does not have it", Tone.BAD),
    DeliveryState.WITHHELD: ("withheld, not sent", Tone.BAD),
    DeliveryState.CANCELED: ("taken back, not sent", Tone.CALM),
    DeliveryState.EXPIRED: ("expired, not sent", Tone.BAD),
    DeliveryState.HELD: ("stopped by a person, not sent", Tone.WAIT),
    DeliveryState.BOUNCED: ("bounced, the customer does not have it", Tone.BAD),
    DeliveryState.COMPLAINED: ("called spam by the recipient", Tone.BAD),
}


def _held_for_undo(delivery: Delivery, now: datetime) -> Standing:
    if delivery.undo_until is None or now >= delivery.undo_until:
        return Standing("about to be queued", Tone.WAIT)
    return Standing("held, undo until", Tone.WAIT, delivery.undo_until, may_undo=True)


@dataclass(frozen=True)
class Fact:
    """One value that a draft stands on."""

    name: str
    value: str


@dataclass(frozen=True)
class Told:
    """What one source said at one time."""

    source: str
    at: datetime
    facts: list[Fact]


def told(stored: Mapping[str, Mapping[str, Any]]) -> list[Told]:
    """The facts that a draft keeps, with names for reading, under whoever said them."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for path, entry in stored.items():
        fact = Fact(fact_name(path), str(entry["value"]))
        found.setdefault((entry["source"], entry["at"]), []).append(fact)
    return [Told(source, datetime.fromisoformat(at), facts) for (source, at), facts in found.items()]


def fact_name(path: str) -> str:
    """As in `parcel 1 expected on` for `parcels.0.expected_on`."""
    parts = path.replace("_", " ").split(".")
    if len(parts) == 3 and parts[1].isdecimal():
        parts = [parts[0].removesuffix("s"), str(int(parts[1]) + 1), parts[2]]
    return " ".join(parts)
