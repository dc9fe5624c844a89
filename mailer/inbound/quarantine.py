"""What a person does with mails that could not be read or fetched: see them, try again, take the bytes out."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from mailer.errors import Conflict, NotFound
from mailer.model import Blob, Mailbox, RawMail, RawMailState

_LONGEST_TEXT = 100_000
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Quarantined:
    """One mail, and why nobody has read it. `has_bytes` is False when the server did not give it up."""

    id: int
    mailbox: str
    size: int
    internal_date: datetime
    error: str
    has_bytes: bool
    retry_at: datetime | None


@dataclass(frozen=True)
class Reason:
    """Why mails lie there, and how many for that reason."""

    reason: str
    count: int


def reasons(session: Session) -> list[Reason]:
    """Every reason once, the commonest first."""
    count, why = func.count(col(RawMail.id)), func.coalesce(col(RawMail.error), "")
    grouped = select(why, count).where(RawMail.state == RawMailState.QUARANTINED).group_by(why)
    return [Reason(reason, number) for reason, number in session.exec(grouped.order_by(count.desc(), why))]


def listed(session: Session, *, limit: int = 50, reason: str | None = None) -> list[Quarantined]:
    """The mails in quarantine, or those that lie there for one reason; the newest first."""
    wanted = (
        select(RawMail, Mailbox.name)
        .join(Mailbox, col(Mailbox.id) == RawMail.mailbox_id)
        .where(RawMail.state == RawMailState.QUARANTINED)
        .order_by(col(RawMail.id).desc())
    )
    if reason is not None:
        wanted = wanted.where(func.coalesce(col(RawMail.error), "") == reason)
    rows = session.exec(wanted.limit(limit))
    return [
        Quarantined(
            row.id or 0, name, row.size, row.internal_date, row.error or "", row.sha256 is not None, row.retry_at
        )
        for row, name in rows
    ]


def retry(session: Session, raw_mail_id: int, *, now: datetime) -> str:
    """Read the mail again, or ask the server for it again; in words which. Raises NotFound, Conflict."""
    row = session.exec(select(RawMail).where(RawMail.id == raw_mail_id).with_for_update()).first()
    if row is None:
        raise NotFound(f"there is no raw mail {raw_mail_id}")
    if row.state is not RawMailState.QUARANTINED:
        raise Conflict(f"raw mail {raw_mail_id} is {row.state.value}, not quarantined; nothing was changed")
    if row.sha256 is None:
        row.retry_at = now
        return "the server is asked for it again in the next round"
    row.state, row.error = RawMailState.STORED, None
    return "it is read again"


def retry_all(session: Session, reason: str, *, now: datetime) -> int:
    """Read or fetch again every mail that lies there for one reason; how many."""
    same = func.coalesce(col(RawMail.error), "") == reason
    wanted = select(RawMail.id).where(RawMail.state == RawMailState.QUARANTINED, same).limit(_AT_ONCE)
    numbers = session.exec(wanted).all()
    for number in numbers:
        retry(session, number or 0, now=now)
    return len(numbers)


def want_whole(session: Session, raw_mail_id: int, *, now: datetime) -> None:
    """Ask for the rest of a large mail of which header and text were fetched. Raises NotFound, Conflict."""
    row = session.exec(select(RawMail).where(RawMail.id == raw_mail_id).with_for_update()).first()
    if row is None:
        raise NotFound(f"there is no raw mail {raw_mail_id}")
    if not row.partial:
        raise Conflict(f"raw mail {raw_mail_id} is not partial; `mailer quarantine save` writes it as it is")
    row.whole_wanted_at = now


def raw_bytes(session: Session, raw_mail_id: int) -> bytes:
    """The mail as it came. Raises NotFound when there is none, or the server has not given it up."""
    blob = session.exec(
        select(Blob).join(RawMail, col(RawMail.sha256) == Blob.sha256).where(RawMail.id == raw_mail_id)
    ).first()
    if blob is None or blob.erased_at is not None:
        raise NotFound(f"there are no bytes of raw mail {raw_mail_id}")
    return blob.unpack()


def as_text(raw: bytes) -> str:
    """The mail for a person's eyes: as it stands, undecoded, without characters that could do harm on a screen."""
    text = raw[:_LONGEST_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")
    shown = "".join(char if char in "\n\t" or char.isprintable() else "\ufffd" for char in text)
    rest = len(raw) - _LONGEST_TEXT
    return f"{shown}\n[... {rest} more bytes]\n" if rest > 0 else shown
