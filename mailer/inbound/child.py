"""Hostile mail is read in a process of its own, with limits: 5 seconds and 512 MB for each, and its death is no harm.

The child is started at the first mail and lives for many; it is given bytes and answers JSON, both with their length
before them. It knows no database, no network and no settings but those in the question.
"""

import contextlib
import json
import os
import resource
import select
import struct
import subprocess
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail, from_json, to_json
from mailer.inbound.quote import label
from mailer.inbound.showing import Shown, file_of, show

SECONDS = 5.0
MEMORY = 512 * 1024 * 1024
_MAILS_PER_CHILD = 1_000
_LARGEST_AT_REST = 64 * 1024 * 1024
_START_SECONDS = 30.0
_MAX_ANSWER = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_READY = b"{}"
_MODULE = "mailer.inbound.child"


class Reader:
    """Reads mail in a limited child process; safe to use from several threads, which then wait for each other."""

    def __init__(self, ours: Ourselves | None = None, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._ours = ours or Ourselves()
        self._seconds = seconds
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None
        self._read_so_far = 0
        self._lock = threading.Lock()

    def read(self, raw: bytes, authserv_id: str = "") -> ParsedMail:
        """Read a mail. Raises InputError when it cannot be read within the limits, and nothing else."""
        answer = self._answer({"authserv_id": authserv_id or self._ours.authserv_id}, raw)
        try:
            return from_json(answer["mail"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError("mail", ["the process that reads mail gave no sensible answer"]) from None

    def trim(self, text: str) -> Mapping[str, str]:
        """Own words, signature and quoted part of a plain text. Raises InputError."""
        answer: Mapping[str, str] = self._answer({"text": True}, text.encode("utf-8", "replace"))["labelled"]
        return answer

    def show(self, raw: bytes) -> Shown:
        """The mail's HTML, harmless, for a frame. Raises InputError."""
        return Shown.of(self._answer({"show": True}, raw)["shown"])

    def file(self, raw: bytes, sha256: str) -> bytes:
        """The bytes of one file of this mail. Raises InputError when it holds no such file."""
        return b64decode(self._answer({"file": sha256}, raw)["file"])

    def close(self) -> None:
        """End the child; the next mail starts another."""
        with self._lock:
            self._end()

    def _answer(self, question: dict[str, Any], raw: bytes) -> dict[str, Any]:
        question["addresses"] = sorted(self._ours.addresses)
        with self._lock:
            answer = self._exchange(question, raw)
        if problems := answer.get("problems"):
            raise InputError("mail", problems)
        return answer

    def _exchange(self, question: dict[str, Any], raw: bytes) -> dict[str, Any]:
        try:
            child = self._living()
            deadline = monotonic() + self._seconds
            _send(child, _framed(json.dumps(question).encode()) + _framed(raw), deadline)
            answer: dict[str, Any] = json.loads(_receive(child, deadline))
        except TimeoutError:
            self._end()
            return {"problems": [f"it could not be read within {self._seconds:g} seconds"]}
        except (OSError, EOFError, ValueError):
            return {"problems": [f"the process that reads mail died of it ({self._end()})"]}
        self._read_so_far += 1
        if self._read_so_far >= _MAILS_PER_CHILD or answer.get("full"):
            self._end()
        return answer

    def _living(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        command = [sys.executable, "-m", _MODULE, str(self._seconds), str(self._memory)]
        # It imports what we do, from where we do, and is told none of the secrets that the environment may hold.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
        self._child = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
            # An interrupt at the keyboard is for the daemon, which then ends its child.
            start_new_session=True,
        )
        self._read_so_far = 0
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(_number(pipe), False)
        _receive(self._child, monotonic() + _START_SECONDS)
        return self._child

    def _end(self) -> str:
        """Kill the child, and say how it ended."""
        child, self._child = self._child, None
        if child is None:
            return "it was not started"
        with contextlib.suppress(OSError):
            child.kill() if child.poll() is None else None
        code = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return f"signal {-code}" if code < 0 else f"exit {code}"


def serve(seconds: float, memory: int) -> None:
    """Be the child: answer questions on standard input until it ends."""
    with contextlib.suppress(ValueError, OSError):
        # macOS knows no such limit; there only time is limited.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not stand between the frames.
    os.dup2(2, 1)
    _write(answers, _READY)
    while (head := _read(questions)) is not None and (raw := _read(questions)) is not None:
        _limit_cpu(seconds)
        _write(answers, _answered(json.loads(head), raw))


def _answered(question: Mapping[str, Any], raw: bytes) -> bytes:
    try:
        return json.dumps({**_read_one(question, raw), "full": _is_full()}).encode()
    except InputError as error:
        return json.dumps({"problems": error.problems}).encode()
    except MemoryError:
        return json.dumps({"problems": ["it needs more memory than a mail may have"], "full": True}).encode()
    except Exception as error:
        return json.dumps({"problems": [f"it could not be read ({type(error).__name__})"]}).encode()


def _read_one(question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    if question.get("text"):
        labelled = label(raw.decode("utf-8", "replace"))
        words = {"own_words": labelled.own_words, "signature": labelled.signature, "quoted": labelled.quoted}
        return {"labelled": words}
    if question.get("show"):
        return {"shown": show(raw).stored()}
    if sha256 := question.get("file"):
        return {"file": b64encode(file_of(raw, sha256)).decode("ascii")}
    ours = Ourselves(frozenset(question["addresses"]), question["authserv_id"])
    return {"mail": to_json(parse(raw, ours))}


def _is_full() -> bool:
    """Whether a large mail has left the process too big to be kept; where there is no /proc nobody knows."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return False
    return int(pages) * resource.getpagesize() > _LARGEST_AT_REST


def _limit_cpu(seconds: float) -> None:
    """The limit counts from the start of the process, so it is moved on for each mail."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _framed(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def _send(child: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    number, view = _number(child.stdin), memoryview(data)
    while view:
        _wait(number, select.POLLOUT, deadline)
        with contextlib.suppress(BlockingIOError):
            view = view[os.write(number, view[:1_000_000]) :]


def _receive(child: subprocess.Popen[bytes], deadline: float) -> bytes:
    number = _number(child.stdout)
    (length,) = _LENGTH.unpack(_exactly(number, _LENGTH.size, deadline))
    if length > _MAX_ANSWER:
        raise ValueError("an answer that nobody would give")
    return _exactly(number, length, deadline)


def _exactly(number: int, length: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < length:
        _wait(number, select.POLLIN, deadline)
        with contextlib.suppress(BlockingIOError):
            piece = os.read(number, min(length - len(data), 1_000_000))
            if not piece:
                raise EOFError
            data += piece
    return bytes(data)


def _wait(number: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(number, event)
    left = deadline - monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError


def _number(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise OSError("no pipe")
    return pipe.fileno()


def _read(pipe: IO[bytes]) -> bytes | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    return pipe.read(length)


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_framed(data))
    pipe.flush()


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
