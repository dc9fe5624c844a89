"""What of a folder we have: who watches it, up to which UID, and the bytes. Verbs that the watcher calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import Conflict
from mailer.inbound.imap import Fetched, Folder
from mailer.model import Blob, Mailbox, RawMail
from mailer.signing import digest


@dataclass(frozen=True)
class Standing:
    """How our picture of a folder compares with the server's."""

    next_uid: int
    first_connect: bool
    renumbered: bool
    history_until: datetime | None


def register(session: Session, name: str, storefront: str) -> int:
    """The mailbox of that name, made when config.toml names it for the first time."""
    insert_once(session, Mailbox(name=name, storefront=storefront))
    mailbox = session.exec(select(Mailbox).where(Mailbox.name == name)).one()
    mailbox.storefront = storefront
    assert mailbox.id is not None
    return mailbox.id


def claim(session: Session, mailbox_id: int, *, owner: str, lease: timedelta, now: datetime) -> bool:
    """Become or stay the one owner of a mailbox for the time of a lease."""
    free = (col(Mailbox.lease_owner) == owner) | col(Mailbox.lease_until).is_(None) | (col(Mailbox.lease_until) < now)
    claimed = session.exec(
        update(Mailbox).where(col(Mailbox.id) == mailbox_id, free).values(lease_owner=owner, lease_until=now + lease)
    )
    return bool(claimed.rowcount)


def release(session: Session, owner: str) -> None:
    """Let another worker have our mailboxes at once."""
    session.exec(update(Mailbox).where(col(Mailbox.lease_owner) == owner).values(lease_until=None, lease_owner=None))


def release_all(session: Session) -> None:
    """Forget every owner: for the only worker of a database, whose predecessors are dead."""
    session.exec(update(Mailbox).values(lease_until=None, lease_owner=None))


def compare(session: Session, mailbox_id: int, folder: Folder) -> Standing:
    """Where we stand with this folder."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    first = mailbox.uidvalidity is None
    return Standing(
        next_uid=mailbox.next_uid,
        first_connect=first,
        renumbered=not first and mailbox.uidvalidity != folder.uidvalidity,
        history_until=mailbox.history_until,
    )


def begin(
    session: Session, mailbox_id: int, folder: Folder, newest: Sequence[Fetched], *, owner: str, now: datetime
) -> None:
    """First connect: what lies there already is history, the cursor starts behind it (PRODUCT, rule 3).

    `newest` are the mails of the last second: should the server renumber, their bytes tell them from new mail.
    """
    mailbox = _owned(session, mailbox_id, owner)
    mailbox.uidvalidity = folder.uidvalidity
    mailbox.next_uid = folder.uidnext
    mailbox.history_until = newest[0].internal_date.astimezone(UTC) if newest else None
    mailbox.history_edge = [digest(mail.raw) for mail in newest]
    mailbox.connected_at = now


def store(
    session: Session,
    mailbox_id: int,
    folder: Folder,
    mails: Sequence[Fetched],
    *,
    owner: str,
    next_uid: int,
    now: datetime,
) -> int:
    """Keep the bytes and move the cursor, in one transaction; how many mails were new."""
    mailbox = _owned(session, mailbox_id, owner)
    new = sum(_keep(session, mailbox_id, folder.uidvalidity, mail, now) for mail in mails)
    mailbox.next_uid = max(mailbox.next_uid, next_uid)
    return new


def rebind(
    session: Session, mailbox_id: int, folder: Folder, mails: Sequence[Fetched], *, owner: str, now: datetime
) -> int:
    """After the server renumbered: a mail that we know by its bytes gets its new UID, any other is new."""
    mailbox = _owned(session, mailbox_id, owner)
    recent = [mail for mail in mails if not _is_history(mailbox, mail)]
    unknown = [mail for mail in recent if not _renumber(session, mailbox_id, folder.uidvalidity, mail)]
    return sum(_keep(session, mailbox_id, folder.uidvalidity, mail, now) for mail in unknown)


def settle_renumbering(session: Session, mailbox_id: int, folder: Folder, *, owner: str) -> None:
    """All mails have their new UIDs: go on from here. A crash before this begins the comparison anew."""
    mailbox = _owned(session, mailbox_id, owner)
    mailbox.uidvalidity = folder.uidvalidity
    mailbox.next_uid = folder.uidnext


def note_poll(session: Session, mailbox_id: int, *, now: datetime) -> None:
    """The server answered, and we have all that it has."""
    session.exec(update(Mailbox).where(col(Mailbox.id) == mailbox_id).values(last_poll_at=now, last_error=None))


def note_trouble(session: Session, mailbox_id: int, words: str, *, now: datetime) -> None:
    """The server did not answer as it should; `mailer status` shows it."""
    change = {"last_error": words, "last_error_at": now}
    session.exec(update(Mailbox).where(col(Mailbox.id) == mailbox_id).values(change))


def _owned(session: Session, mailbox_id: int, owner: str) -> Mailbox:
    mailbox = session.exec(select(Mailbox).where(Mailbox.id == mailbox_id).with_for_update()).one()
    if mailbox.lease_owner != owner:
        raise Conflict(f'mailbox "{mailbox.name}" is watched by another worker')
    return mailbox


def _is_history(mailbox: Mailbox, mail: Fetched) -> bool:
    until = mailbox.history_until
    return until is not None and (
        mail.internal_date < until or (mail.internal_date == until and digest(mail.raw) in mailbox.history_edge)
    )


def _keep(session: Session, mailbox_id: int, uidvalidity: int, mail: Fetched, now: datetime) -> bool:
    name = digest(mail.raw)
    insert_once(session, Blob.of(name, mail.raw))
    row = RawMail(
        mailbox_id=mailbox_id,
        uidvalidity=uidvalidity,
        uid=mail.uid,
        sha256=name,
        size=len(mail.raw),
        internal_date=mail.internal_date.astimezone(UTC),
        stored_at=now,
    )
    return insert_once(session, row)


def _renumber(session: Session, mailbox_id: int, uidvalidity: int, mail: Fetched) -> bool:
    here = select(RawMail).where(RawMail.mailbox_id == mailbox_id)
    if session.exec(here.where(RawMail.uidvalidity == uidvalidity, RawMail.uid == mail.uid)).first():
        return True
    same = here.where(RawMail.sha256 == digest(mail.raw), RawMail.uidvalidity != uidvalidity)
    known = session.exec(same.order_by(col(RawMail.id)).limit(1)).first()
    if known is None:
        return False
    known.uidvalidity, known.uid = uidvalidity, mail.uid
    # Identical copies take one known row each, so the next copy must see this change.
    session.flush()
    return True
