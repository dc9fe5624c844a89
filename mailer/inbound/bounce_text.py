"""Reports of servers that do not follow RFC 3464: found by what they have in common, not server by server.

A report comes from a daemon or has no return path, says in its subject or first sentences that something was not
delivered, names the failed address near the reason, and appends the returned mail. Lines are looked at one by one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mailer.failure import BouncedRecipient, FailureKind, enhanced, failure_kind
from mailer.inbound.headers import addresses, decode_words
from mailer.inbound.kind_words import phrases, says
from mailer.inbound.returned import Returned, header_name, lines_of, split_copy
from mailer.inbound.shape import Shape

_MAX_TEXT = 64_000
_FIRST_LINES = 25
_MAX_RECIPIENTS = 100
_MAX_NEAR = 2_000
_MAX_ADDRESSES = 300
_MAX_ON_LINE = 20
_QUOTES = " \t<>\"'*.|()[]=;,-:"
_NEVER_LABELS = ("from", "message-id", "received", "return-path", "sender", "reply-to", "cc", "subject", "mail-from")
_CODE = re.compile(r"(?<![\d.@-])[45]\d\d(?=[ \-#:;,.]|$)|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_LEFT = re.compile(r"[^\s<>\"'(),;:\[\]|]{1,64}$")
_RIGHT = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}")
_REPLY_MARKS = (
    "re:",
    "aw:",
    "fw:",
    "fwd:",
    "wg:",
    "sv:",
    "tr:",
    "rv:",
    "r:",
    "antw:",
    "回复",
    "答复",
    "转发",
    "odp:",
    "ynt:",
    "vs:",
)


@dataclass(frozen=True)
class Signs:
    """How much a mail looks like a server's report."""

    daemon: bool
    no_path: bool
    subject: bool
    opening: bool
    returned: bool
    # An address stands near a reason; `coded` when the reason holds a status code.
    failing: bool
    coded: bool
    # An address stands alone under a line that opens a list of failed ones.
    headed: bool
    # What people's mails have: a reply mark, identifiers that they answer, a question.
    personal: bool
    listed: bool

    @property
    def enough(self) -> bool:
        """Whether it is one. No single sign decides but that a server wrote, and said so."""
        proof = self.coded or self.returned
        if self.daemon:
            return self.subject or self.opening or proof
        if self.no_path and not self.listed:
            return (self.opening and (self.subject or self.failing or proof)) or (self.subject and proof)
        return self.subject and self.opening and (proof or self.headed) and not self.personal


@dataclass(frozen=True)
class Notice:
    """A server's words, apart from the mail that it gives back."""

    lines: tuple[str, ...]
    returned: Returned

    @property
    def text(self) -> str:
        """What the server says."""
        return "\n".join(self.lines)


def notice_of(shape: Shape) -> Notice:
    """Take the texts of a mail apart."""
    said: list[str] = []
    copies: list[list[str]] = []
    for piece in shape.of_type("text/plain", "text/html", "text/enriched"):
        if piece.attached and said:
            continue
        own, copy = split_copy(lines_of(piece.text[:_MAX_TEXT]))
        if not said or piece.content_type == "text/plain":
            said += own
        copies.append(copy)
    return Notice(tuple(said), Returned(shape, copies))


def signs_of(shape: Shape, notice: Notice) -> Signs:
    """Look for the signs of a report."""
    subject = " ".join(shape.subject.lower().split())
    first = " ".join(" ".join(line.split()) for line in [*filter(str.strip, notice.lines)][:_FIRST_LINES]).lower()
    ranked = [(rank, near) for rank, address, near in _candidates(notice.lines) if address.lower() not in shape.senders]
    reply = subject.startswith(_REPLY_MARKS)
    return Signs(
        daemon=is_daemon(shape),
        no_path=_no_path(shape),
        subject=says(subject, "bounce", "subjects") and not reply,
        opening=says(first, "bounce", "openings"),
        returned=bool(notice.returned.message_id or notice.returned.value("received")),
        failing=any(rank >= 2 for rank, _ in ranked),
        coded=any(rank >= 2 and _CODE.search(near) for rank, near in ranked),
        headed=any(rank >= 3 for rank, _ in ranked),
        personal=reply or bool(shape.header("in-reply-to")) or any(line.endswith("?") for line in notice.lines),
        listed=any(shape.header(name) for name in ("list-id", "list-unsubscribe", "list-post")),
    )


