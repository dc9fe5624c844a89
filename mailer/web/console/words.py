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
    Tab.TO_APPROVE: N_("To approve"),
    Tab.NEEDS_FACTS: N_("Needs facts"),
    Tab.NEEDS_PERSON: N_("Needs a person"),
    Tab.ON_ITS_WAY: N_("On its way"),
    Tab.WAITING: N_("Waiting"),
    Tab.SNOOZED: N_("Snoozed"),
    Tab.SENT: N_("Sent"),
    Tab.FAILED: N_("Failed or unknown"),
    Tab.QUARANTINE: N_("Quarantine"),
    Tab.CLOSED: N_("Closed"),
}

EMPTY = {
    Tab.TO_APPROVE: N_("No draft waits for you. New ones appear here by themselves."),
    Tab.NEEDS_FACTS: N_("No answer lacks a fact that you could add."),
    Tab.NEEDS_PERSON: N_("No mail waits for a person's own words."),
    Tab.ON_ITS_WAY: N_("No approved reply is on its way."),
    Tab.WAITING: N_("We wait for no customer's answer."),
    Tab.SNOOZED: N_("Nothing is put aside."),
    Tab.SENT: N_("No conversation is answered and at rest."),
    Tab.FAILED: N_("Every approved reply was accepted, or is on its way."),
    Tab.QUARANTINE: N_("Every mail could be read."),
    Tab.CLOSED: N_("Nothing is closed yet."),
}

FAULTS = {
    Fault.WRONG_INTENT: N_("wrong intent"),
    Fault.WRONG_FACTS: N_("wrong facts"),
    Fault.TONE: N_("tone"),
    Fault.OWN_WORDS: N_("needs my own words"),
    Fault.NO_ANSWER: N_("no answer needed: close"),
}

PARCEL = {
    ParcelState.LABEL: N_("label made, not with the carrier yet"),
    ParcelState.PICKED_UP: N_("picked up"),
    ParcelState.IN_TRANSIT: N_("in transit"),
    ParcelState.CUSTOMS: N_("at customs"),
    ParcelState.OUT_FOR_DELIVERY: N_("out for delivery"),
    ParcelState.ATTEMPT_FAILED: N_("nobody was there"),
    ParcelState.PICKUP_READY: N_("ready to be fetched"),
    ParcelState.DELAYED: N_("delayed"),
    ParcelState.RETURNING: N_("on its way back to us"),
    ParcelState.LOST: N_("lost or damaged"),
    ParcelState.DELIVERED: N_("delivered"),
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
    ASSIGNED = "assigned"
    TOLD = "told"
    SETTLED = "settled"
    DECLARED = "declared"
    KEPT_TEXT = "kept_text"
    RETURN_CHANGED = "return_changed"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    CLOSED = "closed"
    PENDING_AGAIN = "pending_again"
    DRAFTED = "drafted"

    @property
    def words(self) -> str:
        """For the person who did it."""
        return _NOTICES[self]


_NOTICES = {
    Notice.EDITED: N_("Saved. Nothing is sent before somebody approves it."),
    Notice.DRAFTED: N_("Drafted as things are now. What a person wrote before is kept below."),
    Notice.DISMISSED: N_("Draft rejected. The conversation now needs a person."),
    Notice.UNDONE: N_("Taken back in time, nothing was sent."),
    Notice.WRITTEN: N_("Your reply is a draft now. Approve it to send it."),
    Notice.ARRIVED: N_("Noted: the reply arrived."),
    Notice.AGAIN: N_("The reply is queued again."),
    Notice.RETRIED: N_("Read or fetched again now; what still cannot be read comes back here with its reason."),
    Notice.WHOLE: N_("The rest of the mail is fetched in the next round."),
    Notice.REGROUPED: N_("The mails were moved."),
    Notice.NOTED: N_("Your note is kept. Customers never see it."),
    Notice.NOTE_REMOVED: N_("Your note is gone."),
    Notice.STOPPED: N_("Nothing is sent any more, until somebody lets it go on."),
    Notice.RESUMED: N_("Mails go out again."),
    Notice.ANYWAY: N_("It goes nevertheless; your reason is kept."),
    Notice.GIVEN_UP: N_("Given up. It stays listed under its state."),
    Notice.HELD: N_("Held until somebody releases it."),
    Notice.RELEASED: N_("Released; what else speaks against it is asked again."),
    Notice.WITHDRAWN: N_("It is never sent. Its conversation needs a person."),
    Notice.TOLD: N_("Their customers are told by the flow for delays, if it is live."),
    Notice.SETTLED: N_("Settled; what it held goes on."),
    Notice.DECLARED: N_("Declared. Write below what its customers are told."),
    Notice.KEPT_TEXT: N_("The text is kept; nothing is sent."),
    Notice.RETURN_CHANGED: N_("Noted; the customer is told by the flow for returns, if it is live."),
    Notice.SPREAD: N_("Automatic mails go again, one after the other."),
    Notice.ASSIGNED: N_("Noted whose it is."),
    Notice.SNOOZED: N_("Put aside; it comes back by itself."),
    Notice.WOKEN: N_("It waits for you again."),
    Notice.CLOSED: N_("Closed: nothing is sent."),
    Notice.PENDING_AGAIN: N_("Taken back: the draft waits again."),
    Notice.CORRECTED: N_("Noted. The answer is drafted anew; what a person wrote is kept."),
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
            return Standing(N_("deferred, next try at"), Tone.WAIT, delivery.next_attempt_at, delivery.reason)
        case DeliveryState.UNKNOWN:
            words = N_("unknown: the relay may have it")
            return Standing(words, Tone.BAD, delivery.settled_at, delivery.reason, may_decide=True)
        case state:
            words, tone = _STANDINGS[state]
            return Standing(words, tone, delivery.settled_at, delivery.reason)


_STANDINGS = {
    DeliveryState.QUEUED: (N_("queued"), Tone.WAIT),
    DeliveryState.SENDING: (N_("being offered to the relay"), Tone.WAIT),
    DeliveryState.HANDING_OVER: (N_("being handed over to the relay"), Tone.WAIT),
    DeliveryState.SENT: (N_("accepted by the relay"), Tone.GOOD),
    DeliveryState.FAILED: (N_("failed, the customer does not have it"), Tone.BAD),
    DeliveryState.WITHHELD: (N_("withheld, not sent"), Tone.BAD),
    DeliveryState.CANCELED: (N_("taken back, not sent"), Tone.CALM),
    DeliveryState.EXPIRED: (N_("expired, not sent"), Tone.BAD),
    DeliveryState.HELD: (N_("stopped by a person, not sent"), Tone.WAIT),
    DeliveryState.BOUNCED: (N_("bounced, the customer does not have it"), Tone.BAD),
    DeliveryState.COMPLAINED: (N_("called spam by the recipient"), Tone.BAD),
}


def _held_for_undo(delivery: Delivery, now: datetime) -> Standing:
    if delivery.undo_until is None or now >= delivery.undo_until:
        return Standing(N_("about to be queued"), Tone.WAIT)
    return Standing(N_("held, undo until"), Tone.WAIT, delivery.undo_until, may_undo=True)


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
