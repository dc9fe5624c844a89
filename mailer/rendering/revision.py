"""A template's text on its way into service: a draft, judged by the checks, published, scheduled, and rolled back.

What a publication binds to is the hash of the text, and the verdict on exactly that text among the others that are in
service. Mails in the outbox are frozen text; drafts made from an older text go stale by the hashes in `made_from`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from mailer.db import insert_once
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Comparison, TemplateEdition, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.names import parse_name
from mailer.signing import digest

LARGEST_TEXT = 200_000
_WAITING = (TemplateState.DRAFT, TemplateState.SCHEDULED)


@dataclass(frozen=True)
class Verdict:
    """What the checks said of one text, beside the others that were in service in that edition."""

    sha256: str
    edition: int
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Unconfirmed(Conflict):
    """The checks warn of something that a person has not confirmed yet; nothing was changed."""

    def __init__(self, name: str, warnings: Sequence[str]) -> None:
        self.warnings = tuple(warnings)
        super().__init__("\n".join([f"templates/{name}: confirm that it goes out as it is:", *warnings]))


class Overtaken(Conflict):
    """Another template went into service while this one was checked: it is to be checked again."""


def own_draft(session: Session, name: str, agent_id: int) -> TemplateRevision | None:
    """The draft of this template that a person is writing."""
    wanted = select(TemplateRevision).where(
        TemplateRevision.name == name,
        TemplateRevision.author_id == agent_id,
        TemplateRevision.state == TemplateState.DRAFT,
    )
    return session.exec(wanted).first()


def published_revision(session: Session, name: str) -> TemplateRevision | None:
    """The text in service instead of the file."""
    wanted = select(TemplateRevision).where(
        TemplateRevision.name == name, TemplateRevision.state == TemplateState.PUBLISHED
    )
    return session.exec(wanted).first()


def find_revision(session: Session, revision_id: int) -> TemplateRevision:
    """One revision. Raises NotFound."""
    found = session.get(TemplateRevision, revision_id)
    if found is None:
        raise NotFound(f"there is no revision {revision_id}")
    return found


def numbered(session: Session, name: str, number: int) -> TemplateRevision:
    """A text of the history by its number. Raises NotFound."""
    wanted = select(TemplateRevision).where(TemplateRevision.name == name, TemplateRevision.number == number)
    found = session.exec(wanted).first()
    if found is None:
        raise NotFound(f"templates/{name} has no revision {number}")
    return found


def save_draft(
    session: Session, name: str, text: str, *, agent_id: int, expected_version: int, catalog: Catalog, now: datetime
) -> TemplateRevision:
    """Keep a person's text of a template; they have one draft of each. `expected_version` is 0 for the first.

    Raises Conflict when another window saved meanwhile, InputError for a name that is none or a text too long.
    """
    parse_name(name)
    text = plain(name, text)
    draft = own_draft(session, name, agent_id)
    if (draft.version if draft else 0) != expected_version:
        raise Conflict("another window has saved this draft meanwhile; load the page again to see its text")
    if draft is None:
        base = base_of(session, catalog, name)
        draft = _drafted(name, text, base, agent_id, now)
        if not insert_once(session, draft):
            raise Conflict("another window has saved this draft meanwhile; load the page again to see its text")
        return own_draft(session, name, agent_id) or draft
    if draft.text != text:
        draft.text, draft.sha256, draft.version, draft.updated_at = text, text_hash(text), draft.version + 1, now
    return draft


def base_of(session: Session, catalog: Catalog, name: str) -> str | None:
    """The file's text that a new draft rests on: the one that the published text was made from, else as it is now."""
    published = published_revision(session, name)
    if published is not None:
        return published.base_text if published.base_sha256 else None
    return factory_text(catalog, name)


def discard(session: Session, revision_id: int, *, agent_id: int, expected_version: int, now: datetime) -> None:
    """Let go of a draft; its text stays readable in the history. Raises Conflict, NotFound."""
    draft = _locked(session, revision_id, (TemplateState.DRAFT,))
    if draft.version != expected_version:
        raise Conflict("the draft was changed meanwhile; look at it again")
    draft.state, draft.retired_by, draft.retired_at, draft.updated_at = TemplateState.DISCARDED, agent_id, now, now


