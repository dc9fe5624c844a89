"""A TCP line to a server that a test can freeze, cut or break off in mid-answer. It sees only bytes, so TLS passes."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass

from tests.rigs.machine import free_port, hang_up

_CHUNK = 4_096


class Wire:
    """Listens on `port` and passes everything on to the server; `received` counts bytes from there."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self.received = 0
        self.connected = 0
        self._server_port = server_port
        self._flows = threading.Event()
        self._flows.set()
        self._open = True
        self._refuses = False
        self._budget: int | None = None
        self._spoil: int | None = None
        self._lines: set[_Line] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def freeze(self) -> None:
        """Pass nothing on in either direction and say nothing: to both ends the other has gone silent (half-open)."""
        self._flows.clear()

    def freeze_after(self, size: int) -> None:
        """Pass so many more bytes of the server, then freeze: a stall in mid-fetch."""
        with self._lock:
            self._budget = size

    def corrupt_after(self, size: int) -> None:
        """Turn over one byte of the server, so many bytes from now."""
        with self._lock:
            self._spoil = size

    def resume(self) -> None:
        """Let what was frozen go on, as if the line had only been slow."""
        self._flows.set()

    def thaw(self) -> None:
        """Let new connections pass; those that were frozen stay silent for ever."""
        with self._lock:
            self._budget = None
        self.strand()
        self._flows.set()

    def strand(self) -> None:
        """Whoever is connected now never hears a word again, nor that it is over, as behind a NAT that forgot them."""
        with self._lock:
            for line in self._lines:
                line.stranded = True

    def cut(self) -> None:
        """End every connection for both sides to see; new ones are taken."""
        with self._lock:
            self._budget = None
            doomed, self._lines = self._lines, set()
        for line in doomed:
            line.hang_up()
        self._flows.set()

    def refuse(self) -> None:
        """End every connection and take no new one, until `admit`."""
        self._refuses = True
        self.cut()

    def admit(self) -> None:
        self._refuses = False

    @property
    def frozen(self) -> bool:
        return not self._flows.is_set()

    def close(self) -> None:
        self._open = False
        hang_up(self._listener)
        self._flows.set()
        self.cut()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                hang_up(client)
                continue
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        if self.frozen:
            # Its first packets are lost, and nobody answers them later.
            with self._lock:
                self._lines.add(_Line(client, client, stranded=True))
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), 5)
        except OSError:
            hang_up(client)
            return
        server.settimeout(None)
        self.connected += 1
        line = _Line(client, server)
        with self._lock:
            self._lines.add(line)
        threading.Thread(target=self._pass, args=(line, client, server), daemon=True).start()
        self._pass(line, server, client)

    def _pass(self, line: "_Line", source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if source is line.server:
                    data = self._spend(sink, data)
                self._flows.wait()
                if not line.stranded:
                    sink.sendall(data)
        # A side that hangs up is heard on the other, unless nobody hears anything any more.
        if not line.stranded or source is line.client:
            line.hang_up()
        with self._lock:
            self._lines.discard(line)

    def _spend(self, sink: socket.socket, data: bytes) -> bytes:
        """Count what the server says; at the end of the budget pass the last bytes and freeze."""
        with self._lock:
            self.received += len(data)
            data = self._spoilt(data)
            if self._budget is None:
                return data
            head, self._budget = data[: self._budget], self._budget - len(data)
            if self._budget > 0:
                return data
            self._budget = None
        sink.sendall(head)
        self._flows.clear()
        return data[len(head) :]

    def _spoilt(self, data: bytes) -> bytes:
        if self._spoil is None or self._spoil >= len(data):
            self._spoil = None if self._spoil is None else self._spoil - len(data)
            return data
        place, self._spoil = self._spoil, None
        return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


@dataclass(eq=False)
class _Line:
    """One connection: its two ends, and whether it is dead without anybody knowing."""

    client: socket.socket
    server: socket.socket
    stranded: bool = False

    def hang_up(self) -> None:
        hang_up(self.client)
        hang_up(self.server)


def silent_for(wire: Wire, seconds: float) -> bool:
    """Whether the server said nothing through this wire for so long: an IDLE has begun."""
    before = wire.received
    time.sleep(seconds)
    return wire.received == before
