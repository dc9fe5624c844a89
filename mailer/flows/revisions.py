"""Editions of flows that people write in the console: kept as drafts, published over the file, rolled back.

What is published binds to the hash of the text that was checked. The file stays below: taking the published edition
out of service lets it serve again, and when both sides changed since the edition was begun, people see three texts.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.flows.parse import parse_flow
from mailer.model import FlowRevision, RevisionState

_LONGEST = 100_000
_NOBODY_ELSE = "somebody else changed it meanwhile; your text was not kept over theirs"


@dataclass(frozen=True)
class Editions:
    """What there is of one flow: its file ("" without one), the draft that is written, what is published."""

    flow: str
    file: str
    draft: FlowRevision | None
    published: FlowRevision | None

    @property
    def serving(self) -> str:
        """The text that is meant to be in service."""
        return self.published.text if self.published else self.file

    @property
    def text(self) -> str:
        """The text that somebody who edits it begins from."""
        return self.draft.text if self.draft else self.serving

    @property
    def both_changed(self) -> bool:
        """Whether the file was changed after the edition was begun, to something else than the edition."""
        ours = self.draft or self.published
        return ours is not None and self.file not in (ours.base, ours.text)


def sha_of(text: str) -> str:
    """What an edition is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_text(directory: Path, flow_id: str) -> str:
    """The text of a flow's file; "" when there is none that can be read."""
    try:
        return (directory / f"{flow_id}.toml").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def editions(session: Session, directory: Path, flow_id: str) -> Editions:
    """What there is of a flow. Raises NotFound for one that has neither file nor edition."""
    draft, published = (_current(session, flow_id, state) for state in (RevisionState.DRAFT, RevisionState.PUBLISHED))
    file = file_text(directory, flow_id)
    if not file and draft is None and published is None:
        raise NotFound(f'there is no flow "{flow_id}"')
    return Editions(flow_id, file, draft, published)


def published(session: Session) -> dict[str, FlowRevision]:
    """What is in service instead of its file, by flow."""
    wanted = select(FlowRevision).where(FlowRevision.state == RevisionState.PUBLISHED)
    return {one.flow: one for one in session.exec(wanted)}


def published_hashes(session: Session) -> dict[str, str]:
    """The same by hash alone: what a loop asks to see whether anything changed."""
    wanted = select(FlowRevision.flow, FlowRevision.sha256).where(FlowRevision.state == RevisionState.PUBLISHED)
    return dict(session.exec(wanted).all())


def history(session: Session, flow_id: str) -> list[FlowRevision]:
    """Every edition of a flow that was in service, newest first."""
    wanted = select(FlowRevision).where(FlowRevision.flow == flow_id, FlowRevision.state != RevisionState.DRAFT)
    return list(session.exec(wanted.order_by(col(FlowRevision.id).desc())))


def revision(session: Session, flow_id: str, revision_id: int) -> FlowRevision:
    """One edition of this flow. Raises NotFound."""
    found = session.get(FlowRevision, revision_id)
    if found is None or found.flow != flow_id:
        raise NotFound(f"the flow {flow_id} has no edition {revision_id}")
    return found


def save_draft(
    session: Session, directory: Path, flow_id: str, text: str, *, version: int, by: str, now: datetime
) -> FlowRevision:
    """Keep what somebody writes, fit or not; `version` is the draft's that they read, 0 for none.

    Raises Conflict when somebody else wrote meanwhile, InputError for a text too long.
    """
    if len(text) > _LONGEST:
        raise InputError("text", [f"a flow has at most {_LONGEST} characters"])
    known = editions(session, directory, flow_id)
    draft = known.draft
    if (draft.version if draft else 0) != version:
        raise Conflict(f"the flow {flow_id}: {_NOBODY_ELSE}")
    if draft is None:
        base = known.published.base if known.published else known.file
        draft = FlowRevision(flow=flow_id, text=text, sha256="", base=base, base_sha256=sha_of(base), version=0)
    draft.text, draft.sha256, draft.version = text, sha_of(text), draft.version + 1
    draft.written_by, draft.written_at = by, now
    session.add(draft)
    session.flush()
    return draft


