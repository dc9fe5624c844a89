"""What most commands begin with: the settings and a migrated database, closed again at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailer.config import Settings, load
from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.migrations import upgrade


@contextmanager
def open_database() -> Iterator[tuple[Settings, Database]]:
    """The shop's settings and its database."""
    settings = load()
    db = Database(settings.db.url)
    try:
        upgrade(db)
        yield settings, db
    finally:
        db.close()


def deciding_agent(db: Database, name: str) -> int:
    """The id of an agent who may decide what customers get. Raises Conflict, NotFound."""
    from sqlmodel import select

    from mailer.model import Agent, Role

    agent = db.read_here(lambda session: session.exec(select(Agent).where(Agent.name == name)).first())
    if agent is None or agent.disabled_at:
        raise NotFound(f'there is no agent "{name}"; `mailer users list` names them')
    if agent.role == Role.MARKETER:
        raise Conflict(f'"{name}" is a marketer; agents and admins decide')
    return agent.id or 0


def publishing_agent(db: Database, name: str) -> int:
    """The id of somebody who may change what we write. Raises Conflict, NotFound."""
    from sqlmodel import select

    from mailer.model import Agent, Role

    agent = db.read_here(lambda session: session.exec(select(Agent).where(Agent.name == name)).first())
    if agent is None or agent.disabled_at:
        raise NotFound(f'there is no agent "{name}"; `mailer users list` names them')
    if agent.role == Role.AGENT:
        raise Conflict(f'"{name}" is an agent; marketers and admins change templates')
    return agent.id or 0
