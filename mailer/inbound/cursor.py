"""What of a folder we have: who watches it, and up to which UID. Verbs that the watcher calls; rows are in `ledger`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import Conflict
from mailer.inbound.folder import Fetched, Folder
from mailer.inbound.ledger import keep, renumber
from mailer.model import Mailbox, RawMail, raise_alarm, settle_alarm
from mailer.signing import digest

# What the next good poll makes untrue.
ALARMS = ("mailbox_unreachable", "mailbox_refused", "mailbox_busy", "mailbox_folder")
# The window in which a UID may still appear below others (FAILURES, A4).
WINDOW = 1_000
_TAIL = 50


@dataclass(frozen=True)
class Standing:
    """How our picture of a folder compares with the server's."""

    next_uid: int
    window_from_uid: int
    first_connect: bool
    renumbered: bool
    history_until: datetime | None
    history_since: datetime | None
    history_is_read: bool


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
    shrunk = folder.told and folder.uidnext < mailbox.next_uid
    return Standing(
        next_uid=mailbox.next_uid,
        window_from_uid=max(mailbox.window_from_uid, mailbox.next_uid - WINDOW),
        first_connect=first,
        renumbered=not first and (mailbox.uidvalidity != folder.uidvalidity or shrunk),
        history_until=mailbox.history_until,
        history_since=mailbox.history_since,
        history_is_read=mailbox.history_since is None or mailbox.history_read_at is not None,
    )


def tail(session: Session, mailbox_id: int, folder: Folder) -> dict[int, tuple[int, datetime]]:
    """What we know of the newest mails: size and time by UID, to recognise them by (FAILURES, A2)."""
    here = select(RawMail).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == folder.uidvalidity)
    rows = session.exec(here.order_by(col(RawMail.uid).desc()).limit(_TAIL))
    return {row.uid: (row.size, row.internal_date) for row in rows}


def unknown(session: Session, mailbox_id: int, folder: Folder, uids: Sequence[int]) -> list[int]:
    """Those of these UIDs of which the ledger has no row."""
    if not uids:
        return []
    here = select(RawMail.uid).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == folder.uidvalidity)
    known = set(session.exec(here.where(col(RawMail.uid) >= min(uids))))
    return [uid for uid in uids if uid not in known]


def begin(
    session: Session,
    mailbox_id: int,
    folder: Folder,
    newest: Sequence[Fetched],
    *,
    owner: str,
    now: datetime,
    history: timedelta = timedelta(),
) -> None:
    """First connect: what lies there already is history, the cursor starts behind it (PRODUCT, rule 3).

    `newest` are the mails of the last second: should the server renumber, their bytes tell them from new mail.
    """
    mailbox = _owned(session, mailbox_id, owner)
    mailbox.uidvalidity = folder.uidvalidity
    mailbox.next_uid = mailbox.window_from_uid = folder.uidnext
    mailbox.history_until = newest[0].internal_date.astimezone(UTC) if newest else None
    mailbox.history_edge = [digest(mail.raw) for mail in newest]
    mailbox.history_since = now - history if history else None
    mailbox.connected_at = now


def distrust(session: Session, mailbox_id: int, *, owner: str) -> int:
    """The server's numbers mean other mails than before though it does not say so: compare all anew.

    Our rows move to numbers that no server gives, so that none is taken for another mail; the lowest of them.
    """
    mailbox = _owned(session, mailbox_id, owner)
    numbers = select(RawMail.uidvalidity).where(RawMail.mailbox_id == mailbox_id).distinct()
    aside = min(0, mailbox.uidvalidity or 0, *(given := session.exec(numbers).all()))
    for number in (number for number in given if number >= 0):
        aside -= 1
        rows = (col(RawMail.mailbox_id) == mailbox_id) & (col(RawMail.uidvalidity) == number)
        session.exec(update(RawMail).where(rows).values(uidvalidity=aside))
    if mailbox.uidvalidity is not None:
        aside -= 1
        mailbox.uidvalidity = aside
    return aside


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
    new = sum(keep(session, mailbox_id, folder.uidvalidity, mail, now=now) for mail in mails)
    mailbox.next_uid = max(mailbox.next_uid, next_uid)
    return new


def rebind(
    session: Session, mailbox_id: int, folder: Folder, mails: Sequence[Fetched], *, owner: str, now: datetime
) -> int:
    """Mails below the cursor: one that we know by its bytes gets its new UID, any other is new or history by its date.

    How many rows there are more.
    """
    mailbox = _owned(session, mailbox_id, owner)
    strange = [mail for mail in mails if not renumber(session, mailbox_id, folder.uidvalidity, mail)]
    return sum(_keep_dated(session, mailbox, folder.uidvalidity, mail, now) for mail in strange)


def settle_renumbering(session: Session, mailbox_id: int, folder: Folder, *, owner: str) -> None:
    """All mails have their new UIDs: go on from here. A crash before this begins the comparison anew."""
    mailbox = _owned(session, mailbox_id, owner)
    mailbox.uidvalidity = folder.uidvalidity
    mailbox.next_uid = mailbox.window_from_uid = folder.uidnext


def note_poll(session: Session, mailbox_id: int, *, now: datetime) -> None:
    """The server answered, and we have all that it has."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    if mailbox.last_error or mailbox.refusals:
        for kind in ALARMS:
            settle_alarm(session, kind, mailbox.name, now)
    mailbox.last_poll_at, mailbox.last_error, mailbox.refusals = now, None, 0


def note_trouble(session: Session, mailbox_id: int, words: str, *, now: datetime, refused: bool = False) -> int:
    """The server did not answer as it should; `mailer status` shows it. How often it refused us in a row."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    mailbox.last_error, mailbox.last_error_at = words, now
    mailbox.refusals += refused
    return mailbox.refusals


def note_alarm(session: Session, mailbox_id: int, kind: str, words: str, *, now: datetime) -> None:
    """Nobody may have looked at `mailer status`: raise an alarm that the next good poll settles."""
    raise_alarm(session, kind, session.get_one(Mailbox, mailbox_id).name, words, now)


def _owned(session: Session, mailbox_id: int, owner: str) -> Mailbox:
    mailbox = session.exec(select(Mailbox).where(Mailbox.id == mailbox_id).with_for_update()).one()
    if mailbox.lease_owner != owner:
        raise Conflict(f'mailbox "{mailbox.name}" is watched by another worker')
    return mailbox


def _keep_dated(session: Session, mailbox: Mailbox, uidvalidity: int, mail: Fetched, now: datetime) -> bool:
    # Whatever the server numbered after we came is new, also a mail that was moved here and kept its old date.
    is_late = mailbox.uidvalidity == uidvalidity and mail.uid >= mailbox.window_from_uid
    history = not is_late and _is_history(mailbox, mail)
    if history and (mailbox.history_since is None or mail.internal_date < mailbox.history_since):
        return False
    return keep(session, mailbox.id or 0, uidvalidity, mail, now=now, history=history)


def _is_history(mailbox: Mailbox, mail: Fetched) -> bool:
    until = mailbox.history_until
    return until is not None and (
        mail.internal_date < until or (mail.internal_date == until and digest(mail.raw) in mailbox.history_edge)
    )
