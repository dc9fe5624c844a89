"""An IMAP server of one folder that does what real ones do on bad days: lies, hides, forgets, falls silent."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Fault(StrEnum):
    """What happens when a mail's bytes are asked for."""

    NO = "the server says NO to the whole FETCH, after the mails that it could give"
    EOF = "the connection ends in the middle of the literal"
    LIE = "the literal is longer than announced"
    NIL = "the mail has no bytes"
    MISSING = "the mail is left out of the answer"
    HUGE = "a literal of three gigabytes is announced"
    SHORT = "the first answer lacks the end"


@dataclass
class Letter:
    uid: int
    raw: bytes
    date: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    hidden: bool = False
    flags: set[str] = field(default_factory=set)


@dataclass
class ScriptedImap:
    """The server and what was asked of it. `uidvalidity` None: it says none."""

    uidvalidity: int | None = 7
    sticky: bool = True
    folder: str | None = "INBOX"
    letters: list[Letter] = field(default_factory=list)
    sent: list[Letter] = field(default_factory=list)
    names_sent: bool = True
    faults: dict[int, Fault] = field(default_factory=dict)
    # Answers to the next logins; without one they succeed. A text that begins with * is said before hanging up.
    logins: list[str] = field(default_factory=list)
    selects: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    structure: str = ""
    announce: dict[int, int] = field(default_factory=dict)
    drip: bool = False
    port: int = 0
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def put(self, raw: bytes, *, uid: int = 0, date: datetime | None = None) -> Letter:
        """A mail arrives; under the next UID unless one is given."""
        letter = Letter(uid or self.uidnext, raw)
        letter.date = date or letter.date
        self.letters.append(letter)
        self.letters.sort(key=lambda one: one.uid)
        return letter

    @property
    def uidnext(self) -> int:
        return max((letter.uid for letter in self.letters), default=0) + 1

    def hang_up(self, words: str = "") -> None:
        """End every connection, perhaps with a BYE."""
        for writer in self.writers:
            if words:
                writer.write(f"* BYE {words}\r\n".encode())
            writer.close()
        self.writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        session = _Session(self, reader, writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, _Over):
            await session.run()
        writer.close()


class _Over(Exception):
    pass


