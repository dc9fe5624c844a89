"""A mailbox's past over IMAP: folders are opened read only, bodies are fetched without marking them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.errors import InputError, MailerError
from mailer.inbound.child import Reader
from mailer.inbound.folder import (
    Fetched,
    Listed,
    batches,
    bodies,
    excerpt,
    listing,
    open_folder,
    special_folder,
    uids_since,
)
from mailer.inbound.imap import Account, Connection, MailboxTrouble
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.patience import Why

_LONGEST = 20_000


@dataclass(frozen=True)
class Past:
    """A mail that came; `mail` is None where it cannot be read."""

    uid: int
    at: datetime
    mail: ParsedMail | None


@dataclass(frozen=True)
class RealAnswer:
    """What a person sent then."""

    message_id: str
    answers: tuple[str, ...]
    at: datetime
    recipients: tuple[str, ...]
    subject: str
    text: str


class History:
    """One mailbox over one connection; mails are parsed in the limited child process."""

    def __init__(self, account: Account, reader: Reader, authserv_id: str) -> None:
        self._account = account
        self._connection = Connection(account)
        self._reader = reader
        self._authserv_id = authserv_id

    async def sent_folder(self, configured: str) -> str:
        """The folder of sent mail; empty where config.toml wants none. Raises MailerError when there is none."""
        if configured == "none":
            return ""
        if configured != "auto":
            return configured
        if found := await self._connection.run(special_folder, "\\Sent"):
            return found
        raise MailerError(
            f"{self._account.host} names no folder of sent mail, so there is nothing to compare with; "
            'write sent = "FOLDER" under the mailbox in config.toml, or sent = "none" to see the drafts alone'
        )

    async def wanted(self, folder: str, since: datetime, most: int) -> list[Listed]:
        """The mails of a folder since then, the newest `most` of them, in order of receipt."""
        opened = await self._connection.run(open_folder, folder)
        uids = await self._connection.run(uids_since, opened, since)
        listed = [mail for mail in await self._connection.run(listing, uids) if mail.internal_date >= since]
        return sorted(listed, key=lambda mail: (mail.internal_date, mail.uid))[-most:]

    async def inbox(self, folder: str, listed: list[Listed]) -> AsyncIterator[Past]:
        """These mails of the folder that `wanted` opened last, read."""
        async for fetched in self._fetch(folder, listed):
            yield Past(fetched.uid, fetched.internal_date, self._parsed(fetched))

    async def answers(self, folder: str, since: datetime, tell: Callable[[int, int], None]) -> list[RealAnswer]:
        """All that was sent since then, in order."""
        listed = await self.wanted(folder, since, 1_000_000)
        found = []
        async for fetched in self._fetch(folder, listed):
            mail = self._parsed(fetched)
            if mail is not None:
                found.append(_answer(mail, fetched.internal_date))
            tell(len(found), len(listed))
        return found

    async def close(self) -> None:
        """Sign out."""
        await self._connection.close()

    async def _fetch(self, folder: str, listed: list[Listed]) -> AsyncIterator[Fetched]:
        for batch in batches(listed):
            try:
                fetched = await self._ask(batch)
            except MailboxTrouble as trouble:
                if trouble.reason is not Why.ORDINARY:
                    raise
                fetched = [one for mail in batch for one in await self._alone(folder, mail)]
            for mail in sorted(fetched, key=lambda one: (one.internal_date, one.uid)):
                yield mail

    async def _ask(self, batch: list[Listed]) -> list[Fetched]:
        if batch[0].size > self._account.largest:
            return await self._connection.run(excerpt, batch[0])
        return await self._connection.run(bodies, [mail.uid for mail in batch])

    async def _alone(self, folder: str, mail: Listed) -> list[Fetched]:
        """A mail of a portion that failed; one that the server does not give even now counts as unreadable."""
        await self._connection.run(open_folder, folder)
        try:
            return await self._ask([mail])
        except MailboxTrouble as trouble:
            if trouble.reason is not Why.ORDINARY:
                raise
            return [Fetched(mail.uid, mail.internal_date, b"")]

    def _parsed(self, fetched: Fetched) -> ParsedMail | None:
        if not fetched.raw:
            return None
        try:
            return self._reader.read(fetched.raw, self._authserv_id)
        except InputError:
            return None


def _answer(mail: ParsedMail, at: datetime) -> RealAnswer:
    named = (mail.in_reply_to, *reversed(mail.reference_ids))
    return RealAnswer(
        message_id=mail.message_id,
        answers=tuple(dict.fromkeys(one for one in named if one)),
        at=at,
        recipients=tuple(one.address for one in mail.to),
        subject=mail.subject,
        text=(mail.own_words or mail.text)[:_LONGEST].strip(),
    )
