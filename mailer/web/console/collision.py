"""Two people decided on one draft: who came second sees what they had on their screen against what it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, select
from starlette.responses import Response

from mailer.model import Agent, Approval, Dismissal, Draft, DraftState, DraftVersion
from mailer.replies.difference import Piece, pieces
from mailer.web.auth import SignedIn
from mailer.web.console.looking import Looking
from mailer.web.desk import Desk


@dataclass(frozen=True)
class Collision:
    """What became of a draft; no pieces where the words are the same or those seen are not kept."""

    who: str
    at: datetime | None
    state: DraftState
    difference: Sequence[Piece]
    now_text: str
    may_go_on: bool


async def tell_collision(
    here: Desk, person: SignedIn, look: Looking, place: int, draft_id: int, version: int, why: str
) -> Response:
    """The page for the second of two: what happened, the difference, and the way on."""
    found = await here.db.read(collision, draft_id, version)
    return here.pages.render(
        "collision.html", status=409, person=person, why=why, found=found, back=look.item(place), look=look
    )


def collision(session: Session, draft_id: int, seen_version: int) -> Collision:
    """What somebody saw as this version against what stands there now."""
    draft = session.get_one(Draft, draft_id)
    current = _current(session, draft)
    seen = draft.text if draft.version == seen_version else _as_it_was(session, draft, seen_version)
    who, at = _decided(session, draft)
    differs = seen is not None and seen.strip() != current.text.strip()
    return Collision(
        who=who,
        at=at,
        state=draft.state,
        difference=pieces((seen or "").strip(), current.text.strip()) if differs else [],
        now_text=current.text,
        may_go_on=current.state == DraftState.PENDING,
    )


def _current(session: Session, draft: Draft) -> Draft:
    """The answer that stands in its place; itself when none does."""
    alive = select(Draft).where(
        Draft.conversation_id == draft.conversation_id,
        col(Draft.state).in_([DraftState.PENDING, DraftState.APPROVED]),
    )
    return session.exec(alive.order_by(col(Draft.id).desc()).limit(1)).first() or draft


def _as_it_was(session: Session, draft: Draft, version: int) -> str | None:
    """An earlier text of it; None when not each version has a text of its own, as after "seen"."""
    saved = session.exec(
        select(DraftVersion.text)
        .where(DraftVersion.draft_id == draft.id, col(DraftVersion.saved))
        .order_by(col(DraftVersion.number))
    )
    texts = [text for text, _ in groupby(saved)]
    return texts[version - 1] if 0 < version <= len(texts) == draft.version else None


def _decided(session: Session, draft: Draft) -> tuple[str, datetime | None]:
    """Who decided or wrote last, and when."""
    approval = select(Approval.agent_id, Approval.approved_at).where(
        Approval.draft_id == draft.id, col(Approval.undone_at).is_(None)
    )
    dismissal = select(Dismissal.agent_id, Dismissal.dismissed_at).where(Dismissal.draft_id == draft.id)
    found: tuple[int | None, datetime | None] = (draft.written_by, draft.updated_at if draft.written_by else None)
    if draft.state == DraftState.APPROVED:
        found = session.exec(approval.order_by(col(Approval.id).desc())).first() or found
    if draft.state == DraftState.DISMISSED:
        found = session.exec(dismissal.order_by(col(Dismissal.id).desc())).first() or found
    agent = session.get(Agent, found[0]) if found[0] else None
    return (agent.name if agent else "", found[1])