class _Session:
    def __init__(self, server: ScriptedImap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.selected: list[Letter] = []

    async def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        await self.writer.drain()

    async def run(self) -> None:
        await self.say("* OK [CAPABILITY IMAP4rev1 IDLE MOVE SPECIAL-USE AUTH=XOAUTH2] scripted")
        while line := await self.reader.readline():
            tag, _, rest = line.decode("latin-1").strip().partition(" ")
            self.server.commands.append(rest)
            command = rest.upper().split(" ")[0]
            command = f"UID_{rest.upper().split(' ')[1]}" if command == "UID" else command
            handle: Callable[[str, str], object] | None = getattr(self, f"do_{command.lower()}", None)
            if handle is None:
                await self.say(f"{tag} BAD {command} is not in the script")
                continue
            await handle(tag, rest)  # type: ignore[misc]

    async def do_capability(self, tag: str, rest: str) -> None:
        await self.say("* CAPABILITY IMAP4rev1 IDLE MOVE SPECIAL-USE AUTH=XOAUTH2", f"{tag} OK done")

    async def do_login(self, tag: str, rest: str) -> None:
        self.server.passwords.append(rest.rsplit(" ", maxsplit=1)[-1].strip('"'))
        await self._let_in(tag)

    async def do_authenticate(self, tag: str, rest: str) -> None:
        await self.say("+ ")
        answer = base64.b64decode(await self.reader.readline()).decode()
        self.server.passwords.append(answer.split("\1")[1].removeprefix("auth=Bearer "))
        await self._let_in(tag)

    async def _let_in(self, tag: str) -> None:
        answer = self.server.logins.pop(0) if self.server.logins else "OK welcome"
        if answer.startswith("*"):
            await self.say(answer)
            raise _Over
        await self.say(f"{tag} {answer}")

    async def do_examine(self, tag: str, rest: str) -> None:
        await self._select(tag, rest.split(" ", 1)[1].strip('"'), "READ-ONLY")

    async def do_select(self, tag: str, rest: str) -> None:
        await self._select(tag, rest.split(" ", 1)[1].strip('"'), "READ-WRITE")

    async def _select(self, tag: str, name: str, mode: str) -> None:
        server = self.server
        if server.selects and not (answer := server.selects.pop(0)).startswith("OK"):
            await self.say(f"{tag} {answer}")
            return
        if name not in (server.folder, "Sent"):
            await self.say(f"{tag} NO [NONEXISTENT] Mailbox doesn't exist: {name}")
            return
        self.selected = server.sent if name == "Sent" else server.letters
        shown = [letter for letter in self.selected if not letter.hidden]
        lines = [f"* {len(shown)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen)"]
        if server.uidvalidity is not None:
            lines.append(f"* OK [UIDVALIDITY {server.uidvalidity}] numbered")
        if not server.sticky:
            lines.append("* NO [UIDNOTSTICKY] not for long")
        lines.append(f"* OK [UIDNEXT {max((one.uid for one in self.selected), default=0) + 1}] next")
        await self.say(*lines, f"{tag} OK [{mode}] selected")

    async def do_list(self, tag: str, rest: str) -> None:
        if self.server.folder and (f'"{self.server.folder}"' in rest or "%" in rest or "*" in rest):
            await self.say(f'* LIST () "/" "{self.server.folder}"')
        if self.server.names_sent and ("%" in rest or "*" in rest or "Sent" in rest):
            await self.say('* LIST (\\Sent) "/" "Sent"')
        await self.say(f"{tag} OK done")

    async def do_status(self, tag: str, rest: str) -> None:
        uidnext = max((one.uid for one in self.server.sent), default=0) + 1
        await self.say(f"* STATUS Sent (UIDVALIDITY 3 UIDNEXT {uidnext})", f"{tag} OK done")

    async def do_uid_search(self, tag: str, rest: str) -> None:
        shown = [letter for letter in self.selected if not letter.hidden]
        found = " ".join(str(letter.uid) for letter in shown if _matches(rest, letter, shown))
        await self.say(f"* SEARCH {found}".rstrip(), f"{tag} OK done")

    async def do_uid_fetch(self, tag: str, rest: str) -> None:
        numbers, items = rest.split(" ", 3)[2:]
        wanted = {int(uid) for uid in numbers.split(",")}
        if self.server.drip and "BODY.PEEK[]" in items:
            while True:
                await self.say("* OK still here")
                await asyncio.sleep(0.02)
        for position, letter in enumerate(self.selected, 1):
            if letter.uid not in wanted or letter.hidden:
                continue
            if not await self._give(tag, position, letter, items):
                return
        await self.say(f"{tag} OK done")

    async def _give(self, tag: str, position: int, letter: Letter, items: str) -> bool:
        raw, header, date = letter.raw, letter.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", letter.date
        size = self.server.announce.get(letter.uid, len(raw))
        parts = [f"UID {letter.uid}".encode()]
        fault = self.server.faults.get(letter.uid) if "BODY.PEEK" in items else None
        if "RFC822.SIZE" in items:
            parts.append(f"RFC822.SIZE {size}".encode())
        if "INTERNALDATE" in items:
            parts.append(f'INTERNALDATE "{date:%d-%b-%Y %H:%M:%S} +0000"'.encode())
        if "BODYSTRUCTURE" in items:
            parts.append(f"BODYSTRUCTURE {self.server.structure or 'NIL'}".encode())
        if fault is Fault.LIE and "BODY.PEEK[]<" in items:
            fault = None
        match fault:
            case Fault.MISSING:
                return True
            case Fault.NO:
                await self.say(f"{tag} NO [SERVERBUG] some of them could not be read")
                return False
            case Fault.NIL:
                parts.append(b"BODY[] NIL")
            case Fault.EOF:
                await self.say(b"* %d FETCH (%s BODY[] {%d}" % (position, b" ".join(parts), len(raw)))
                self.writer.write(raw[: len(raw) // 2])
                await self.writer.drain()
                raise _Over
            case Fault.LIE:
                await self.say(b"* %d FETCH (%s BODY[] {%d}" % (position, b" ".join(parts), len(raw) - 5))
                await self.say(raw + b")", f"{tag} OK done")
                return False
            case Fault.HUGE:
                await self.say(b"* %d FETCH (%s BODY[] {3000000000}" % (position, b" ".join(parts)))
                with contextlib.suppress(ConnectionError):
                    for _ in range(400):
                        self.writer.write(b"x" * 1_000_000)
                        await self.writer.drain()
                raise _Over
            case Fault.SHORT:
                del self.server.faults[letter.uid]
                raw = raw[:-10]
        if fault is not Fault.NIL:
            parts += _bodies(items, raw, header)
        await self.say(b"* %d FETCH (%s)" % (position, b" ".join(parts)))
        return True

    async def do_uid_store(self, tag: str, rest: str) -> None:
        uids = {int(uid) for uid in rest.split(" ")[2].split(",")}
        for letter in self.selected:
            if letter.uid in uids:
                letter.flags |= set(re.findall(r"\(([^)]*)\)", rest))
        await self.say(f"{tag} OK done")

    async def do_uid_move(self, tag: str, rest: str) -> None:
        uids = {int(uid) for uid in rest.split(" ")[2].split(",")}
        self.server.letters = [letter for letter in self.server.letters if letter.uid not in uids]
        await self.say(f"{tag} OK done")

    async def do_append(self, tag: str, rest: str) -> None:
        size = int(rest.rpartition("{")[2].rstrip("}"))
        await self.say("+ go on")
        raw = await self.reader.readexactly(size + 2)
        uid = max((one.uid for one in self.server.sent), default=0) + 1
        self.server.sent.append(Letter(uid, raw[:-2], flags={"\\Seen"} if "Seen" in rest else set()))
        await self.say(f"{tag} OK done")

    async def do_idle(self, tag: str, rest: str) -> None:
        await self.say("+ idling")
        if not await self.reader.readline():
            raise _Over
        await self.say(f"{tag} OK done")

    async def do_noop(self, tag: str, rest: str) -> None:
        await self.say(f"{tag} OK done")

    async def do_logout(self, tag: str, rest: str) -> None:
        await self.say("* BYE bye", f"{tag} OK done")
        raise _Over


def _bodies(items: str, raw: bytes, header: bytes) -> list[bytes]:
    """The parts of the body that were asked for, each as a literal."""
    found = []
    text = raw[len(header) :]
    for name, start, count in re.findall(r"BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", items):
        message_id = b"".join(re.findall(rb"(?mi)^message-id:.*\r\n", header)) + b"\r\n"
        whole = {"": raw, "HEADER": header, "TEXT": text, "HEADER.FIELDS (MESSAGE-ID)": message_id}.get(name, text)
        piece = whole[int(start) : int(start) + int(count)] if start else whole
        label = f"BODY[{name}]<{start}>" if start else f"BODY[{name}]"
        found.append(b"%s {%d}\r\n%s" % (label.encode(), len(piece), piece))
    return found


def _matches(rest: str, letter: Letter, shown: list[Letter]) -> bool:
    if since := re.search(r"SINCE \"?([\w-]+)", rest):
        return letter.date.date() >= datetime.strptime(since[1], "%d-%b-%Y").replace(tzinfo=UTC).date()
    if wanted := re.search(r"HEADER \"?Message-ID\"? \"?(<[^>]+>)", rest, re.IGNORECASE):
        return wanted[1].encode() in letter.raw
    if numbers := re.search(r"SEARCH (\d+):(\d+|\*)", rest):
        position = shown.index(letter) + 1
        last = len(shown) if numbers[2] == "*" else int(numbers[2])
        if not int(numbers[1]) <= position <= last:
            return False
    if numbers := re.search(r"UID (\d+):\*", rest):
        # RFC 3501: `n:*` names the last mail whatever n is.
        return letter.uid >= int(numbers[1]) or letter is shown[-1]
    return True


@contextlib.asynccontextmanager
async def imap_server(**facts: object) -> AsyncIterator[ScriptedImap]:
    """The server on a port of loopback, until the end of the block."""
    server = ScriptedImap(**facts)  # type: ignore[arg-type]
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1_000_000)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.hang_up()
        listener.close()
