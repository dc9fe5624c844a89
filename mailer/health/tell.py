"""Tells alarms by a second channel: another relay than customers' mails take, or a webhook.

An alarm is told when it stands for `tell_after`, again after `repeat`, and once more when it is over. What was told is
noted after the channel took it, so a crash tells it twice rather than never.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import structlog
from sqlmodel import Session, col, or_, select

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import Trouble
from mailer.health import webhook
from mailer.health.advice import advice
from mailer.health_config import AlarmRelay
from mailer.model import Alarm
from mailer.outbound.outcome import Accepted, say
from mailer.outbound.smtp import Envelope, Relay, RelayAccount
from mailer.signing import fresh_token

log = structlog.get_logger()

_LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True)
class News:
    """One alarm to be told by one channel; `over` says that it is over."""

    alarm_id: int
    channel: str
    over: bool
    kind: str
    subject: str
    words: str
    since: datetime


Channel = Callable[[News], Awaitable[None]]


async def tell_alarms(db: Database, clock: Clock, settings: Settings) -> int:
    """Tell what is to be told by every channel of [health]; how much was told. A channel that fails is logged."""
    channels = channels_of(settings, clock)
    if not channels:
        return 0
    health = settings.health
    now = clock.now()
    due = await db.read(news, list(channels), after=health.tell_after, repeat=health.repeat, now=now)
    told = 0
    for one in due:
        try:
            await channels[one.channel](one)
        except Trouble as error:
            log.error("alarm_not_told", channel=one.channel, kind=one.kind, error=str(error))
            continue
        await db.run(note_told, one, now=clock.now())
        told += 1
    return told


def channels_of(settings: Settings, clock: Clock) -> Mapping[str, Channel]:
    """The channels that config.toml names."""
    found: dict[str, Channel] = {}
    health, shop = settings.health, settings.shop.name
    if health.webhook:
        secret = health.webhook_secret.get_secret_value()

        async def by_webhook(one: News) -> None:
            await webhook.post(health.webhook, _as_data(one, shop), secret=secret)

        found["webhook"] = by_webhook
    if (relay := health.alarm_relay) is not None:
        for address in health.alarm_to:
            found[f"mail {address}"] = _mailing(relay, address, shop, clock)
    return found


def news(session: Session, channels: list[str], *, after: timedelta, repeat: timedelta, now: datetime) -> list[News]:
    """What is to be told now, the oldest first."""
    lately = or_(col(Alarm.settled_at).is_(None), col(Alarm.settled_at) > now - _LOOK_BACK)
    alarms = session.exec(select(Alarm).where(lately).order_by(col(Alarm.id))).all()
    return [
        News(
            alarm.id or 0,
            channel,
            alarm.settled_at is not None,
            alarm.kind,
            alarm.subject,
            alarm.words,
            alarm.raised_at,
        )
        for alarm in alarms
        for channel in channels
        if _is_due(alarm, channel, after, repeat, now)
    ]


def note_told(session: Session, one: News, *, now: datetime) -> None:
    """This channel has taken it."""
    alarm = session.exec(select(Alarm).where(Alarm.id == one.alarm_id).with_for_update()).one()
    alarm.told = {**alarm.told, f"{one.channel} over" if one.over else one.channel: now.isoformat()}


def _is_due(alarm: Alarm, channel: str, after: timedelta, repeat: timedelta, now: datetime) -> bool:
    told = alarm.told.get(channel)
    if alarm.settled_at is not None:
        return told is not None and f"{channel} over" not in alarm.told
    if told is None:
        return now - alarm.raised_at >= after
    return now - datetime.fromisoformat(told) >= repeat


def _as_data(one: News, shop: str) -> dict[str, str | bool]:
    return {
        "shop": shop,
        "kind": one.kind,
        "subject": one.subject,
        "words": one.words,
        "since": one.since.isoformat(),
        "over": one.over,
        "advice": advice(one.kind),
    }


def _mailing(relay: AlarmRelay, address: str, shop: str, clock: Clock) -> Channel:
    async def by_mail(one: News) -> None:
        await _send(relay, address, _letter(one, relay.sender, address, shop, clock.now()))

    return by_mail


def _letter(one: News, sender: str, address: str, shop: str, now: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = f"{shop}: {'over: ' if one.over else ''}{one.kind} {one.subject}"
    mail["From"], mail["To"], mail["Date"] = sender, address, format_datetime(now)
    mail["Message-ID"] = f"<{fresh_token()}@{sender.rpartition('@')[2]}>"
    # Nobody's out-of-office is to answer an alarm (RFC 3834, 5).
    mail["Auto-Submitted"] = "auto-generated"
    state = "It is over." if one.over else f"Since {one.since:%Y-%m-%d %H:%M} UTC."
    mail.set_content(f"{one.words}\n\n{state}\n\nWhat to do: {advice(one.kind)}\n")
    return mail.as_bytes()


async def _send(account: AlarmRelay, address: str, raw: bytes) -> None:
    password = account.password.get_secret_value()
    patience = timedelta(seconds=20)
    relay = Relay(
        RelayAccount(
            account.host, account.port, account.tls, account.ca_file, account.username, password, patience, patience
        )
    )
    try:
        refused = await relay.offer(Envelope(account.sender, address, len(raw)))
        outcome = refused or await relay.hand_over(raw)
    finally:
        await relay.close()
    if not isinstance(outcome, Accepted):
        raise Trouble(say(outcome), temporary=True)
