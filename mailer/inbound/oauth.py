"""Access tokens for mailboxes whose provider takes no password (RFC 6749, 6), one refresher at a time.

The newest refresh token lies in a file that only its owner may read. Providers that rotate it make the old one
void, so a new one is on the disk before it, or the access token that came with it, is used. The door to the token
endpoint: HTTPS with the standard library, no redirects.
"""

import fcntl
import http.client
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from mailer.clock import Clock
from mailer.config import OAuthConfig
from mailer.errors import Trouble

_TIMEOUT = 20
_LARGEST_ANSWER = 100_000
# Of an access token's life; after that a fresh one is asked for, while the old one would still do.
_SHARE_OF_LIFE = 0.75
_WITHOUT_A_WORD = timedelta(hours=1)


@dataclass(frozen=True)
class Token:
    """What the provider gave us last."""

    refresh_token: str
    access_token: str = ""
    obtained_at: float = 0.0
    expires_at: float = 0.0
    # Of the refresh token that config.toml named when this was written: a new one there wins over the file.
    configured: str = ""

    def is_stale(self, now: datetime) -> bool:
        """Whether most of its life is over."""
        fresh_until = self.obtained_at + (self.expires_at - self.obtained_at) * _SHARE_OF_LIFE
        return not self.access_token or now.timestamp() >= fresh_until


@dataclass(frozen=True)
class Grant:
    """One mailbox's right to tokens."""

    config: OAuthConfig
    token_file: Path
    clock: Clock

    def access_token(self, *, refused: str = "") -> str:
        """A token to sign in with; another one than `refused`. Raises Trouble when the provider gives none."""
        token = self._read()
        if token.access_token != refused and not token.is_stale(self.clock.now()):
            return token.access_token
        with self._alone():
            # Whoever waited for the lock finds what the one before has brought.
            token = self._read()
            if token.access_token == refused or token.is_stale(self.clock.now()):
                token = self._refresh(token)
            return token.access_token

    def is_stale(self) -> bool:
        """Whether it is time to sign in anew with a fresh token."""
        return self._read().is_stale(self.clock.now())

    def _refresh(self, token: Token) -> Token:
        config, now = self.config, self.clock.now()
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token.refresh_token,
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
            "scope": config.scope,
        }
        answer = _Answer.of(_post(config, {name: value for name, value in form.items() if value}), config.token_url)
        fresh = Token(
            refresh_token=answer.refresh_token or token.refresh_token,
            access_token=answer.access_token,
            obtained_at=now.timestamp(),
            expires_at=(now + answer.lasts).timestamp(),
            configured=self._configured(),
        )
        _write(self.token_file, fresh)
        return fresh

    def _read(self) -> Token:
        configured = self._configured()
        try:
            token = Token(**json.loads(self.token_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Token(configured)
        except (OSError, ValueError, TypeError) as error:
            problem = f"{self.token_file}: cannot be read ({type(error).__name__}); remove it to begin anew"
            raise Trouble(problem, temporary=False) from None
        return token if token.configured == configured else Token(configured)

    def _configured(self) -> str:
        return self.config.refresh_token.get_secret_value()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one refresher work at a time, of all threads and processes."""
        descriptor = os.open(f"{self.token_file}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class _Answer:
    """The endpoint's answer (RFC 6749, 5.1)."""

    access_token: str
    refresh_token: str
    lasts: timedelta

    @classmethod
    def of(cls, answer: tuple[int, bytes], url: str) -> Self:
        status, body = answer
        try:
            told: Any = json.loads(body)
        except ValueError:
            told = None
        told = told if isinstance(told, dict) else {}
        access, refresh = told.get("access_token"), told.get("refresh_token", "")
        if status != 200 or not isinstance(access, str) or not access or not isinstance(refresh, str):
            raise _refusal(status, told, url)
        return cls(access, refresh, _lasts(told.get("expires_in")))


def _lasts(seconds: Any) -> timedelta:
    if isinstance(seconds, str) and seconds.isdigit():
        seconds = int(seconds)
    usable = isinstance(seconds, int | float) and 0 < seconds < 10**8
    return timedelta(seconds=seconds) if usable else _WITHOUT_A_WORD


def _refusal(status: int, told: dict[str, Any], url: str) -> Trouble:
    host = urlsplit(url).hostname
    error = str(told.get("error", ""))[:60]
    if error in ("invalid_grant", "invalid_client", "unauthorized_client"):
        advice = "get a new refresh token and put it into config.toml"
        return Trouble(f"{host} gives no token ({error}); {advice}", temporary=False)
    return Trouble(f"{host} gives no token (HTTP {status} {error})", temporary=True)


def _post(config: OAuthConfig, form: dict[str, str]) -> tuple[int, bytes]:
    url = urlsplit(config.token_url)
    context = ssl.create_default_context(cafile=config.ca_file)
    connection = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=_TIMEOUT, context=context)
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    try:
        connection.request("POST", url.path or "/", urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"{url.hostname} cannot be asked for a token: {error}"[:300], temporary=True) from None
    finally:
        connection.close()


def _write(path: Path, token: Token) -> None:
    """Whole or not at all: written beside, forced to the disk, then renamed."""
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(token), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
