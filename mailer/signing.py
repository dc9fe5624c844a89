"""Identifiers that must repeat (HMACs under the shop's key file) and secrets that must not."""

import base64
import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from mailer.errors import ConfigError

_KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """The shop's signing keys: the first signs, all verify."""

    keys: tuple[bytes, ...]

    def sign(self, purpose: str, text: str) -> str:
        """128 bits of HMAC-SHA256 over purpose and text, in lower-case base32 (safe in any address or header)."""
        return _digest(self.keys[0], purpose, text)

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Whether one of our keys made this signature for this purpose."""
        given = signature.encode()
        matches = [hmac.compare_digest(_digest(key, purpose, text).encode(), given) for key in self.keys]
        return any(matches)

    def derive(self, purpose: str, text: str) -> tuple[str, ...]:
        """160 bits for this purpose and text from each key, in base32: a secret that need not be stored."""
        wholes = (_whole(key, purpose, text) for key in self.keys)
        return tuple(base64.b32encode(whole[:20]).decode() for whole in wholes)

    def message_id(self, business_key: str, domain: str) -> str:
        """The Message-ID of an outgoing mail (RFC 5322, 3.6.4): the same for the same business key, always."""
        return f"<{self.sign('message-id', business_key)}@{domain}>"


def read_keys(path: Path) -> Keys:
    """The keys of a key file: one a line, base64, `#` for remarks. Raises ConfigError."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the key file cannot be read ({type(error).__name__}); `mailer init` writes one"
        raise ConfigError(str(path), [problem]) from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(str(path), [f"others may read the key file; run: chmod 600 {path}"])
    keys = tuple(_decode(line) for line in lines if line.strip() and not line.startswith("#"))
    if not keys or any(len(key) < _KEY_BYTES for key in keys):
        raise ConfigError(str(path), ["needs at least one key of 32 bytes in base64; `mailer init` writes one"])
    return Keys(keys)


def write_key_file(path: Path) -> None:
    """Make a key file with one fresh key, readable by its owner only. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# Mailer's signing keys: the first line signs, all lines verify. Keep it secret, keep a copy.\n")
        file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n")


def fresh_token() -> str:
    """A secret of 256 bits for a link, a session or an API client; store only its `token_hash`."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token: enough to recognise it, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def tombstone(address: str) -> str:
    """What stands in the place of a forgotten address: enough to recognise it, too little to write to it."""
    return f"forgotten:{hashlib.sha256(f'mailer tombstone {address.strip().lower()}'.encode()).hexdigest()[:32]}"


def digest(data: bytes) -> str:
    """The name of these bytes: SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _digest(key: bytes, purpose: str, text: str) -> str:
    return base64.b32encode(_whole(key, purpose, text)[:16]).decode().rstrip("=").lower()


def _whole(key: bytes, purpose: str, text: str) -> bytes:
    return hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()


def _decode(line: str) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except ValueError:
        return b""
