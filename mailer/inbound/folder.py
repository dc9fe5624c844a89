"""What we ask of a selected folder. Each function runs on the connection's thread: `connection.run(question, ...)`.

Nothing here marks a mail as read, and nothing trusts an order or a count that the server gives (FAILURES, A3, A11).
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailer.inbound.excerpt import HEADER_BYTES, TEXT_BYTES, assemble, text_part
from mailer.inbound.imap import MailboxTrouble
from mailer.inbound.patience import Why

# One FETCH asks for so much at most, so that a full inbox does not fill the memory.
_BATCH_MAILS = 50
_BATCH_BYTES = 10_000_000
_LISTED_AT_ONCE = 500
# A SEARCH answer of more would break the client's limit of a million characters (FAILURES, A18).
_SEARCHED_AT_ONCE = 10_000
_CHUNK = 5_000_000
_LARGEST_WHOLE = 200_000_000


@dataclass(frozen=True)
class Folder:
    """What the server says of the folder on SELECT (RFC 3501, 6.3.1).

    `sticky` is False when it gives no UIDVALIDITY, or says that its UIDs hold for this session only; `told` is False
    when it gives no UIDNEXT either, and we counted ourselves.
    """

    uidvalidity: int
    uidnext: int
    exists: int = 0
    sticky: bool = True
    told: bool = True


@dataclass(frozen=True)
class Listed:
    """A mail in the folder: its size in bytes as the server counts, and when it came."""

    uid: int
    size: int
    internal_date: datetime


@dataclass(frozen=True)
class Fetched:
    """A mail as the server gave it. `partial`: header and text of a large one; `size` is the whole's, 0 if equal."""

    uid: int
    internal_date: datetime
    raw: bytes
    partial: bool = False
    size: int = 0


def open_folder(client: Any, folder: str) -> Folder:
    """Select the folder, read only: we never change what lies there. Raises MailboxTrouble when it is not there."""
    try:
        answer = client.select_folder(folder, readonly=True)
    except Exception as error:
        if " failed: " in str(error) and not client.folder_exists(folder):
            words = f'there is no folder "{folder}" any more; was it renamed? Change `folder` in config.toml'
            raise MailboxTrouble(words, Why.FOLDER) from None
        raise
    uidvalidity, uidnext = answer.get(b"UIDVALIDITY"), answer.get(b"UIDNEXT")
    exists = int(answer.get(b"EXISTS") or 0)
    told = uidnext is not None
    counted = uidnext if told else max(_ranged(client, ["ALL"], exists), default=0) + 1
    sticky = bool(uidvalidity) and b"UIDNOTSTICKY" not in answer
    return Folder(int(uidvalidity or 0), int(counted), exists, sticky, told)


def uids_from(client: Any, folder: Folder, first: int) -> list[int]:
    """The UIDs at or above `first`. (`n:*` names the last mail even when it is older: RFC 3501, 6.4.8.)"""
    wanted = ["UID", f"{first}:*"]
    few = folder.uidnext - first < _SEARCHED_AT_ONCE
    found = client.search(wanted) if few else _ranged(client, wanted, folder.exists)
    return sorted(uid for uid in set(found) if uid >= first)


def uids_since(client: Any, folder: Folder, moment: datetime) -> list[int]:
    """The UIDs of mails that came on or after the day before this moment; the server compares days in its own zone."""
    return sorted(set(_ranged(client, ["SINCE", (moment - timedelta(days=1)).date()], folder.exists)))


def last_uids(client: Any, folder: Folder) -> list[int]:
    """The UIDs of the last 50 mails by number."""
    if not folder.exists:
        return []
    return sorted(client.search([f"{max(1, folder.exists - _BATCH_MAILS + 1)}:*"]))


def listing(client: Any, uids: Sequence[int]) -> list[Listed]:
    """Size and time of these mails, by UID; one that is gone meanwhile is not in the answer."""
    found = []
    for start in range(0, len(uids), _LISTED_AT_ONCE):
        answer = client.fetch(uids[start : start + _LISTED_AT_ONCE], ["RFC822.SIZE", "INTERNALDATE"])
        for uid, data in sorted(answer.items()):
            size, date = data.get(b"RFC822.SIZE"), data.get(b"INTERNALDATE")
            if size is not None and isinstance(date, datetime):
                found.append(Listed(uid, size, date))
    return found


def batches(listed: Sequence[Listed]) -> list[list[Listed]]:
    """These mails in portions of bounded size."""
    portions: list[list[Listed]] = []
    room = 0
    for mail in listed:
        if not portions or mail.size > room or len(portions[-1]) == _BATCH_MAILS:
            portions.append([])
            room = _BATCH_BYTES
        portions[-1].append(mail)
        room -= mail.size
    return portions


def bodies(client: Any, uids: Sequence[int]) -> list[Fetched]:
    """Whole mails, without marking them as read. A mail that is gone meanwhile is not in the answer."""
    answer = client.fetch(uids, ["BODY.PEEK[]", "INTERNALDATE", "RFC822.SIZE"])
    found = []
    for uid, data in sorted(answer.items()):
        raw, date = data.get(b"BODY[]"), data.get(b"INTERNALDATE")
        # A server says NIL for a mail that was expunged meanwhile (FAILURES, A10).
        if raw is not None and isinstance(date, datetime):
            found.append(Fetched(uid, date, raw, size=data.get(b"RFC822.SIZE") or len(raw)))
    return found


