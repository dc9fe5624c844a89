"""A real Postfix as the shop's relay: takes mail for customer.test into a Maildir, refuses some addresses by name."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from tests.rigs.dovecot import Dovecot
from tests.rigs.machine import free_port, listens, missing, program, wait_for

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
local_recipient_maps =
mynetworks = {networks}
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
virtual_mailbox_domains = customer.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/conf/refuse, $smtpd_relay_restrictions
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/conf/cert.pem
smtpd_tls_key_file = {folder}/conf/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtputf8_enable = yes
relay_domains = loop.test
transport_maps = inline:{{ loop.test=lmtp:inet:127.0.0.1:{lmtp} }}
default_transport = error:no outside
"""
_MASTER = """
127.0.0.1:{open} inet n - n - - smtpd
127.0.0.1:{login} inet n - n - - smtpd -o mynetworks=127.255.255.255/32
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
_REFUSE = """
/^grey/ 450 4.7.1 greylisted, try later
/^gone/ 550 5.1.1 no such user
/^policy/ 550 5.7.1 refused by policy
/^busy/ 421 4.7.0 too many connections
"""


@dataclass(frozen=True)
class Accepted:
    """A mail that Postfix took and put into the Maildir."""

    recipient: str
    message_id: str
    data: bytes

    @property
    def mail(self) -> Message:
        return BytesParser().parsebytes(self.data)


class Postfix:
    """One relay on two ports: `open_port` takes mail from loopback, `login_port` only after AUTH (users of Dovecot).

    What goes to customer.test lies in a Maildir, what goes to loop.test in Dovecot's mailbox of that address.
    """

    def __init__(self, dovecot: Dovecot) -> None:
        self._program = program("postfix", "postfix")
        if os.geteuid() != 0:
            missing("Postfix starts only as root")
        self.folder = Path(tempfile.mkdtemp(prefix="pf", dir="/tmp"))
        self.open_port, self.login_port = dovecot.ports.submission, free_port()
        self._write(dovecot)

    def start(self) -> None:
        self._command("start")
        wait_for(lambda: listens(self.open_port), within=15, what="Postfix takes connections", tell=self.log)

    def stop(self) -> None:
        self._command("stop")
        wait_for(lambda: not listens(self.open_port), within=15, what="Postfix stops", tell=self.log)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        path = self.folder / "maillog"
        return path.read_text(errors="replace")[-4_000:] if path.exists() else "(no log)"

    @contextlib.contextmanager
    def accepting(self, pattern: str) -> Iterator[None]:
        """Not refusing the addresses of this pattern inside the block, as a greylisting server does after a while."""
        path = self.folder / "conf" / "refuse"
        before = path.read_text()
        self._refuse("\n".join(line for line in before.splitlines() if not line.startswith(f"/^{pattern}/")) + "\n")
        try:
            yield
        finally:
            self._refuse(before)

    def _refuse(self, rules: str) -> None:
        (self.folder / "conf" / "refuse").write_text(rules)
        self._command("reload")

    def accepted(self, part: str = "") -> list[Accepted]:
        """Every mail taken for a recipient with `part` in the address, read from the Maildir; two takes are two.

        Waits until nothing lies in Postfix's own queue on its way there.
        """
        wait_for(lambda: not self._queued(), within=20, what="Postfix's queue is empty", tell=self.log)
        found = [_read(path) for path in sorted((self.folder / "mail" / "all" / "new").glob("*"))]
        return [mail for mail in found if part in mail.recipient]

    def _queued(self) -> list[Path]:
        queues = (self.folder / "queue" / name for name in ("incoming", "active", "deferred"))
        return [path for queue in queues for path in queue.rglob("*") if path.is_file()]

    def _command(self, verb: str) -> None:
        command = [self._program, "-c", str(self.folder / "conf"), verb]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}{self.log()}"

    def _write(self, dovecot: Dovecot) -> None:
        conf = self.folder / "conf"
        for name in ("conf", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        main = _MAIN.format(
            folder=self.folder, networks="127.0.0.0/8", sasl=dovecot.ports.sasl, lmtp=dovecot.ports.lmtp
        )
        (conf / "main.cf").write_text(main)
        (conf / "master.cf").write_text(_MASTER.format(open=self.open_port, login=self.login_port))
        (conf / "refuse").write_text(_REFUSE)
        dovecot.write_certificate(conf)
        shutil.chown(self.folder / "mail", "nobody", "nogroup")
        shutil.chown(self.folder / "data", "postfix")
        self.folder.chmod(0o755)


def _read(path: Path) -> Accepted:
    data = path.read_bytes()
    mail = BytesParser().parsebytes(data, headersonly=True)
    return Accepted(mail["X-Original-To"], mail["Message-ID"], data)
