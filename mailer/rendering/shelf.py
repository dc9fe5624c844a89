"""The templates in service: read anew when the number in the database changed, the last good text of a broken one kept.

`catalog` is what rooms are given: it always shows the newest picture, and one that never changes inside.
"""

import asyncio
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Comparison, TemplateRevision, TemplateState, raise_alarm, settle_alarm
from mailer.rendering import front
from mailer.rendering.attachment import MOST_IN_A_MAIL
from mailer.rendering.catalog import Catalog
from mailer.rendering.environment import includes, mail_environment
from mailer.rendering.files import attachments
from mailer.rendering.image import pictures
from mailer.rendering.published import FILES_ONLY, Challenger, Published
from mailer.rendering.revision import edition_now

log = structlog.get_logger()

ALARM = "template_published"


class TemplateShelf:
    """What one process knows of the templates in service. Safe to ask from several threads."""

    def __init__(
        self, db: Database, clock: Clock, directory: Path, public_at: str = "", most_attached: int = MOST_IN_A_MAIL
    ) -> None:
        self._db, self._clock, self._public_at, self._most_attached = db, clock, public_at, most_attached
        self._published = FILES_ONLY
        self._broken: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self.catalog: Catalog = _Live(directory, self)

    @classmethod
    def of(cls, db: Database, clock: Clock, settings: Settings) -> Self:
        """As config.toml says."""
        rendering = settings.rendering
        return cls(db, clock, rendering.templates, settings.web.public_url, rendering.largest_files)

    @property
    def published(self) -> Published:
        """The newest picture."""
        return self._published

    async def read(self) -> bool:
        """Look whether something was published; whether it was. Cheap when not."""
        return await asyncio.to_thread(self.read_here)

    def read_here(self) -> bool:
        """As `read`, in the calling thread."""
        if self._db.read_here(edition_now) == self._published.edition:
            return False
        with self._lock:
            self._take(self._db.read_here(in_service, self._public_at, self._most_attached))
        return True

    def _take(self, found: "InService") -> None:
        good, broken = sound(found, self._published)
        if broken or self._broken:
            self._db.run_here(_tell, broken, settled=self._broken - broken.keys(), now=self._clock.now())
        self._published, self._broken = good, frozenset(broken)
        log.info("templates_read", edition=good.edition, published=len(good.texts), broken=len(broken))


class _Live(Catalog):
    """The templates as they are at this moment."""

    def __init__(self, directory: Path, shelf: TemplateShelf) -> None:
        super().__init__(directory)
        self._shelf = shelf

    @property
    def published(self) -> Published:
        return self._shelf.published


@dataclass(frozen=True)
class InService:
    """What the database says is in service, and the texts before each, newest first, in case it is broken."""

    published: Published
    before: Mapping[str, list[str]]


def in_service(session: Session, public_at: str = "", most_attached: int = MOST_IN_A_MAIL) -> InService:
    """All that is in service, as one picture; `public_at` is the address of the public listener."""
    wanted = select(TemplateRevision).where(TemplateRevision.state == TemplateState.PUBLISHED)
    texts = {one.name: one.text for one in session.exec(wanted)}
    running = (
        select(Comparison, TemplateRevision.text)
        .join(TemplateRevision, col(TemplateRevision.id) == Comparison.challenger_id)
        .where(col(Comparison.ended_at).is_(None))
    )
    challengers = {one.name: Challenger(one.id or 0, text, one.share) for one, text in session.exec(running)}
    broken = [name for name, text in texts.items() if mistake(name, text)]
    beside = (pictures(session, public_at), attachments(session, public_at), most_attached)
    published = Published(texts, challengers, edition_now(session), *beside)
    return InService(published, {name: _before(session, name) for name in broken})


def service_catalog(session: Session, directory: Path, public_at: str = "") -> Catalog:
    """The templates in service, for commands, which keep nothing."""
    return Catalog(directory, sound(in_service(session, public_at), FILES_ONLY)[0])


def sound(found: InService, last: Published) -> tuple[Published, dict[str, str]]:
    """What can be served, and the mistakes of what cannot: there the last good text stays, or the file."""
    texts, challengers = dict(found.published.texts), dict(found.published.challengers)
    broken: dict[str, str] = {}
    for name, text in found.published.texts.items():
        if words := mistake(name, text):
            broken[name] = words
            good = [
                one for one in (last.texts.get(name), *found.before.get(name, ())) if one and not mistake(name, one)
            ]
            del texts[name]
            texts |= {name: good[0]} if good else {}
    for name, one in found.published.challengers.items():
        if words := mistake(name, one.text):
            broken.setdefault(name, words)
            del challengers[name]
    return replace(found.published, texts=texts, challengers=challengers), broken


def mistake(name: str, text: str) -> str:
    """Why a text cannot be served at all; "" when it can be read. What it does when it is filled is no matter here."""
    try:
        if name.endswith(".toml"):
            tomllib.loads(text)
        else:
            includes(mail_environment(Path()), name, front.split(f"templates/{name}", text)[1])
    except InputError as error:
        return error.problems[0]
    except tomllib.TOMLDecodeError as error:
        return str(error)
    except (RecursionError, MemoryError, SyntaxError):
        return "it is nested too deep"
    return ""


def _before(session: Session, name: str) -> list[str]:
    wanted = select(TemplateRevision.text).where(
        TemplateRevision.name == name, TemplateRevision.state == TemplateState.RETIRED
    )
    return list(session.exec(wanted.order_by(col(TemplateRevision.number).desc()).limit(5)))


def _tell(session: Session, broken: Mapping[str, str], *, settled: frozenset[str], now: datetime) -> None:
    for name, words in broken.items():
        said = f"the published text of templates/{name} cannot be read ({words}); the last good one stays in service"
        raise_alarm(session, ALARM, name, said, now)
    for name in settled:
        settle_alarm(session, ALARM, name, now)
