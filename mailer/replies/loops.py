"""May a machine answer this mail? Five stops, each of which holds when the other four fail (FAILURES D6).

Two stand on what the mail says of itself, and are read here from its own bytes, apart from what `inbound` made of it:
a mistake there must not open a loop.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_LARGEST_HEADER = 256_000
_DAEMONS = frozenset(
    {"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce", "bounces", "nobody"}
)
_LOOP_MARK = "mailer"


class Stop(StrEnum):
    """What may keep an acknowledgement back."""

    AUTOMATIC_MAIL = "automatic_mail"
    NULL_SENDER = "null_sender"
    OWN_MARK = "own_mark"
    PER_ADDRESS = "per_address"
    PER_CONVERSATION = "per_conversation"
    IN_ALL = "in_all"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Switches:
    """Which stops are on; the caps count automatic mails, 0 is no cap. [replies.stops] in config.toml."""

    automatic_mail: bool = True
    null_sender: bool = True
    own_mark: bool = True
    per_address_day: int = 2
    per_address_week: int = 5
    per_conversation: int = 1
    in_all_per_hour: int = 100


@dataclass(frozen=True)
class Marks:
    """What a mail's header says that speaks against any automatic answer."""

    null_sender: bool = False
    ours: bool = False


@dataclass(frozen=True)
class Sent:
    """How many automatic mails went already."""

    to_address_in_a_day: int = 0
    to_address_in_a_week: int = 0
    in_conversation: int = 0
    in_all_in_an_hour: int = 0


@dataclass(frozen=True)
class Asking:
    """A mail that might be acknowledged."""

    senders: tuple[str, ...]
    may_auto_answer: bool
    dmarc: str = "none"
    # Somebody whom we answered before, or who has an order.
    known: bool = False
    marks: Marks = Marks()
    sent: Sent = field(default_factory=Sent)


def stops(mail: Asking, own: Collection[str], switches: Switches) -> list[tuple[Stop, str]]:
    """Every stop that speaks against an automatic answer, with its reason; empty when it may go."""
    return [*_by_kind(mail, own, switches), *_by_count(mail.sent, switches), *_by_trust(mail)]


def marks(raw: bytes) -> Marks:
    """Read a mail's header for a null return path, a daemon's, and our own mark."""
    found = dict(_fields(raw))
    return Marks(
        null_sender=found.get("return-path", "").replace(" ", "") == "<>",
        ours=_LOOP_MARK in found.get("x-loop", "").lower().split(),
    )


def _by_kind(mail: Asking, own: Collection[str], switches: Switches) -> Iterator[tuple[Stop, str]]:
    if switches.automatic_mail and not mail.may_auto_answer:
        yield Stop.AUTOMATIC_MAIL, "a machine or a list wrote it, or asked for no automatic answer"
    daemons = [one for one in mail.senders if one.partition("@")[0].lower() in _DAEMONS]
    if switches.null_sender and (mail.marks.null_sender or daemons):
        yield Stop.NULL_SENDER, "its return path is null, or its sender is a daemon that reads no answer"
    ours = [one for one in mail.senders if one.lower() in own]
    if switches.own_mark and (mail.marks.ours or ours):
        yield Stop.OWN_MARK, "it comes from one of our own addresses, or bears the mark of our automatic mails"


def _by_count(sent: Sent, switches: Switches) -> Iterator[tuple[Stop, str]]:
    if _reached(sent.to_address_in_a_day, switches.per_address_day):
        yield Stop.PER_ADDRESS, f"{sent.to_address_in_a_day} automatic mails went to this address in 24 hours"
    elif _reached(sent.to_address_in_a_week, switches.per_address_week):
        yield Stop.PER_ADDRESS, f"{sent.to_address_in_a_week} automatic mails went to this address in seven days"
    if _reached(sent.in_conversation, switches.per_conversation):
        yield Stop.PER_CONVERSATION, f"{sent.in_conversation} automatic mails went in this conversation"
    if _reached(sent.in_all_in_an_hour, switches.in_all_per_hour):
        yield Stop.IN_ALL, f"{sent.in_all_in_an_hour} automatic mails went in the last hour"


def _by_trust(mail: Asking) -> Iterator[tuple[Stop, str]]:
    """A forged From must not make us write to its victim (FAILURES D10)."""
    if len(mail.senders) != 1:
        yield Stop.STRANGER, "it has no single sender"
    elif not mail.known and mail.dmarc != "pass":
        yield Stop.STRANGER, "nobody vouches for its sender (DMARC), who has no order and had no answer from us before"


def _reached(count: int, cap: int) -> bool:
    return cap > 0 and count >= cap


def _fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """Names in lower case and values of the header, the last of each name first in a dict: a copy cannot hide one."""
    head = raw[:_LARGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    lines = head.replace(b"\n ", b" ").replace(b"\n\t", b" ").decode("latin-1").split("\n")
    for line in reversed(lines):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()
