"""How a template stands: its file, what was published over it, what changed since, and its history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from mailer.errors import Conflict
from mailer.model import Agent, Comparison, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.merge import Block, merged, three_ways
from mailer.rendering.revision import (
    factory_text,
    lock_service,
    published_revision,
    raise_edition,
    roll_back,
    save_draft,
    take_out,
    text_hash,
)

_EVER_IN_SERVICE = (TemplateState.PUBLISHED, TemplateState.RETIRED, TemplateState.SCHEDULED, TemplateState.COMPARED)


@dataclass(frozen=True)
class Standing:
    """One template as it is now. A hash is "" where there is no such text."""

    name: str
    file_text: str | None
    file_sha256: str
    published: TemplateRevision | None

    @property
    def text(self) -> str:
        """What mails are made from; "" when there is nothing of that name."""
        return self.published.text if self.published else self.file_text or ""

    @property
    def sha256(self) -> str:
        """Its hash."""
        return self.published.sha256 if self.published else self.file_sha256

    @property
    def is_new(self) -> bool:
        """It lives in the database only."""
        return self.file_text is None

    @property
    def file_changed(self) -> bool:
        """The file reads otherwise than when the published text was begun."""
        return self.published is not None and self.file_sha256 not in (
            self.published.base_sha256,
            self.published.sha256,
        )

    @property
    def both_changed(self) -> bool:
        """File and published text went apart: a person has to say what holds."""
        return self.file_changed and self.published is not None and self.published.sha256 != self.published.base_sha256

    @property
    def columns(self) -> list[Block]:
        """Base, file and published text side by side."""
        if self.published is None:
            return []
        return three_ways(self.published.base_text, self.file_text or "", self.published.text)

    @property
    def merged(self) -> str | None:
        """Both changes in one text, where they do not clash."""
        return merged(self.columns) if self.both_changed else None


@dataclass(frozen=True)
class Entry:
    """One line of a template's history."""

    revision: TemplateRevision
    author: str
    publisher: str
    retirer: str


def standing(session: Session, catalog: Catalog, name: str) -> Standing:
    """How one template stands. Raises InputError for a name that is none."""
    text = factory_text(catalog, name)
    return Standing(name, text, "" if text is None else text_hash(text), published_revision(session, name))


def gone_apart(session: Session, catalog: Catalog) -> Iterator[Standing]:
    """The templates whose file and published text both changed."""
    wanted = select(TemplateRevision.name).where(TemplateRevision.state == TemplateState.PUBLISHED)
    for name in session.exec(wanted.order_by(col(TemplateRevision.name))).all():
        if (found := standing(session, catalog, name)).both_changed:
            yield found


def caught_up(session: Session, catalog: Catalog, *, now: datetime) -> list[str]:
    """Let the file hold again wherever it says what was published, as after `mailer templates export`; their names."""
    wanted = select(TemplateRevision).where(TemplateRevision.state == TemplateState.PUBLISHED)
    same = [
        one.name
        for one in session.exec(wanted)
        if factory_text(catalog, one.name) == one.text and running_comparison(session, one.name) is None
    ]
    if same:
        lock_service(session)
        for name in same:
            take_out(session, name, "its file reads the same", None, now)
        raise_edition(session)
    return same


def history(session: Session, name: str) -> list[Entry]:
    """What was in service, is, or will be, the newest first; with the names of those who did it."""
    wanted = (
        select(TemplateRevision)
        .where(TemplateRevision.name == name, col(TemplateRevision.state).in_(_EVER_IN_SERVICE))
        .order_by(col(TemplateRevision.number).desc().nulls_first(), col(TemplateRevision.id).desc())
    )
    people = dict(session.exec(select(Agent.id, Agent.name)).all())
    return [
        Entry(one, *(people.get(person, "") for person in (one.author_id, one.published_by, one.retired_by)))
        for one in session.exec(wanted)
    ]


def running_comparison(session: Session, name: str) -> Comparison | None:
    """The comparison of two texts of this template that is under way."""
    wanted = select(Comparison).where(Comparison.name == name, col(Comparison.ended_at).is_(None))
    return session.exec(wanted).first()


def settle(
    session: Session,
    name: str,
    choice: Literal["file", "published", "own"],
    *,
    catalog: Catalog,
    file_sha256: str,
    agent_id: int,
    now: datetime,
    text: str = "",
    expected_version: int = 0,
) -> TemplateRevision | None:
    """Say what holds where both changed: the file, the published text, or a text of one's own (which becomes a draft).

    `file_sha256` is that of the file that was on the screen. Raises Conflict when it is another by now.
    """
    found = standing(session, catalog, name)
    if found.published is None or found.file_text is None or found.file_sha256 != file_sha256:
        raise Conflict("the file or what is published was changed since you looked; look again")
    if choice == "file":
        return roll_back(session, name, to_number=None, verdict=None, catalog=catalog, agent_id=agent_id, now=now)
    if choice == "published":
        lock_service(session)
        found.published.base_sha256, found.published.base_text = found.file_sha256, found.file_text
        found.published.updated_at = now
        raise_edition(session)
        return found.published
    draft = save_draft(
        session, name, text, agent_id=agent_id, expected_version=expected_version, catalog=catalog, now=now
    )
    draft.base_sha256, draft.base_text = found.file_sha256, found.file_text
    return draft