def publish(
    session: Session,
    revision_id: int,
    *,
    sha256: str,
    verdict: Verdict,
    agent_id: int,
    now: datetime,
    confirm: bool = False,
    note: str = "",
) -> TemplateRevision:
    """Put a text into service: exactly the one with this hash, which the checks have seen.

    Raises Conflict when text or surroundings are others by now, Unconfirmed for warnings, InputError for mistakes.
    """
    lock_service(session)
    draft = admitted(session, revision_id, sha256, verdict, confirm=confirm)
    if (known := published_revision(session, draft.name)) is not None and known.sha256 == draft.sha256:
        raise Conflict("this text is in service already")
    draft.confirmed, draft.note = list(verdict.warnings), note or draft.note
    put_into_service(session, draft, agent_id=agent_id, now=now)
    return draft


def schedule(
    session: Session,
    revision_id: int,
    *,
    sha256: str,
    verdict: Verdict,
    publish_at: datetime,
    agent_id: int,
    now: datetime,
    confirm: bool = False,
    note: str = "",
) -> TemplateRevision:
    """Let a text go into service at a moment; it is checked now, and again then. Raises as `publish` does."""
    lock_service(session)
    draft = admitted(session, revision_id, sha256, verdict, confirm=confirm)
    if publish_at <= now:
        raise InputError("publish_at", ["choose a moment that is still to come"])
    draft.state, draft.publish_at, draft.published_by = TemplateState.SCHEDULED, publish_at, agent_id
    draft.confirmed, draft.note, draft.updated_at = list(verdict.warnings), note or draft.note, now
    return draft


def unschedule(session: Session, revision_id: int, *, now: datetime, reason: str = "") -> TemplateRevision:
    """Take a scheduled text back to a draft. Raises Conflict, NotFound."""
    planned = _locked(session, revision_id, (TemplateState.SCHEDULED,))
    if own_draft(session, planned.name, planned.author_id) is not None:
        raise Conflict("its author writes another draft of this template; publish or discard that one first")
    planned.state, planned.publish_at, planned.updated_at = TemplateState.DRAFT, None, now
    planned.published_by, planned.reason = None, reason
    return planned


def fail_scheduled(session: Session, revision_id: int, reason: str, *, now: datetime) -> None:
    """Give a scheduled text that cannot be published back to its author, with the reason."""
    planned = _locked(session, revision_id, (TemplateState.SCHEDULED,))
    busy = own_draft(session, planned.name, planned.author_id) is not None
    planned.state = TemplateState.DISCARDED if busy else TemplateState.DRAFT
    planned.reason, planned.publish_at, planned.published_by, planned.updated_at = reason, None, None, now


def roll_back(
    session: Session,
    name: str,
    *,
    to_number: int | None,
    verdict: Verdict | None,
    catalog: Catalog,
    agent_id: int,
    now: datetime,
) -> TemplateRevision | None:
    """Put an earlier text into service again, as a new revision; with None, the file's. Warnings stop nobody here.

    Raises NotFound, Conflict, and InputError for a text that would be a mistake by now.
    """
    lock_service(session)
    not_compared(session, name)
    if to_number is None:
        if not (catalog.directory / parse_name(name).path).is_file():
            raise Conflict(f"templates/{name} has no file to go back to")
        take_out(session, name, "back to the file", agent_id, now)
        raise_edition(session)
        return None
    old = numbered(session, name, to_number)
    if old.state == TemplateState.PUBLISHED:
        raise Conflict("this text is in service already")
    _judged(session, name, old.sha256, verdict)
    fresh = _drafted(name, old.text, old.base_text if old.base_sha256 else None, agent_id, now)
    fresh.state, fresh.note = TemplateState.RETIRED, f"as number {to_number}"
    session.add(fresh)
    put_into_service(session, fresh, agent_id=agent_id, now=now)
    return fresh


def due_revisions(session: Session, *, now: datetime) -> list[TemplateRevision]:
    """The scheduled texts whose moment has come, the earliest first."""
    wanted = select(TemplateRevision).where(
        TemplateRevision.state == TemplateState.SCHEDULED, col(TemplateRevision.publish_at) <= now
    )
    return list(session.exec(wanted.order_by(col(TemplateRevision.publish_at), col(TemplateRevision.id))))


