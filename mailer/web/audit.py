"""Who did what: each request that changed something, noted after it did, and who approved which bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast
from sqlmodel import Session, col, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Agent, Approval, AuditEntry, Blob, Delivery, Draft
from mailer.signing import digest

_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Audited:
    """Notes what people did, as pure ASGI: the person, the function and the address, never what they typed.

    A request that was refused or failed changed nothing and leaves no row.
    """

    def __init__(self, app: ASGIApp, db: Database, clock: Clock) -> None:
        self.app = app
        self.db = db
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READING:
            await self.app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self.app(scope, receive, watched)
        state = scope.get("state", {})
        person = state.get("person")
        if person is not None and status < 400 and not state.get("unnoted"):
            act = getattr(scope.get("endpoint"), "__name__", "")
            await self.db.run(note, person.agent_id, person.name, act, scope["path"], now=self.clock.now())


def note(session: Session, agent_id: int, name: str, act: str, place: str, *, now: datetime) -> None:
    """One more thing that somebody did."""
    session.add(AuditEntry(agent_id=agent_id, name=name, act=act, place=place[:300], at=now))


@dataclass(frozen=True)
class Agreed:
    """An approval with the digest of the exact bytes that went into the outbox."""

    at: datetime
    name: str
    draft_id: int
    version: int
    sha256: str
    conversation_id: int
    state: str
    undone_at: datetime | None
    # Whether the bytes that we keep are still those; None where none are kept any more.
    kept: bool | None


def entries(
    session: Session, *, agent_id: int | None = None, place: str = "", limit: int = 100, offset: int = 0
) -> Sequence[AuditEntry]:
    """What was done, the newest first; of one person, or at addresses that begin as `place`."""
    wanted = select(AuditEntry)
    if agent_id:
        wanted = wanted.where(AuditEntry.agent_id == agent_id)
    if place:
        wanted = wanted.where(col(AuditEntry.place).startswith(place, autoescape=True))
    return session.exec(wanted.order_by(col(AuditEntry.id).desc()).limit(limit).offset(offset)).all()


def agreed(session: Session, *, limit: int = 100, offset: int = 0) -> list[Agreed]:
    """Who approved which bytes, the newest first."""
    # The key that approving gives its delivery.
    key = "draft-" + cast(Approval.draft_id, String) + "-approval-" + cast(Approval.id, String)
    rows = session.exec(
        select(Approval, Draft, Delivery, Blob)
        .join(Draft, col(Draft.id) == Approval.draft_id)
        .outerjoin(Delivery, col(Delivery.key) == key)
        .outerjoin(Blob, col(Blob.sha256) == Approval.sha256)
        .order_by(col(Approval.id).desc())
        .limit(limit)
        .offset(offset)
    ).all()
    names = dict(session.exec(select(Agent.id, Agent.name)).all())
    return [_agreed(names[row[0].agent_id], *row) for row in rows]


def _agreed(name: str, approval: Approval, draft: Draft, delivery: Delivery | None, blob: Blob | None) -> Agreed:
    is_kept = blob is not None and blob.erased_at is None
    return Agreed(
        at=approval.approved_at,
        name=name,
        draft_id=approval.draft_id,
        version=approval.version,
        sha256=approval.sha256,
        conversation_id=draft.conversation_id,
        state=delivery.state.value if delivery else "",
        undone_at=approval.undone_at,
        kept=digest(blob.unpack()) == approval.sha256 if blob and is_kept else None,
    )
