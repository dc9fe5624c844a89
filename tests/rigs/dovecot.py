"""A real Dovecot 2.3 with its own folder, ports and certificate authority; as root (it drops to nobody) or not."""

import base64
import grp
import imaplib
import os
import pwd
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.rigs.letters import Letter
from tests.rigs.machine import children, free_port, listens, missing, program, wait_for

PASSWORD = "correct horse"
# With it the rig's provider signs its access tokens (JWT, HS256); Dovecot checks them itself.
TOKEN_KEY = b"the key of the rig's own provider"
_OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""
_PACKAGE = "dovecot-imapd dovecot-lmtpd"

_CONFIG = """
protocols = imap lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = rig
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_max_userip_connections = 100
verbose_proctitle = yes
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwd
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{sieve}
service imap {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

# Scripts answer mail only where Pigeonhole is installed; a Postfix beside this server takes what they write.
_SIEVE_PLUGIN = Path("/usr/lib/dovecot/modules/lib90_sieve_plugin.so")
_SIEVE = """
submission_host = 127.0.0.1:{submission}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{folder}/home/%u/answer.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
}}
"""


@dataclass(frozen=True)
class Ports:
    imap: int
    imaps: int
    lmtp: int
    sasl: int
    submission: int


class Dovecot:
    """One server; each test takes a user of its own, so that they do not meet."""

    def __init__(self) -> None:
        self._program = program("dovecot", _PACKAGE)
        version = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True).stdout
        if not version.startswith("2.3."):
            missing(f"Dovecot {version.strip()}: the rig speaks the configuration of 2.3 (Debian 12)")
        self.folder = Path(tempfile.mkdtemp(prefix="dv", dir="/tmp"))
        self.ports = Ports(*(free_port() for _ in range(5)))
        self.ca = trustme.CA()
        self._process: subprocess.Popen[bytes] | None = None
        self._write()

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Start on the same ports and mail as before; returns when it takes connections."""
        command = [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._up, within=15, what="Dovecot takes connections", tell=self.log)

    def stop(self) -> None:
        """End it and every connection to it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def close(self) -> None:
        """Stop and remove all that it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace")[-4_000:] if path.exists() else "(no log)"

    def add_user(self, name: str, password: str = PASSWORD) -> None:
        """Let somebody log in; again with another password changes it."""
        path = self.folder / "passwd"
        others = [line for line in path.read_text().splitlines() if line.split(":")[0] != name]
        path.write_text("\n".join([*others, f"{name}:{{PLAIN}}{password}::::::"]) + "\n")

    def answer_by(self, user: str, script: str) -> None:
        """Let a Sieve script (RFC 5228) act on each mail that comes for this user, as a vacation responder does."""
        if not _SIEVE_PLUGIN.exists():
            missing("Pigeonhole is not installed: apt-get install dovecot-sieve")
        home = self.folder / "home" / user
        home.mkdir()
        (home / "answer.sieve").write_text(script)
        if os.geteuid() == 0:
            for path in (home, home / "answer.sieve"):
                shutil.chown(path, "nobody", "nogroup")

    def deliver(self, user: str, *letters: Letter) -> None:
        """Hand mails in by LMTP over one connection; they lie in the inbox when this returns."""
        with smtplib.LMTP("127.0.0.1", self.ports.lmtp) as lmtp:
            for letter in letters:
                lmtp.sendmail(letter.sender, [user], letter.data)

    @contextmanager
    def session(self, user: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4_SSL]:
        """An IMAP session through the standard library, apart from the product's own client."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        client = imaplib.IMAP4_SSL("localhost", self.ports.imaps, ssl_context=context, timeout=30)
        client.login(user, PASSWORD)
        try:
            client.select(folder, readonly=folder == "INBOX")
            yield client
        finally:
            client.logout()

    def mails(self, user: str, folder: str = "INBOX") -> dict[int, bytes]:
        """UID and bytes of each mail in a folder."""
        with self.session(user, folder) as client:
            _, answer = client.uid("SEARCH", "ALL")
            uids = answer[0].split()
            return {int(uid): _bytes_of(client, uid) for uid in uids}

    def append(self, user: str, mail: bytes, folder: str = "INBOX") -> None:
        """Put a mail into a folder as another mail program would."""
        with self.session(user) as client:
            client.append(folder, None, None, mail)

    def uidvalidity(self, user: str) -> int:
        with self.session(user) as client:
            _, answer = client.status("INBOX", "(UIDVALIDITY)")
            return int(re.sub(rb"\D", b"", answer[0].rpartition(b"(")[2]))

    def reset_uidvalidity(self, user: str) -> None:
        """As after a restore: another UIDVALIDITY, and the mails numbered from 1 the other way round."""
        running = self._process is not None
        self.stop()
        _renumber(self.folder / "mail" / user)
        if running:
            self.start()

    def kill_imap(self, user: str) -> int:
        """SIGKILL each imap process that serves this user; returns how many there were."""
        return self._kill("imap", user)

    def kill_login(self) -> int:
        """SIGKILL the login processes, which also carry the TLS of every connection."""
        return self._kill("imap-login", "")

    def _kill(self, name: str, user: str) -> int:
        assert self._process is not None
        killed = 0
        for pid, title in children(self._process.pid).items():
            if title == name and user in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        return killed

    def _up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"Dovecot ended at once\n{self.log()}")
        return listens(self.ports.imaps) and listens(self.ports.lmtp)

    def _write(self) -> None:
        root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        team = grp.getgrgid(owner.pw_gid).gr_name
        self.write_certificate(self.folder)
        for name in ("mail", "home", "run", "state"):
            (self.folder / name).mkdir()
        (self.folder / "passwd").touch()
        (self.folder / "keys" / "default" / "HS256").mkdir(parents=True)
        (self.folder / "keys" / "default" / "HS256" / "default").write_bytes(base64.b64encode(TOKEN_KEY))
        (self.folder / "oauth2.conf").write_text(_OAUTH2.format(folder=self.folder))
        sieve = _SIEVE.format(folder=self.folder, **vars(self.ports)) if _SIEVE_PLUGIN.exists() else ""
        config = _CONFIG.format(folder=self.folder, user=owner.pw_name, group=team, sieve=sieve, **vars(self.ports))
        (self.folder / "dovecot.conf").write_text(config)
        if root:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, owner.pw_name, team)
        self.folder.chmod(0o755)

    def write_certificate(self, folder: Path) -> None:
        """ca.pem, cert.pem and key.pem for localhost, for this server and for a Postfix beside it."""
        issued = self.ca.issue_cert("localhost", "127.0.0.1")
        self.ca.cert_pem.write_to_path(str(folder / "ca.pem"))
        issued.private_key_pem.write_to_path(str(folder / "key.pem"))
        (folder / "cert.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))


def _bytes_of(client: imaplib.IMAP4_SSL, uid: bytes) -> bytes:
    _, answer = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
    part = next(part for part in answer if isinstance(part, tuple))
    return bytes(part[1])


def _renumber(maildir: Path) -> None:
    path = maildir / "dovecot-uidlist"
    header, *lines = path.read_text().splitlines()
    names = [line.split(" ", 1)[1] for line in reversed(lines)]
    header = re.sub(r" V(\d+) N\d+", lambda old: f" V{int(old[1]) + 7} N{len(names) + 1}", header)
    path.write_text("\n".join([header, *(f"{uid} {name}" for uid, name in enumerate(names, 1))]) + "\n")
    for stale in maildir.glob("dovecot.index*"):
        stale.unlink()
