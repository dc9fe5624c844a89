"""One real `mailer run` in a process group of its own, to be killed, asked to end, and measured."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.rigs.machine import cpu_seconds, group, resident_megabytes, wait_for

COMMAND = (sys.executable, "-m", "mailer")
_ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """The tests' environment without what would be read as configuration."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("MAILER_", "PYTEST_", "COV_"))}
    return {**ours, "PYTHONPATH": str(_ROOT), "COLUMNS": "200"}


class Daemon:
    """`mailer run` in this folder; its output goes to a log file there."""

    def __init__(self, folder: Path, name: str = "run") -> None:
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Start it; returns at once."""
        assert self._process is None, "it runs already"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*COMMAND, "run", *arguments],
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, "the daemon is not running"
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and when it was never started."""
        return self._process.poll() if self._process else None

    def kill(self) -> None:
        """SIGKILL its own process; what it started must end by itself."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        self._wait(10)
        wait_for(lambda: not group(pid), within=10, what="the killed daemon's children end")

    def terminate(self, within: float = 30) -> tuple[int, float]:
        """SIGTERM; the exit code, and the seconds until the end."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        return self._wait(within), time.monotonic() - began

    def close(self) -> None:
        """End it with all that it started, whatever it does."""
        if self._process is None:
            return
        for pid in group(self.pid):
            os.kill(pid, signal.SIGKILL)
        self._wait(10)

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def megabytes(self) -> float:
        return resident_megabytes(self.pid)

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-6_000:] if self._log.exists() else "(no log)"

    def _wait(self, seconds: float) -> int:
        assert self._process is not None
        code = self._process.wait(seconds)
        self._process = None
        return code
