"""Hostile input is worked on in a process of its own, with limits of time and memory; its death is no harm.

The child is started at the first question and lives for many; it is given JSON and bytes and answers JSON, each with
its length before it. It knows no database, no network and no settings but those in the question. What `python -m
MODULE` runs calls `serve`.
"""

import contextlib
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mailer.clock import monotonic
from mailer.errors import InputError

_START_SECONDS = 30.0
_MAX_ANSWER = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_READY = b"{}"
# So many times longer a question may last where work is counted and the machine has much else to do.
_BUSY = 5
_OUT_OF_TIME = (f"signal {signal.SIGPROF.value}", f"signal {signal.SIGXCPU.value}")

Answer = Callable[[Mapping[str, Any], bytes], dict[str, Any]]


@dataclass(frozen=True)
class Work:
    """What a child does, in words for people: a "mail" is "read"; and after how many of them a fresh one takes over."""

    thing: str
    does: str
    done: str
    most: int = 1_000
    # Its limit counts work, not time that passes, so that a busy machine refuses nothing; the kernel ends it there.
    by_work: bool = False
    # Larger than this between two of them, a child has had its day.
    at_rest: int = 64 * 1024 * 1024


class Child:
    """A limited child process; safe to use from several threads, which then wait for each other."""

    def __init__(self, module: str, work: Work, *, seconds: float, memory: int) -> None:
        self._module, self._work = module, work
        self._seconds, self._memory = seconds, memory
        self._child: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._done_so_far = 0
        self._lock = threading.Lock()

    def ask(self, question: Mapping[str, Any], raw: bytes = b"") -> dict[str, Any]:
        """The child's answer. Raises InputError when there is none within the limits, and nothing else."""
        with self._lock:
            answer = self._exchange(question, raw)
        if problems := answer.get("problems"):
            raise InputError(self._work.thing, problems)
        return answer

    def warm(self) -> None:
        """Start it now, so that the first question need not wait."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _exchange(self, question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
        try:
            child = self._living()
            deadline = monotonic() + self._seconds * (_BUSY if self._work.by_work else 1)
            _send(child, _framed(json.dumps(question).encode()) + _framed(raw), deadline)
            answer: dict[str, Any] = json.loads(_receive(child, deadline))
        except (OSError, EOFError, ValueError) as error:
            how = self._end()
            if isinstance(error, TimeoutError) or how in _OUT_OF_TIME:
                return {"problems": [f"it could not be {self._work.done} within {self._seconds:g} seconds"]}
            return {"problems": [f"the process that {self._work.does} died of it ({how})"]}
        self._done_so_far += 1
        if self._done_so_far >= self._work.most or answer.get("full"):
            self._end()
        return answer

    def _living(self) -> subprocess.Popen[bytes]:
        child = self._started()
        if not self._is_ready:
            _receive(child, monotonic() + _START_SECONDS)
            self._is_ready = True
        return child

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        command = [sys.executable, "-m", self._module, str(self._seconds), str(self._memory)]
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
        self._done_so_far, self._is_ready = 0, False
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(_number(pipe), False)
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


def serve(answer: Answer, work: Work, prepare: Callable[[], object] = lambda: None) -> None:
    """Be the child: answer questions on standard input until it ends. The limits are the program's arguments.

    `prepare` does what the first question need not wait for.
    """
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(ValueError, OSError):
        # macOS knows no such limit; there only time is limited.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not stand between the frames.
    os.dup2(2, 1)
    prepare()
    _write(answers, _READY)
    while (head := _read(questions)) is not None and (raw := _read(questions)) is not None:
        _limit_cpu(seconds)
        signal.setitimer(signal.ITIMER_PROF, seconds if work.by_work else 0)
        told = _answered(answer, work, head, raw)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, told)


def _answered(answer: Answer, work: Work, head: bytes, raw: bytes) -> bytes:
    try:
        return json.dumps({**answer(json.loads(head), raw), "full": _is_full(work.at_rest)}).encode()
    except InputError as error:
        return json.dumps({"problems": error.problems}).encode()
    except MemoryError:
        problem = f"it needs more memory than a {work.thing} may have"
        return json.dumps({"problems": [problem], "full": True}).encode()
    except Exception as error:
        return json.dumps({"problems": [f"it could not be {work.done} ({type(error).__name__})"]}).encode()


def _is_full(at_rest: int) -> bool:
    """Whether the last one has left the process too big to be kept; where there is no /proc nobody knows."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return False
    return int(pages) * resource.getpagesize() > at_rest


def _limit_cpu(seconds: float) -> None:
    """The limit counts from the start of the process, so it is moved on for each question."""
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