def drop_draft(session: Session, flow_id: str, *, version: int) -> None:
    """Throw a draft away. Raises Conflict when it is not the one that was read, NotFound."""
    session.delete(_draft(session, flow_id, version))
    session.flush()


def publish(session: Session, flow_id: str, *, version: int, sha256: str, words: str, by: str, now: datetime) -> None:
    """Put a draft into service: the text of this hash and no other.

    Raises Conflict when it is not the one that was checked, InputError with every mistake of the text, NotFound.
    """
    draft = _draft(session, flow_id, version)
    if draft.sha256 != sha256:
        raise Conflict(f"the flow {flow_id} reads otherwise than the text that was checked; look again")
    parse_flow(flow_id, draft.text)
    _retire(session, flow_id, now)
    draft.state, draft.words, draft.published_by, draft.published_at = RevisionState.PUBLISHED, words, by, now
    session.flush()


def publish_text(
    session: Session, directory: Path, flow_id: str, text: str, *, words: str, by: str, now: datetime
) -> FlowRevision:
    """Put a text into service that never was a draft: an older edition, or a file that is brought in.

    Raises InputError with every mistake of the text.
    """
    parse_flow(flow_id, text)
    base = file_text(directory, flow_id)
    _retire(session, flow_id, now)
    made = FlowRevision(flow=flow_id, state=RevisionState.PUBLISHED, text=text, sha256=sha_of(text), base=base)
    made.base_sha256, made.words, made.written_by, made.written_at = sha_of(base), words, by, now
    made.published_by, made.published_at = by, now
    session.add(made)
    session.flush()
    return made


def roll_back(session: Session, directory: Path, flow_id: str, revision_id: int, *, by: str, now: datetime) -> None:
    """Put an older edition into service again, as a new one. Raises NotFound, InputError when it is not fit now."""
    old = revision(session, flow_id, revision_id)
    publish_text(session, directory, flow_id, old.text, words=f"as edition {revision_id}", by=by, now=now)


def return_to_file(session: Session, flow_id: str, *, now: datetime) -> None:
    """Let the file serve again. Raises NotFound when it does."""
    if not _retire(session, flow_id, now):
        raise NotFound(f"the flow {flow_id} is served from its file")


def keep_ours(session: Session, directory: Path, flow_id: str, *, sha256: str) -> None:
    """The file's change was seen, and the edition stays as it is; `sha256` is the file's that was seen.

    Raises Conflict when the file reads otherwise by now.
    """
    known = editions(session, directory, flow_id)
    if sha_of(known.file) != sha256:
        raise Conflict(f"schedules/flows/{flow_id}.toml changed once more; look again")
    for one in (known.draft, known.published):
        if one is not None:
            one.base, one.base_sha256 = known.file, sha256
            session.add(one)
    session.flush()


def _current(session: Session, flow_id: str, state: RevisionState) -> FlowRevision | None:
    return session.exec(
        select(FlowRevision).where(FlowRevision.flow == flow_id, FlowRevision.state == state)
    ).one_or_none()


def _draft(session: Session, flow_id: str, version: int) -> FlowRevision:
    wanted = select(FlowRevision).where(FlowRevision.flow == flow_id, FlowRevision.state == RevisionState.DRAFT)
    draft = session.exec(wanted.with_for_update()).one_or_none()
    if draft is None:
        raise NotFound(f"the flow {flow_id} has no draft; it was published or thrown away")
    if draft.version != version:
        raise Conflict(f"the flow {flow_id}: {_NOBODY_ELSE}")
    return draft


def _retire(session: Session, flow_id: str, now: datetime) -> bool:
    old = _current(session, flow_id, RevisionState.PUBLISHED)
    if old is None:
        return False
    old.state, old.retired_at = RevisionState.RETIRED, now
    session.add(old)
    # The index lets one be in service at a time.
    session.flush()
    return True
