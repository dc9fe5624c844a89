"""A mail to ourselves: through the relay as customers' mails go, found again in the mailbox, its headers read.

It says that a machine wrote it, so that receiving it starts no conversation.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import ConfigError, Trouble
from mailer.health.verdict import Arrival, Finding, verdict
from mailer.inbound.authenticity import read_results
from mailer.inbound.folder import open_folder, special_folder
from mailer.inbound.imap import Account, Connection
from mailer.model import Probe, raise_alarm, settle_alarm
from mailer.outbound.compose import LifecycleLetter, compose_lifecycle
from mailer.outbound.outcome import Accepted, say
from mailer.outbound.smtp import Envelope, Relay, RelayAccount
from mailer.signing import fresh_token

PATIENCE = timedelta(minutes=5)
_PAUSE = 2.0
_KEEP = 100
_WORDS = "This mail was sent by Mailer to itself, to see how mails of this shop arrive. It can be deleted."


@dataclass(frozen=True)
class Found:
    """Where the mail lay, and its header."""

    folder: str
    header: bytes


async def probe(
    db: Database,
    clock: Clock,
    settings: Settings,
    mailbox: str,
    *,
    to: str = "",
    patience: timedelta = PATIENCE,
    tell: Callable[[str], None] = lambda words: None,
) -> Probe:
    """Send it, look for it until `patience` is over, judge it, and keep what was found; an alarm where it is bad.

    A relay or a mailbox that refuses is a finding too. Raises ConfigError for a mailbox that does not exist.
    """
    if mailbox not in settings.inbound.mailboxes:
        known = ", ".join(settings.inbound.mailboxes) or "none"
        raise ConfigError("mailbox", [f"there is no [inbound.mailboxes.{mailbox}]; there are: {known}"])
    address, sent_at = to or settings.sender.address, clock.now()
    message_id = f"<probe-{fresh_token()}@{settings.sender.address.rpartition('@')[2]}>"
    made = Probe(mailbox=mailbox, sent_at=sent_at)
    findings = await _sent(settings, address, _letter(settings, address, message_id, sent_at))
    if not findings:
        tell(f"The relay took it; looking for it in the mailbox {mailbox} ...")
        found, findings = await _looked(Account.of(settings, mailbox, clock), message_id, patience)
        if found is not None:
            made.arrived_at, made.folder = clock.now(), found.folder
            findings = _judge(settings, mailbox, found, made.arrived_at - sent_at)
    made.findings = [asdict(one) for one in findings]
    await db.run(keep, made, now=clock.now())
    return made


def keep(session: Session, made: Probe, *, now: datetime) -> None:
    """Keep what was found, forget the oldest, and raise or settle the alarm of this mailbox."""
    session.add(Probe(**made.model_dump(exclude={"id"})))
    session.flush()
    old = select(Probe).where(Probe.mailbox == made.mailbox).order_by(col(Probe.id).desc()).offset(_KEEP)
    for one in session.exec(old.limit(_KEEP)).all():
        session.delete(one)
    bad = [f"{one['name']}: {one['words']}" for one in made.findings if one["ok"] is False]
    if bad:
        raise_alarm(session, "doctor", made.mailbox, "; ".join(bad), now)
    else:
        settle_alarm(session, "doctor", made.mailbox, now)


def _letter(settings: Settings, address: str, message_id: str, now: datetime) -> bytes:
    base = settings.web.public_url or "https://example.com"
    return compose_lifecycle(
        LifecycleLetter(
            message_id=message_id,
            sender_address=settings.sender.address,
            sender_name=settings.sender.name,
            recipient=address,
            recipient_name="",
            subject="Mailer looks after its own mails",
            text=f"{_WORDS}\n",
            html=f"<p>{_WORDS}</p>",
            written_at=now,
            # The kind with the most headers: those of the way out must be covered by the signature.
            kind="feedback",
            flow="doctor",
            locale="en",
            unsubscribe=f"{base.rstrip('/')}/unsubscribe/probe",
        )
    )


async def _sent(settings: Settings, address: str, raw: bytes) -> list[Finding]:
    """Hand it to the relay; what is wrong when it was not taken."""
    relay = Relay(RelayAccount.of(settings))
    sender = settings.sender.address
    try:
        refused = await relay.offer(Envelope(sender, address, len(raw), sender))
        outcome = refused or await relay.hand_over(raw)
    finally:
        await relay.close()
    if isinstance(outcome, Accepted):
        return []
    return [Finding("relay", False, f"it did not take the mail; see what `mailer check` says of it. {say(outcome)}")]


async def _looked(account: Account, message_id: str, patience: timedelta) -> tuple[Found | None, list[Finding]]:
    """Look for it in the mailbox; what is wrong when it is not there, or when nobody lets us look."""
    try:
        found = await _look(account, message_id, patience)
    except Trouble as error:
        return None, [Finding("mailbox", False, f"we cannot look into it; see what `mailer check` says of it. {error}")]
    if found is not None:
        return found, []
    seconds = int(patience.total_seconds())
    words = f"it was not found within {seconds} s, neither in the inbox nor among spam"
    return None, [Finding("arrival", False, f"{words}; does mail to this address get into this mailbox?")]


async def _look(account: Account, message_id: str, patience: timedelta) -> Found | None:
    connection = Connection(account)
    try:
        folders = await connection.run(_folders, account.folder)
        for _ in range(max(1, int(patience.total_seconds() / _PAUSE))):
            for folder in folders:
                if (header := await connection.run(_header_of, folder, message_id)) is not None:
                    return Found(folder, header)
            await asyncio.sleep(_PAUSE)
    finally:
        await connection.close()
    return None


def _folders(client: Any, watched: str) -> list[str]:
    junk = special_folder(client, "\\Junk")
    named = [str(name) for _, _, name in client.list_folders() if str(name).lower() in ("junk", "spam")]
    return list(dict.fromkeys([watched, *([junk] if junk else []), *named]))


def _header_of(client: Any, folder: str, message_id: str) -> bytes | None:
    open_folder(client, folder)
    for uid in client.search(["HEADER", "Message-ID", message_id]):
        answer = client.fetch([uid], ["BODY.PEEK[HEADER]"]).get(uid, {})
        header: bytes | None = answer.get(b"BODY[HEADER]")
        if header is not None:
            return header
    return None


def _judge(settings: Settings, mailbox: str, found: Found, took: timedelta) -> list[Finding]:
    # Our own mail through our own provider, and nothing of it is kept: the standard parser is good enough.
    parsed = BytesHeaderParser(policy=compat32).parsebytes(found.header)
    headers = [(name.lower(), str(value)) for name, value in parsed.items()]
    authserv_id, domain = settings.inbound.mailboxes[mailbox].authserv_id, settings.sender.address.rpartition("@")[2]
    results = read_results(headers, authserv_id, domain)
    return verdict(Arrival(headers, found.folder, took), results, from_domain=domain, authserv_id=authserv_id)
