"""What tests of revisions begin with: a folder of templates, a verdict, a text in service."""

import shutil
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from mailer.model import TemplateRevision
from mailer.rendering.catalog import Catalog
from mailer.rendering.revision import Verdict, edition_now, own_draft, publish, save_draft, text_hash
from tests import build

NAME = "replies/order_status.en.md"
MAIL = '+++\nopening = "Thank you for your question."\n+++\n\nYour order is on its way.\n'


def templates_in(folder: Path) -> Catalog:
    """A copy of the shipped templates, to be written into."""
    shutil.copytree(build.TEMPLATES, folder / "templates")
    return Catalog(folder / "templates")


def verdict(session: Session, text: str, *, mistakes: tuple[str, ...] = (), warnings: tuple[str, ...] = ()) -> Verdict:
    """What the checks said of it, now."""
    return Verdict(text_hash(text), edition_now(session), mistakes, warnings)


def drafted(session: Session, text: str, now: datetime, catalog: Catalog, name: str = NAME) -> TemplateRevision:
    """Maria's draft with this text."""
    person = build.agent(session, now)
    known = own_draft(session, name, person)
    version = known.version if known else 0
    return save_draft(session, name, text, agent_id=person, expected_version=version, catalog=catalog, now=now)


def published(session: Session, text: str, now: datetime, catalog: Catalog, name: str = NAME) -> TemplateRevision:
    """This text in service."""
    draft = drafted(session, text, now, catalog, name)
    return publish(
        session,
        draft.id or 0,
        sha256=draft.sha256,
        verdict=verdict(session, draft.text),
        agent_id=build.agent(session, now),
        now=now,
    )