def goes_on(client: Any, uid: int, length: int) -> bool:
    """Whether the mail has bytes beyond this length."""
    answer = client.fetch([uid], [f"BODY.PEEK[]<{length}.100>"]).get(uid, {})
    return bool(answer.get(f"BODY[]<{length}>".encode()))


def excerpt(client: Any, mail: Listed) -> list[Fetched]:
    """Of a large mail the header and the text, up to 64 KB of it; empty when it is gone."""
    answer = client.fetch([mail.uid], [f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>"]).get(mail.uid, {})
    header = answer.get(b"BODY[HEADER]<0>")
    if header is None:
        return []
    return [Fetched(mail.uid, mail.internal_date, _with_text(client, mail.uid, header), partial=True, size=mail.size)]


def whole(client: Any, mail: Listed) -> list[Fetched]:
    """A large mail after all, in pieces; empty when it is gone. Raises MailboxTrouble when it is too large to keep."""
    if mail.size > _LARGEST_WHOLE:
        raise MailboxTrouble(f"the mail has {mail.size} bytes, more than {_LARGEST_WHOLE} are not kept", Why.ORDINARY)
    pieces: list[bytes] = []
    while not pieces or len(pieces[-1]) == _CHUNK:
        start = len(pieces) * _CHUNK
        answer = client.fetch([mail.uid], [f"BODY.PEEK[]<{start}.{_CHUNK}>"]).get(mail.uid, {})
        piece = answer.get(f"BODY[]<{start}>".encode())
        if piece is None:
            return []
        pieces.append(piece)
        if sum(map(len, pieces)) > _LARGEST_WHOLE:
            raise MailboxTrouble("the mail is larger than the server said", Why.ORDINARY)
    return [Fetched(mail.uid, mail.internal_date, b"".join(pieces), size=mail.size)]


def _with_text(client: Any, uid: int, header: bytes) -> bytes:
    structure = None
    # Servers fail at the structure of odd mails; then the mail's first bytes must do.
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
        structure = client.fetch([uid], ["BODYSTRUCTURE"]).get(uid, {}).get(b"BODYSTRUCTURE")
    if (part := text_part(structure)) is not None:
        asked = [f"BODY.PEEK[{part.number}]<0.{TEXT_BYTES}>"]
        asked += [f"BODY.PEEK[{part.number}.MIME]"] if part.boundary else []
        answer = client.fetch([uid], asked).get(uid, {})
        text, mime = answer.get(f"BODY[{part.number}]<0>".encode()), answer.get(f"BODY[{part.number}.MIME]".encode())
        if text is not None and (mime is not None or not part.boundary):
            return assemble(header, part, mime or b"", text)
    beginning = client.fetch([uid], [f"BODY.PEEK[TEXT]<0.{TEXT_BYTES}>"]).get(uid, {})
    return header + (beginning.get(b"BODY[TEXT]<0>") or b"")


def _ranged(client: Any, wanted: list[Any], exists: int) -> list[int]:
    """SEARCH over so many mails at once that no answer is too long."""
    if exists <= _SEARCHED_AT_ONCE:
        return list(client.search(wanted))
    found: list[int] = []
    for first in range(1, exists + 1, _SEARCHED_AT_ONCE):
        last = first + _SEARCHED_AT_ONCE - 1
        found += client.search([f"{first}:{last if last < exists else '*'}", *wanted])
    return found


def special_folder(client: Any, flag: str) -> str:
    """The folder of this special use (RFC 6154), as in `\\Sent`; empty when the server names none."""
    return str(client.find_special_folder(flag.encode()) or "")


def standing_of(client: Any, folder: str) -> tuple[int, int]:
    """UIDVALIDITY and UIDNEXT of a folder that is not selected."""
    answer = client.folder_status(folder, ["UIDVALIDITY", "UIDNEXT"])
    return int(answer.get(b"UIDVALIDITY") or 0), int(answer.get(b"UIDNEXT") or 0)


def message_ids(client: Any, folder: str, first: int, since: datetime) -> list[bytes]:
    """The Message-ID headers in a folder, from a UID on; without one, of the mails since a moment."""
    opened = open_folder(client, folder)
    uids = uids_from(client, opened, first) if first else uids_since(client, opened, since)
    found = []
    for start in range(0, len(uids), _LISTED_AT_ONCE):
        answer = client.fetch(uids[start : start + _LISTED_AT_ONCE], ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        found += [data.get(b"BODY[HEADER.FIELDS (MESSAGE-ID)]") for data in answer.values()]
    return [header for header in found if header]


def append_once(client: Any, folder: str, message_id: str, raw: bytes) -> bool:
    """Put a mail into a folder unless one of that Message-ID lies there; whether it was put."""
    open_folder(client, folder)
    if client.search(["HEADER", "Message-ID", message_id]):
        return False
    client.append(folder, raw, flags=[b"\\Seen"])
    return True


def mark(client: Any, folder: str, uids: Sequence[int], keyword: str) -> None:
    """Set a keyword on mails; the folder is left selected for writing."""
    client.select_folder(folder)
    client.add_flags(uids, [keyword.encode()], silent=True)


def move(client: Any, folder: str, uids: Sequence[int], target: str) -> None:
    """Move mails to another folder (RFC 6851). Raises MailboxTrouble when the server cannot."""
    if not client.has_capability("MOVE"):
        raise MailboxTrouble("the server cannot move mails (RFC 6851); take `after` out of config.toml", Why.ORDINARY)
    client.select_folder(folder)
    client.move(uids, target)