def admitted(session: Session, revision_id: int, sha256: str, verdict: Verdict, *, confirm: bool) -> TemplateRevision:
    """The draft, when it may go into service as far as anybody was told: see `publish`, which says what it raises."""
    draft = _locked(session, revision_id, _WAITING)
    if draft.sha256 != sha256:
        raise Conflict("the text was changed since you looked at it; look again")
    not_compared(session, draft.name)
    _judged(session, draft.name, draft.sha256, verdict)
    if verdict.warnings and not confirm:
        raise Unconfirmed(draft.name, verdict.warnings)
    return draft


def put_into_service(session: Session, revision: TemplateRevision, *, agent_id: int, now: datetime) -> None:
    """From now on mails are made from it; `lock_service` is held."""
    take_out(session, revision.name, "a newer one took its place", agent_id, now)
    revision.number = revision.number or next_number(session, revision.name)
    revision.state, revision.published_by, revision.published_at = TemplateState.PUBLISHED, agent_id, now
    revision.updated_at, revision.reason = now, ""
    session.add(revision)
    raise_edition(session)


def take_out(session: Session, name: str, reason: str, agent_id: int | None, now: datetime) -> None:
    """From now on the file holds; `lock_service` is held."""
    known = published_revision(session, name)
    if known is None:
        return
    known.state, known.retired_at, known.retired_by = TemplateState.RETIRED, now, agent_id
    known.reason, known.updated_at = reason, now
    session.flush()


def next_number(session: Session, name: str) -> int:
    """Under which a text of this template goes into service."""
    highest = select(func.max(col(TemplateRevision.number))).where(TemplateRevision.name == name)
    return (session.exec(highest).one() or 0) + 1


def lock_service(session: Session) -> None:
    """Let nobody else change what is in service until this transaction ends."""
    row = select(TemplateEdition).where(TemplateEdition.id == 1).with_for_update()
    if session.exec(row).first() is None:
        insert_once(session, TemplateEdition(id=1, number=0))
        session.exec(row).one()


def raise_edition(session: Session) -> None:
    """Say that what is in service is another now: every process looks at this number."""
    session.flush()
    session.get_one(TemplateEdition, 1).number += 1
    session.flush()


def edition_now(session: Session) -> int:
    """The number that rises with each change of what is in service."""
    return session.exec(select(TemplateEdition.number).where(TemplateEdition.id == 1)).first() or 0


def factory_text(catalog: Catalog, name: str) -> str | None:
    """The file's own words, whatever was published over it; None when there is no such file."""
    path = catalog.directory / parse_name(name).path
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def plain(name: str, text: str) -> str:
    """A text as it is kept: one kind of line break, no NUL. Raises InputError when it is too long."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if len(text.encode("utf-8", "replace")) > LARGEST_TEXT:
        raise InputError(f"templates/{name}", [f"it is longer than {LARGEST_TEXT} bytes"])
    return text.encode("utf-8", "replace").decode()


def text_hash(text: str) -> str:
    """The SHA-256 of a text as it would stand in its file."""
    return digest(text.encode())


def _drafted(name: str, text: str, base: str | None, agent_id: int, now: datetime) -> TemplateRevision:
    return TemplateRevision(
        name=name,
        text=text,
        sha256=text_hash(text),
        base_sha256="" if base is None else text_hash(base),
        base_text=base or "",
        author_id=agent_id,
        created_at=now,
        updated_at=now,
    )


def _locked(session: Session, revision_id: int, states: Sequence[TemplateState]) -> TemplateRevision:
    wanted = select(TemplateRevision).where(TemplateRevision.id == revision_id).with_for_update()
    found = session.exec(wanted.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(f"there is no revision {revision_id}")
    if found.state not in states:
        raise Conflict(f"this revision is {found.state.value}; load the page again")
    return found


def _judged(session: Session, name: str, sha256: str, verdict: Verdict | None) -> None:
    if verdict is None or (verdict.sha256, verdict.edition) != (sha256, edition_now(session)):
        raise Overtaken("another template was published while this one was checked; try again")
    if verdict.mistakes:
        raise InputError(f"templates/{name}", verdict.mistakes)


def not_compared(session: Session, name: str) -> None:
    """Raises Conflict while two texts of this template are compared."""
    running = select(Comparison.id).where(Comparison.name == name, col(Comparison.ended_at).is_(None))
    if session.exec(running).first() is not None:
        raise Conflict("two texts of this template are being compared; end the comparison first")
