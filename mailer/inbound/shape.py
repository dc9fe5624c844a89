"""What the rules about kinds of mail look at: headers, senders, and the leaves of the tree as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class MailKind(StrEnum):
    """What a mail is; only a bounce, a complaint and an auto-reply were surely written by a machine."""

    PERSON = "person"  # somebody, or something that gives no sign of being a machine
    AUTO_REPLY = "auto_reply"  # a machine answered or notified
    BOUNCE = "bounce"  # a server says what became of a mail
    COMPLAINT = "complaint"  # a spam report
    LIST = "list"  # a list, group or bulk mail; behind it may be a customer


@dataclass(frozen=True)
class Piece:
    """One leaf: a text (of HTML what is visible), or a report or returned mail as it came, its header lines first."""

    content_type: str
    text: str
    attached: bool = False


@dataclass(frozen=True)
class Shape:
    """A mail to judge. Header names are in lower case, values unfolded; sender addresses are in lower case."""

    headers: tuple[tuple[str, str], ...]
    subject: str
    senders: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @cached_property
    def first(self) -> dict[str, str]:
        """The first value of each header."""
        return dict(reversed(self.headers))

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return self.first.get(name, "").strip()

    def of_type(self, *types: str) -> Iterator[Piece]:
        """The leaves of these content types, in order."""
        return (piece for piece in self.pieces if piece.content_type in types)
