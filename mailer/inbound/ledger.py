"""One row for each mail of a folder: with its bytes, or with the reason why the server does not give them up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.db import insert_once
from mailer.inbound.folder import Fetched, Folder, Listed
from mailer.inbound.patience import retry_fetch_after
from mailer.model import Blob, Message, RawMail, RawMailState
from mailer.signing import digest


def keep(
    session: Session, mailbox_id: int, uidvalidity: int, mail: Fetched, *, now: datetime, history: bool = False
) -> bool:
    """Keep a mail's bytes under its UID; whether we did not have them."""
    name = digest(mail.raw)
    insert_once(session, Blob.of(name, mail.raw))
    row = RawMail(
        mailbox_id=mailbox_id,
        uidvalidity=uidvalidity,
        uid=mail.uid,
        sha256=name,
        size=mail.size or len(mail.raw),
        internal_date=mail.internal_date.astimezone(UTC),
        stored_at=now,
        history=history,
        partial=mail.partial,
    )
    return insert_once(session, row) or _fill(session, row)


def set_aside(
    session: Session, mailbox_id: int, folder: Folder, mail: Listed, reason: str, *, now: datetime
) -> timedelta:
    """Quarantine a mail by its UID, without bytes; how long until the server is asked for it again."""
    insert_once(
        session,
        RawMail(
            mailbox_id=mailbox_id,
            uidvalidity=folder.uidvalidity,
            uid=mail.uid,
            size=mail.size,
            internal_date=mail.internal_date.astimezone(UTC),
            stored_at=now,
            state=RawMailState.QUARANTINED,
        ),
    )
    row = session.exec(_at(mailbox_id, folder.uidvalidity, mail.uid)).one()
    row.tries += 1
    wait = timedelta(seconds=retry_fetch_after(row.tries))
    if row.sha256 is None:
        row.error = f"the server does not give it up: {reason}"
        row.retry_at = now + wait
    elif row.partial:
        row.whole_wanted_at = now + wait
    return wait


def due_again(session: Session, mailbox_id: int, folder: Folder, *, now: datetime) -> list[int]:
    """The UIDs of mails without bytes for which the server is to be asked again."""
    here = _without_bytes(mailbox_id).where(RawMail.uidvalidity == folder.uidvalidity)
    return [row.uid for row in session.exec(here.where(col(RawMail.retry_at) <= now).limit(50))]


def wanted_whole(session: Session, mailbox_id: int, folder: Folder, *, now: datetime) -> list[int]:
    """The UIDs of large mails of which somebody asked for the rest."""
    here = select(RawMail.uid).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == folder.uidvalidity)
    return list(session.exec(here.where(col(RawMail.partial), col(RawMail.whole_wanted_at) <= now).limit(5)))


def keep_whole(session: Session, mailbox_id: int, folder: Folder, mail: Fetched) -> None:
    """The rest of a large mail came: its row and its message now stand for all of it."""
    row = session.exec(_at(mailbox_id, folder.uidvalidity, mail.uid)).one()
    name = digest(mail.raw)
    insert_once(session, Blob.of(name, mail.raw))
    row.partial_sha256, row.sha256, row.partial, row.whole_wanted_at = row.sha256, name, False, None
    message = session.exec(select(Message).where(Message.raw_mail_id == row.id)).first()
    if message is not None:
        message.sha256, message.partial = name, False


def note_gone(session: Session, mailbox_id: int, folder: Folder, uids: Sequence[int]) -> None:
    """The server no longer has these: what we have of them is all there will be."""
    for uid in uids:
        row = session.exec(_at(mailbox_id, folder.uidvalidity, uid)).first()
        if row is not None and row.sha256 is None:
            row.state, row.error, row.retry_at = RawMailState.GONE, "it vanished from the server", None
        elif row is not None:
            row.whole_wanted_at = None


def renumber(session: Session, mailbox_id: int, uidvalidity: int, mail: Fetched) -> bool:
    """Give a mail that we know by its bytes its new UID; False when we do not know it."""
    if (row := session.exec(_at(mailbox_id, uidvalidity, mail.uid)).first()) is not None:
        return row.sha256 is not None
    name = digest(mail.raw)
    elsewhere = select(RawMail).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity != uidvalidity)
    same = elsewhere.where((RawMail.sha256 == name) | (RawMail.partial_sha256 == name))
    known = session.exec(same.order_by(col(RawMail.id)).limit(1)).first()
    if known is None:
        return False
    _move(session, known, uidvalidity, mail.uid)
    return True


def renumber_unread(session: Session, mailbox_id: int, folder: Folder, listed: Sequence[Listed]) -> list[Listed]:
    """Give quarantined mails without bytes their new UIDs, by size and time; the mails that this did not settle."""
    rest = []
    for mail in listed:
        date = mail.internal_date.astimezone(UTC)
        same = _without_bytes(mailbox_id).where(RawMail.size == mail.size, RawMail.internal_date == date)
        known = session.exec(same.where(RawMail.uidvalidity != folder.uidvalidity).limit(1)).first()
        taken = session.exec(_at(mailbox_id, folder.uidvalidity, mail.uid)).first()
        if known is not None and taken is None:
            _move(session, known, folder.uidvalidity, mail.uid)
        elif taken is None:
            rest.append(mail)
    return rest


def _fill(session: Session, fresh: RawMail) -> bool:
    """The bytes of a mail that was quarantined without them."""
    row = session.exec(_at(fresh.mailbox_id, fresh.uidvalidity, fresh.uid).with_for_update()).one()
    if row.sha256 is not None:
        return False
    row.sha256, row.size, row.partial, row.history = fresh.sha256, fresh.size, fresh.partial, fresh.history
    row.state, row.error, row.retry_at = RawMailState.STORED, None, None
    return True


def _move(session: Session, row: RawMail, uidvalidity: int, uid: int) -> None:
    row.uidvalidity, row.uid = uidvalidity, uid
    # Identical copies take one known row each, so the next copy must see this change.
    session.flush()


def _at(mailbox_id: int, uidvalidity: int, uid: int) -> SelectOfScalar[RawMail]:
    return select(RawMail).where(
        RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == uidvalidity, RawMail.uid == uid
    )


def _without_bytes(mailbox_id: int) -> SelectOfScalar[RawMail]:
    return select(RawMail).where(
        RawMail.mailbox_id == mailbox_id,
        RawMail.state == RawMailState.QUARANTINED,
        col(RawMail.sha256).is_(None),
    )
