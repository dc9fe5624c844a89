"""What every rig asks of the machine: a free port, patience with an end, a program that must be installed."""

import contextlib
import hashlib
import os
import random
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")

# Below the range from which the kernel draws ports for outgoing connections; a share of it for each test process.
_LOWEST, _SHARE = 12_000, 1_250
_chance = random.Random(os.getpid())


def free_port() -> int:
    """A port on loopback that nobody listens on, out of this process's own share."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15").removeprefix("gw")) % 16
    while True:
        port = _LOWEST + worker * _SHARE + _chance.randrange(_SHARE)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(
    question: Callable[[], T], *, within: float, what: str, every: float = 0.02, tell: Callable[[], str] | None = None
) -> T:
    """The first true answer to a question asked again and again. Raises AssertionError after `within` seconds."""
    end = time.monotonic() + within
    while not (answer := question()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within:g} s\n{tell() if tell else ''}")
        time.sleep(every)
    return answer


def listens(port: int) -> bool:
    """Whether somebody takes connections on this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def hang_up(end: socket.socket) -> None:
    """Close a connection for both sides at once, whoever else still reads from it here."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def program(name: str, package: str) -> str:
    """The path of a program. Without it the test is skipped by the name of its Debian package; in CI it fails."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    return path or missing(f"{name} is not installed: apt-get install {package}")


def missing(why: str) -> NoReturn:
    """Skip with this reason; fail in CI, where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def children(pid: int) -> dict[int, str]:
    """The direct children of a process, and the name of each."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = _stat(entry)
        except OSError:
            continue
        if int(fields[1]) == pid:
            found[int(entry.parent.name)] = name
    return found


def group(pgid: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, fields = _stat(entry)
        except OSError:
            continue
        if int(fields[2]) == pgid and fields[0] != "Z":
            members.append(int(entry.parent.name))
    return members


def cpu_seconds(pgid: int) -> float:
    """Processor time that a process group has used, in seconds."""
    total = 0
    for pid in group(pgid):
        try:
            _, fields = _stat(Path(f"/proc/{pid}/stat"))
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pgid: int) -> float:
    """Memory that a process group holds, shared pages counted once a process, in MB of 1,000,000 bytes."""
    total = 0
    for pid in group(pgid):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return total * 1024 / 1e6


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256, computed without the product's own code."""
    return hashlib.sha256(data).hexdigest()


def facts() -> str:
    """The machine in one line, to stand beside figures."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    system = os.uname()
    return f"{os.cpu_count()} x {cpu}, {memory / 1e6:.0f} GB, {system.sysname} {system.release}"


def _stat(path: Path) -> tuple[str, list[str]]:
    head, _, tail = path.read_text().rpartition(")")
    return head.partition("(")[2], tail.split()


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
