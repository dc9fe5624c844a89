"""An SMTP line to Postfix that knows where in the dialogue it is, and stalls or breaks off there when told.

It speaks in lockstep (one command, one answer; no TLS, no pipelining) and keeps a record of every passage, so a test
can say which mail had got how far when something died.
"""

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum

from tests.rigs.machine import free_port, hang_up, wait_for


class Point(StrEnum):
    """How far a mail has come."""

    MAIL = "MAIL"  # the command has come; Postfix has not heard it
    RCPT = "RCPT"  # as above
    DATA = "DATA"  # the command has come, 354 was not said: the body has not left
    BODY = "BODY"  # the whole body has come; Postfix has not had its end
    ACCEPTED = "ACCEPTED"  # Postfix said 250 to the body; the client has not heard it


@dataclass
class Passage:
    """One mail through the relay, with the moment at which it came to each point."""

    sender: str
    recipient: str = ""
    message_id: str = ""
    reached: dict[Point, float] = field(default_factory=dict)
    accepted: bool = False
    told: bool = False
    held_at: Point | None = None


@dataclass
class _Rule:
    point: Point
    cut: bool
    times: int
    recipient: str


class Broken(Exception):
    """One end is gone."""


class Relay:
    """Listens on `port`; rules made by `stall` and `cut` each act `times` times, then mails pass again."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self.passages: list[Passage] = []
        self.connections = 0
        self._server_port = server_port
        self._rules: list[_Rule] = []
        self._go = threading.Event()
        self._refuses = False
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def stall(self, point: Point, *, times: int = 1, recipient: str = "") -> None:
        """Hold the next mail (for this recipient) at this point until `let_go`, or until the client is gone."""
        self._add(_Rule(point, False, times, recipient))

    def cut(self, point: Point, *, times: int = 1, recipient: str = "") -> None:
        """Break the connection when the next mail (for this recipient) comes to this point."""
        self._add(_Rule(point, True, times, recipient))

    def let_go(self) -> None:
        """Forget all rules and let what is held go on."""
        with self._lock:
            self._rules = []
            self._go.set()

    def refuse(self) -> None:
        """End every connection, and close each new one at once, as a relay that is down behind its load balancer."""
        self._refuses = True
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            hang_up(client)

    def admit(self) -> None:
        self._refuses = False

    def held(self, point: Point) -> list[Passage]:
        """The mails that are held at this point now."""
        with self._lock:
            return [passage for passage in self.passages if passage.held_at is point]

    def wait_held(self, point: Point, *, within: float = 20, count: int = 1) -> list[Passage]:
        """Wait until so many mails are held at this point."""
        wait_for(lambda: len(self.held(point)) >= count, within=within, what=f"{count} mails at {point}", every=0.002)
        return self.held(point)

    def close(self) -> None:
        self._listener.close()
        self.let_go()

    def _add(self, rule: _Rule) -> None:
        with self._lock:
            self._go.clear()
            self._rules.append(rule)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._refuses:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, Broken), self._connect() as server:
            with self._lock:
                self._clients.add(client)
            try:
                _Dialogue(self, _Lines(client), _Lines(server)).run()
            finally:
                with self._lock:
                    self._clients.discard(client)
                hang_up(client)
                hang_up(server)

    def _connect(self) -> socket.socket:
        server = socket.create_connection(("127.0.0.1", self._server_port), 5)
        server.settimeout(120)
        return server

    def begin(self, sender: str) -> Passage:
        passage = Passage(sender)
        with self._lock:
            self.passages.append(passage)
        return passage

    def reach(self, passage: Passage, point: Point, client: socket.socket) -> None:
        """Note that a mail came here, and do what the rules say. Raises Broken."""
        passage.reached[point] = time.time()
        rule = self._rule(passage, point)
        if rule is None:
            return
        if rule.cut:
            raise Broken
        passage.held_at = point
        try:
            self._hold(client)
        finally:
            passage.held_at = None

    def _rule(self, passage: Passage, point: Point) -> _Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.point is point and rule.times > 0 and rule.recipient in passage.recipient:
                    rule.times -= 1
                    return rule
        return None

    def _hold(self, client: socket.socket) -> None:
        client.setblocking(False)
        try:
            while not self._go.wait(0.01):
                with contextlib.suppress(BlockingIOError):
                    if client.recv(1, socket.MSG_PEEK) == b"":
                        raise Broken
        finally:
            client.setblocking(True)


class _Lines:
    """A socket read line by line."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._file = end.makefile("rb")

    def line(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise Broken
        return line

    def reply(self) -> bytes:
        """A whole SMTP reply, all its lines."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return b"".join(lines)

    def body(self) -> bytes:
        """Everything up to the lone dot, with it."""
        lines = [self.line()]
        while lines[-1] != b".\r\n":
            lines.append(self.line())
        return b"".join(lines)

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)


class _Dialogue:
    """One connection: passes commands on, answers back, and stops where the relay says."""

    def __init__(self, relay: Relay, client: _Lines, server: _Lines) -> None:
        self._relay, self._client, self._server = relay, client, server
        self._passage: Passage | None = None

    def run(self) -> None:
        self._client.say(self._server.reply())
        while True:
            command = self._client.line()
            word = command[:4].upper().decode("ascii", "replace")
            if word == "DATA":
                self._data(command)
                continue
            self._note(word, command)
            self._client.say(_plain(self._ask(command)))
            if word == "QUIT":
                return

    def _ask(self, command: bytes) -> bytes:
        self._server.say(command)
        return self._server.reply()

    def _note(self, word: str, command: bytes) -> None:
        address = re.search(rb"<([^>]*)>", command)
        if word == "MAIL":
            self._passage = self._relay.begin(address[1].decode() if address else "")
            self._reach(Point.MAIL)
        elif word == "RCPT" and self._passage is not None and address:
            self._passage.recipient = address[1].decode()
            self._reach(Point.RCPT)

    def _data(self, command: bytes) -> None:
        passage = self._passage or self._relay.begin("")
        self._reach(Point.DATA)
        answer = self._ask(command)
        self._client.say(answer)
        if not answer.startswith(b"354"):
            return
        body = self._client.body()
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", body)
        passage.message_id = found[1].decode() if found else ""
        self._reach(Point.BODY)
        answer = self._ask(body)
        passage.accepted = answer.startswith(b"250")
        self._reach(Point.ACCEPTED)
        self._client.say(answer)
        passage.told = True

    def _reach(self, point: Point) -> None:
        if self._passage is not None:
            self._relay.reach(self._passage, point, self._client.socket)


def _plain(answer: bytes) -> bytes:
    """The answer to EHLO without what this line cannot follow."""
    lines = answer.splitlines(keepends=True)
    kept = [line for line in lines if not re.match(rb"250[ -](STARTTLS|CHUNKING|PIPELINING)", line)]
    if kept and kept[-1][3:4] == b"-":
        kept[-1] = kept[-1][:3] + b" " + kept[-1][4:]
    return b"".join(kept)
