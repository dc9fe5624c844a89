"""Get mails from the server, whatever one of them does to it (FAILURES, A10, A15 to A17).

A FETCH that fails for many is repeated mail by mail; a mail that fails alone again and again, on a server that is
otherwise well, is quarantined by its UID and asked for again later. So no mail can stop the others for long.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import Trouble
from mailer.inbound import ledger
from mailer.inbound.folder import Fetched, Folder, Listed, batches, bodies, excerpt, goes_on, listing, open_folder
from mailer.inbound.imap import Connection, MailboxTrouble
from mailer.inbound.patience import Why

log = structlog.get_logger()

Keep = Callable[[Sequence[Fetched], int], Awaitable[None]]

_LISTED_AT_ONCE = 500
_EMPTY_ANSWERS = 3
# A server that says no to one mail will say so again; a line that breaks may be anybody's fault.
_LONE_REFUSALS, _LONE_BREAKS = 2, 4


class Fetcher:
    """Fetches from one folder over one connection; `alive` is told of every portion that is safe."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        connection: Connection,
        mailbox_id: int,
        name: str,
        *,
        largest: int,
        alive: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._connection = connection
        self._mailbox_id = mailbox_id
        self._name = name
        self._largest = largest
        self._alive = alive
        self._empty: Counter[tuple[int, int]] = Counter()
        self._failures: Counter[tuple[int, int]] = Counter()

    @property
    def is_puzzled(self) -> bool:
        """Whether the server lists mails that it does not give: ask again soon."""
        return bool(self._empty)

    async def take(self, folder: Folder, uids: Sequence[int], keep: Keep) -> None:
        """Fetch these mails by portions; `keep` gets each portion and the UID up to which all is done."""
        for start in range(0, len(uids), _LISTED_AT_ONCE):
            asked = uids[start : start + _LISTED_AT_ONCE]
            listed = await self.listed(folder, asked)
            # On a server whose UIDs die with the session, one bad mail would spoil its whole portion for good.
            for batch in batches(listed) if folder.sticky else [[mail] for mail in listed]:
                await self._take(folder, batch, keep)
                await self._alive()
            # What the server did not list is gone.
            await keep([], asked[-1])

    async def listed(self, folder: Folder, uids: Sequence[int]) -> list[Listed]:
        """Size and time of these mails; one of which the server cannot even tell that is set aside."""
        try:
            return await self._connection.run(listing, uids)
        except MailboxTrouble as trouble:
            if trouble.reason is not Why.ORDINARY:
                raise
            if len(uids) == 1:
                await self._fail(folder, Listed(uids[0], 0, self._clock.now()), trouble)
                return []
        await self._open_again(folder)
        middle = len(uids) // 2
        return [*await self.listed(folder, uids[:middle]), *await self.listed(folder, uids[middle:])]

    async def one(
        self, folder: Folder, mail: Listed, question: Callable[[Any, Listed], list[Fetched]] | None = None
    ) -> list[Fetched]:
        """Fetch one mail, by this question if one is given. Raises MailboxTrouble for one that fails, at last aside."""
        await self._open_again(folder)
        try:
            found = await (self._connection.run(question, mail) if question else self._ask([mail]))
        except MailboxTrouble as trouble:
            await self._fail(folder, mail, trouble)
            return []
        self._failures.pop((folder.uidvalidity, mail.uid), None)
        await self._note_empty(folder, [mail], found)
        return found

    async def _take(self, folder: Folder, batch: Sequence[Listed], keep: Keep) -> None:
        try:
            mails = await self._ask(batch)
        except MailboxTrouble as trouble:
            if trouble.reason is not Why.ORDINARY:
                raise
            if not folder.sticky:
                await self._fail(folder, batch[0], trouble)
            await self._one_by_one(folder, batch, keep)
            return
        await self._note_empty(folder, batch, mails)
        await keep(mails, batch[-1].uid)

    async def _one_by_one(self, folder: Folder, batch: Sequence[Listed], keep: Keep) -> None:
        for mail in batch:
            await keep(await self.one(folder, mail), mail.uid)
            await self._alive()

    async def _fail(self, folder: Folder, mail: Listed, trouble: MailboxTrouble) -> None:
        """Set a mail aside that failed alone so often that it is not the line. Raises the trouble until then."""
        if trouble.reason is not Why.ORDINARY:
            raise trouble
        place = (folder.uidvalidity, mail.uid)
        self._failures[place] += 1
        # Where numbers die with the session, a mail is not met again under its number.
        most = _LONE_REFUSALS if trouble.declined else _LONE_BREAKS
        if folder.sticky and self._failures[place] < most:
            raise trouble
        del self._failures[place]
        await self._set_aside(folder, mail, str(trouble))
        await self._open_again(folder)

    async def _ask(self, batch: Sequence[Listed]) -> list[Fetched]:
        if batch[0].size > self._largest:
            return await self._connection.run(excerpt, batch[0])
        mails = await self._connection.run(bodies, [mail.uid for mail in batch])
        return [await self._checked(mail) for mail in mails]

    async def _checked(self, mail: Fetched) -> Fetched:
        """A mail whose bytes are not as many as the server said is asked for again; some servers only count badly.

        Raises MailboxTrouble when there are more bytes than it gives.
        """
        if len(mail.raw) == mail.size:
            return mail
        again = await self._connection.run(bodies, [mail.uid])
        longest = max([mail, *again], key=lambda one: len(one.raw))
        short = len(longest.raw) < mail.size
        if short and await self._connection.run(goes_on, mail.uid, len(longest.raw)):
            words = f"the server gave {len(longest.raw)} bytes of {mail.size}"
            raise MailboxTrouble(words, Why.ORDINARY, declined=True)
        return longest

    async def _note_empty(self, folder: Folder, asked: Sequence[Listed], mails: Sequence[Fetched]) -> None:
        """A mail may vanish between two commands; one that is listed again and again and never given is set aside."""
        given = {mail.uid for mail in mails}
        for mail in asked:
            place = (folder.uidvalidity, mail.uid)
            if mail.uid in given:
                del self._empty[place]
                continue
            self._empty[place] += 1
            if self._empty[place] >= _EMPTY_ANSWERS:
                del self._empty[place]
                await self._set_aside(folder, mail, "it is listed, and no bytes are given")

    async def _open_again(self, folder: Folder) -> None:
        """After a failure the folder is to be selected again; a server that cannot is unwell, not the mail."""
        sessions = self._connection.sessions
        again = await self._connection.run(open_folder, self._name)
        if folder.sticky and again.uidvalidity != folder.uidvalidity:
            raise Trouble("the server renumbered the folder meanwhile", temporary=True)
        if not folder.sticky and self._connection.sessions != sessions:
            raise Trouble("the server forgot its numbers with the connection", temporary=True)

    async def _set_aside(self, folder: Folder, mail: Listed, words: str) -> None:
        now = self._clock.now()
        wait = await self._db.run(ledger.set_aside, self._mailbox_id, folder, mail, words, now=now)
        log.warning("mail_not_given", uid=mail.uid, size=mail.size, why=words, again_in_s=wait.total_seconds())
