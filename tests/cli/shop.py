"""A shop's folder for commands: made by `mailer init`, with a config of our own, and commands as processes."""

import os
import subprocess
import sys
from pathlib import Path

from mailer.db import Database
from tests import build
from tests.conftest import NOW

CONFIG = """
[shop]
name = "Linen & Co"
[inbound.mailboxes.support]
host = "127.0.0.1"
port = 1
tls = "none"
username = "care@shop.test"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
port = 1
tls = "none"
"""


def mailer(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `mailer` in this folder to its end, as a stranger's shell would."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    return subprocess.run(
        [sys.executable, "-m", "mailer", *arguments],
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fill(db: Database) -> build.Asked:
    """A draft that waits, a mail that needs a person, and people who decide."""
    case = db.run_here(build.asked, NOW)
    db.run_here(build.customer_mail, NOW, sender="bo@customer.test", intent="other")
    db.run_here(build.draft_all, NOW)
    return case