def failed_recipients(shape: Shape, notice: Notice, own: frozenset[str] = frozenset()) -> tuple[BouncedRecipient, ...]:
    """Whom it did not reach, and why. An address that is merely mentioned is none, nor is the sender's own."""
    never = notice.returned.senders | own | frozenset(shape.senders) | _addressed(shape)
    others = never - notice.returned.senders
    found = (
        _listed_in_header(shape)
        or _in_text(notice, never)
        or _of_returned(notice, never)
        # Somebody who wrote to themselves.
        or _in_text(notice, others)
        or _without_domain(shape, notice)
    )
    text = f"{shape.subject}\n{notice.text}"
    delayed = is_delay(text)
    return tuple(
        _recipient(address, near or notice.text, text, delayed)
        for address, near in list(found.items())[:_MAX_RECIPIENTS]
    )


def is_daemon(shape: Shape) -> bool:
    """Whether a mail server wrote this, by its address or its name."""
    locals_ = [address.partition("@")[0] for address in shape.senders]
    if any(local.startswith(phrases("bounce", "daemons")) for local in locals_):
        return True
    said = decode_words(shape.header("from")).lower()
    name = said.partition("<")[0].strip(" \"'") or said
    return name.startswith(phrases("bounce", "daemon_names"))


def is_delay(text: str) -> bool:
    """Whether a report says that the server goes on trying."""
    low = " ".join(text[:8_000].lower().split())
    return says(low, "bounce", "delays") and not says(low, "bounce", "final")


def found_addresses(line: str) -> Iterator[tuple[str, int, int]]:
    """Each address of a line with its place; linear in the line."""
    position = line.find("@")
    while position >= 0:
        left, right = _LEFT.search(line[max(0, position - 64) : position]), _RIGHT.match(line, position + 1)
        if left and right and "." in right[0].strip(".-"):
            domain = right[0].rstrip(".-")
            local = _after_scheme(left[0]).lstrip(".*=-#")
            if local:
                yield f"{local}@{domain}", position - len(local), position + 1 + len(domain)
        position = line.find("@", position + 1)


def _after_scheme(local: str) -> str:
    """X.400 and URLs write `SMTP=ana`, `mailto:ana`."""
    scheme, equals, rest = local.partition("=")
    return rest if equals and scheme.lower() in ("smtp", "rfc-822", "rfc822", "internet", "mailto") else local


def _no_path(shape: Shape) -> bool:
    path = shape.header("return-path").replace(" ", "").lower()
    return path == "<>" or path.startswith(("<mailer-daemon", "<postmaster")) or not shape.senders


def _addressed(shape: Shape) -> frozenset[str]:
    values = [shape.header(name) for name in ("to", "delivered-to", "x-original-to", "envelope-to")]
    return frozenset(one.address for one in addresses(values))


def _listed_in_header(shape: Shape) -> dict[str, str]:
    values = [value for name, value in shape.headers if name == "x-failed-recipients"]
    return {one.address: "" for one in addresses(values)}


def _in_text(notice: Notice, never: frozenset[str]) -> dict[str, str]:
    """The addresses with good reason to be taken for failed, each with the words around it."""
    good, fair = dict[str, str](), dict[str, str]()
    for rank, address, near in _candidates(notice.lines):
        if address.lower() in never or address.partition("@")[0].lower().startswith(phrases("bounce", "daemons")):
            continue
        found = good if rank >= 2 else fair
        key = next((known for known in found if known.lower() == address.lower()), address)
        found[key] = f"{found.get(key, '')}\n{near}".strip()[:_MAX_NEAR]
    return good or (fair if len(fair) == 1 else {})


