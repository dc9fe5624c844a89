"""[health] in config.toml: who is told when something is wrong, by a way that does not depend on what is wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from mailer.sections import Address, Section, Span


class AlarmRelay(Section):
    host: str
    port: int = 587
    tls: Literal["implicit", "starttls", "none"] = "starttls"
    ca_file: Path | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Address


class HealthConfig(Section):
    webhook: str = ""
    webhook_secret: SecretStr = SecretStr("")
    alarm_to: tuple[Address, ...] = ()
    alarm_relay: AlarmRelay | None = None
    tell_after: Span = timedelta(minutes=2)
    repeat: Span = timedelta(hours=24)
    disk_free_mb: int = Field(default=1_000, ge=0)
    probe: bool = False

    @field_validator("webhook")
    @classmethod
    def _webhook(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname and value.isprintable()):
            raise ValueError(f'"{value}" is not an address to post to; write it as in https://hooks.example.com/mailer')
        return value


def health_problems(health: HealthConfig) -> list[str]:
    """What the section says against itself: every mistake with its key."""
    if health.alarm_to and health.alarm_relay is None:
        return ["health.alarm_to: needs [health.alarm_relay]; the relay that customers' mails take may be what fails"]
    if health.alarm_relay and not health.alarm_to:
        return ["health.alarm_relay: needs alarm_to, the addresses that are told"]
    return []
