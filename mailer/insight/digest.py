"""The weekly digest by mail: to each reader what they can act on, as plain text that any mail program shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from zoneinfo import ZoneInfo

from sqlmodel import Session

from mailer.calendars import parse_zone
from mailer.config import Settings
from mailer.errors import Trouble
from mailer.insight.reports import REPORTS
from mailer.insight.sheet import Cell, Column, Filters, Sheet
from mailer.insight_config import InsightConfig
from mailer.outbound.outcome import Accepted, say
from mailer.outbound.smtp import Envelope, Relay, RelayAccount
from mailer.signing import Keys

_ALL = ("warnings", "clocks", "backlog", "intents", "templates", "faults", "satisfaction", "reviews", "returns")
_PARTS = {
    "digest_all": (*_ALL, "shipping", "routes"),
    "digest_purchasing": ("warnings", "returns", "reviews"),
    "digest_editors": ("reviews", "returns", "products"),
    "digest_logistics": ("shipping", "routes", "warnings"),
}
_MOST_ROWS = 15
_WIDEST = 40
_FORMS = {"share": "{:.0%}", "hours": "{:.1f} h", "days": "{:.1f} d", "number": "{:.2f}"}


@dataclass(frozen=True)
class Digest:
    """What one reader gets."""

    address: str
    subject: str
    text: str


def last_week(zone: ZoneInfo, now: datetime) -> Filters:
    """The seven days before today."""
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    return Filters(yesterday - timedelta(days=6), yesterday, zone)


def digests(session: Session, settings: Settings, *, now: datetime) -> list[Digest]:
    """One for each address of [insight]; who stands in several lists gets all their parts in one mail."""
    filters = last_week(parse_zone(settings.shop.zone), now)
    wanted = readers(settings.insight)
    sheets = {key: REPORTS[key](session, filters, now) for key in {key for keys in wanted.values() for key in keys}}
    subject = f"{settings.shop.name}: the week to {filters.last:%Y-%m-%d}"
    return [
        Digest(address, subject, "\n\n".join(as_text(sheets[key]) for key in keys) + "\n")
        for address, keys in wanted.items()
    ]


def readers(insight: InsightConfig) -> Mapping[str, Sequence[str]]:
    """Each address with the reports that it gets."""
    found: dict[str, list[str]] = {}
    for field, keys in _PARTS.items():
        for address in getattr(insight, field):
            mine = found.setdefault(address, [])
            mine += [key for key in keys if key not in mine]
    return found


def as_text(sheet: Sheet) -> str:
    """A report as lines of text, with its definition under it."""
    head = f"{sheet.title}\n{'-' * len(sheet.title)}"
    if not sheet.rows:
        return f"{head}\nNothing in this week.\n\n{sheet.definition}"
    rows = [[say_cell(cell, column) for cell, column in zip(row, sheet.columns, strict=True)] for row in sheet.rows]
    names = [column.name for column in sheet.columns]
    widths = [min(_WIDEST, max(len(line[place]) for line in [names, *rows])) for place in range(len(names))]
    lines = [_line(line, widths) for line in [names, *rows[:_MOST_ROWS]]]
    more = [f"... and {len(rows) - _MOST_ROWS} more"] if len(rows) > _MOST_ROWS else []
    return "\n".join([head, *lines, *more, "", sheet.definition])


def say_cell(cell: Cell, column: Column) -> str:
    """A value as people read it."""
    form = _FORMS.get(column.kind)
    if cell is None:
        return "-"
    return form.format(cell) if form and isinstance(cell, int | float) else str(cell)


async def send(settings: Settings, keys: Keys, digests: Sequence[Digest], *, now: datetime) -> int:
    """Send them by the relay of customers' mails; how many it took. Raises Trouble with the first refusal, at the end.

    The Message-ID repeats for the same reader and week, so a provider may recognise a digest that is sent twice.
    """
    relay, refusals, taken = Relay(RelayAccount.of(settings)), [], 0
    try:
        for one in digests:
            raw = _letter(settings, keys, one, now)
            envelope = Envelope(settings.sender.address, one.address, len(raw), settings.sender.address)
            outcome = await relay.offer(envelope) or await relay.hand_over(raw)
            taken += isinstance(outcome, Accepted)
            refusals += [] if isinstance(outcome, Accepted) else [say(outcome)]
    finally:
        await relay.close()
    if refusals:
        raise Trouble(f"{len(refusals)} of {len(digests)} digests were not taken: {refusals[0]}", temporary=True)
    return taken


def _letter(settings: Settings, keys: Keys, digest: Digest, now: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    sender = settings.sender
    mail["From"], mail["To"] = formataddr((sender.name, sender.address)), digest.address
    mail["Subject"], mail["Date"] = digest.subject, format_datetime(now)
    domain = sender.address.rpartition("@")[2]
    mail["Message-ID"] = keys.message_id(f"digest-{digest.subject}-{digest.address}", domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(digest.text)
    return mail.as_bytes()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell[:width].ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