def _candidates(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    heading = -_FIRST_LINES
    looked_at = 0
    for number, line in enumerate(lines):
        if says(line.lower(), "bounce", "headings"):
            heading = number
        if "@" not in line or looked_at >= _MAX_ADDRESSES:
            continue
        near = _around(lines, number)
        reason = bool(_CODE.search(near)) or says(near.lower(), "bounce", "failed")
        for address, start, end in islice(found_addresses(line), _MAX_ON_LINE):
            looked_at += 1
            rank = _rank(line, start, end, near, reason)
            if rank >= 2 and _is_summary(lines, number):
                rank = 1
            elif number - heading <= 3:
                rank += (rank == 1) + (rank == 2 and not line[:start].strip(_QUOTES + "0123456789"))
            if rank:
                yield rank, address, near


def _is_summary(lines: Sequence[str], number: int) -> bool:
    """Whether this line is the To of a mail whose Subject or date stands beside it: the mail meant, not who failed."""
    beside = {header_name(line.strip()) for line in lines[max(0, number - 2) : number + 3] if line is not lines[number]}
    return header_name(lines[number].strip()) == "to" and bool(beside & {"subject", "sent", "date", "from"})


def _rank(line: str, start: int, end: int, near: str, reason: bool) -> int:
    """3: alone under a heading; 2: stands alone, under a label or with a reason; 1: may be meant; 0: only mentioned."""
    low = line.lower()
    if header_name(line) in _NEVER_LABELS:
        return 0
    address = low[start:end]
    before = low[:start].replace(address, "").strip(_QUOTES)
    behind = low[end:].replace(address, "").strip(_QUOTES)
    rest = f"{low[:start]} {low[end:]}"
    alone = not before and (not behind or line[end : end + 2] == ">:" or behind.startswith(("on ", ":")))
    if before.endswith("generated from"):
        return 1
    if _CODE.search(rest) or _is_label(low[:start]):
        return 2
    if says(f"{near.partition(line)[0]}\n{low}".lower() if alone else low, "bounce", "mentioned"):
        return 0
    return 2 if alone or says(rest, "bounce", "failed") else int(reason)


def _is_label(before: str) -> bool:
    said = before.strip(_QUOTES)
    labels = phrases("bounce", "labels")
    return said in labels or said.rpartition(":")[2].strip() in labels or before.rstrip(" <\"'").endswith(" to:")


def _around(lines: Sequence[str], number: int) -> str:
    """The line, and the next ones until a blank line follows words; the one before it."""
    taken = [lines[number - 1]] if number else []
    taken.append(lines[number])
    for line in lines[number + 1 : number + 6]:
        if "@" in line and not line.startswith((" ", "\t")) and not _CODE.search(line):
            break
        taken.append(line)
    return "\n".join(taken)


def _of_returned(notice: Notice, never: frozenset[str]) -> dict[str, str]:
    """A report that names nobody is about the one whom the returned mail was for."""
    named = [address for address in notice.returned.recipients if address not in never]
    return {named[0]: ""} if len(named) == 1 else {}


def _without_domain(shape: Shape, notice: Notice) -> dict[str, str]:
    """Some servers name the user only: one word under the heading of those who failed, at the server's own domain."""
    domain = shape.senders[0].rpartition("@")[2] if shape.senders else ""
    for number, line in enumerate(notice.lines[:-1]):
        below = next((each.strip() for each in notice.lines[number + 1 : number + 3] if each.strip()), "")
        if line.endswith(":") and domain and below.isidentifier() and below.isascii():
            return {f"{below.lower()}@{domain}": _around(notice.lines, number)}
    return {}


def _recipient(address: str, near: str, text: str, delayed: bool) -> BouncedRecipient:
    code = enhanced(near) or enhanced(text)
    status = ".".join(map(str, code)) if code else ""
    line = next((line for line in near.split("\n") if _CODE.search(line)), "") or near
    kind = FailureKind.DELAYED if delayed else failure_kind("failed", status, near, text)
    return BouncedRecipient(address, "delayed" if delayed else "failed", status, " ".join(line.split())[:500], kind)
