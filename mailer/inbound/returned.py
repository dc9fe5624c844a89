"""The mail that a report gives back: its own headers, and where in a text it begins."""

from collections.abc import Sequence

from mailer.inbound.headers import addresses, identifiers
from mailer.inbound.kind_words import says
from mailer.inbound.shape import Shape

_MAX_LINES = 2_000
_MAX_LINE = 1_000
_TYPES = ("message/rfc822", "message/rfc822-headers", "text/rfc822-headers", "message/global",
          "message/global-headers", "text/rfc822")  # fmt: skip
_NAMES = {
    "return-path", "received", "message-id", "from", "to", "subject", "date", "mime-version", "content-type", "cc",
    "x-mailer", "reply-to", "sender", "dkim-signature", "content-transfer-encoding", "x-priority", "in-reply-to",
    "references", "delivered-to", "x-originating-ip", "authentication-results", "errors-to", "precedence", "list-id",
    "thread-index", "thread-topic", "importance", "x-received", "arc-seal",
}  # fmt: skip


def lines_of(text: str) -> list[str]:
    """The lines of a text, as many and as long as a rule may look at."""
    return [line[:_MAX_LINE].rstrip() for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]]


def split_copy(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the server says, and the copy of the mail that some append to it."""
    for number, line in enumerate(lines):
        if _announces_copy(line) or _header_count(lines, number) >= 3:
            return list(lines[:number]), list(lines[number:])
    return list(lines), []


def _announces_copy(line: str) -> bool:
    low = line.strip(" >*|").lower()
    if not low.startswith(("-", "=", "_", "~", "+")) and not low.endswith(":"):
        return False
    return len(low) < 120 and says(low, "bounce", "copy") and not says(low, "bounce", "listing")


def _header_count(lines: Sequence[str], start: int) -> int:
    """How many of the lines from here on are headers of a mail; continuation lines do not count."""
    # Servers indent the few headers with which they say which mail they mean.
    if lines[start].startswith((" ", "\t")) or header_name(lines[start]) not in _NAMES:
        return 0
    names = set()
    for line in lines[start : start + 12]:
        name = header_name(line)
        if not name and not line.startswith((" ", "\t")):
            break
        names.add(name)
    return len(names & _NAMES) if names & {"received", "message-id", "return-path", "date", "mime-version"} else 0


def header_name(line: str) -> str:
    """The name of a header line, in lower case; empty when it is none."""
    name, colon, _ = line.lstrip(" >|").partition(":")
    return name.lower() if colon and 0 < len(name) < 40 and " " not in name and "@" not in name else ""


class Returned:
    """The headers of the returned mail, wherever the report keeps them."""

    def __init__(self, shape: Shape, copies: Sequence[Sequence[str]] = ()) -> None:
        self._fields: dict[str, str] = {}
        for piece in shape.of_type(*_TYPES):
            self._read(lines_of(piece.text))
        for copy in copies:
            self._read(copy)

    def _read(self, lines: Sequence[str]) -> None:
        last = ""
        for line in lines:
            name = header_name(line)
            if line.startswith((" ", "\t")) and last and not name:
                self._fields[last] = f"{self._fields[last]} {line.strip()}"[:4_000]
            elif name in _NAMES or name.startswith("x-"):
                last = name if name not in self._fields else ""
                self._fields.setdefault(name, line.partition(":")[2].strip())
            else:
                last = ""

    def __bool__(self) -> bool:
        return bool(self._fields)

    def value(self, name: str) -> str:
        """A header of the returned mail."""
        return self._fields.get(name, "")

    @property
    def message_id(self) -> str:
        """Its Message-ID, with angle brackets."""
        return next(iter(identifiers(self.value("message-id"))), "")

    @property
    def senders(self) -> frozenset[str]:
        """Who sent it: never the ones who failed."""
        values = [self.value(name) for name in ("from", "return-path", "sender", "reply-to", "errors-to")]
        return frozenset(one.address for one in addresses(values))

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom it was for."""
        return tuple(one.address for one in addresses([self.value("to"), self.value("cc")]))
