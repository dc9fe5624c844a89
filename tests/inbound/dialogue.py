"""An IMAP server that says what a test tells it to: for answers that a real server does not give on demand."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from mailer.inbound.imap import Account

# Instead of lines: never answer.
HANG = ["HANG"]


class Script:
    """What the server answers to each command, named by its first words; and what it was asked.

    A line that begins with `TAG` takes the place of the tagged OK; None closes the connection.
    """

    def __init__(self, **answers: list[str] | None) -> None:
        folder = ["* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 9] ok"]
        self.answers = {"EXAMINE": folder} | {name.replace("_", " "): lines for name, lines in answers.items()}
        self.asked: list[str] = []

    def answer(self, command: str) -> list[str] | None:
        self.asked.append(command)
        found = (lines for name, lines in self.answers.items() if command.upper().startswith(name.upper()))
        return next(found, [])


@contextmanager
def serving(script: Script) -> Iterator[Account]:
    """Serve a script on a port of its own."""
    stop = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("* OK ready")
            while line := self.rfile.readline():
                tag, _, command = line.decode().strip().partition(" ")
                if tag == "DONE":
                    self._say(f"{self.idle_tag} OK done")
                elif not self._answer(tag, command):
                    return

        def _answer(self, tag: str, command: str) -> bool:
            if command.upper() == "IDLE":
                self.idle_tag = tag
            lines = ["* CAPABILITY IMAP4rev1 IDLE"] if command == "CAPABILITY" else script.answer(command)
            if lines == HANG:
                stop.wait(20)
            if lines is None or lines == HANG:
                return False
            tagged = [line.replace("TAG", tag) for line in lines]
            if command.upper() != "IDLE" and not any(line.startswith("TAG") for line in lines):
                tagged.append(f"{tag} OK done")
            self.wfile.write("".join(f"{line}\r\n" for line in tagged).encode())
            return True

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        port = server.server_address[1]
        yield Account("127.0.0.1", port, "none", None, "care", "secret", "INBOX", timedelta(milliseconds=300))
        stop.set()
        server.shutdown()
        thread.join()
