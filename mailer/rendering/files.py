"""Keeping PDFs for templates: bytes by their hash, with a title in each language."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Blob, TemplateFile, TemplateRevision, TemplateState
from mailer.rendering.attachment import Attachment, is_file_name, names
from mailer.rendering.catalog import Catalog
from mailer.rendering.pdf import Pdf
from mailer.rendering.revision import lock_service, raise_edition
from mailer.signing import digest

_LONGEST_TITLE = 100
_WRITTEN = (TemplateState.DRAFT, TemplateState.SCHEDULED, TemplateState.COMPARED)
_SERVED = (TemplateState.PUBLISHED, TemplateState.COMPARED)


def keep_file(
    session: Session, pdf: Pdf, *, name: str, title: Mapping[str, str], agent_id: int | None, now: datetime
) -> TemplateFile:
    """Offer a PDF, which the door let in, to templates; the same bytes are kept once, under their newest name.

    Raises InputError with every mistake: the name, the titles.
    """
    said = _titles(title)
    problems = [] if is_file_name(name) else ["name: letters, digits, - and _ only, and .pdf at its end"]
    problems += [] if said else ["title: say what it is, as in Size chart"]
    if problems:
        raise InputError("file", problems)
    lock_service(session)
    sha256 = digest(pdf.data)
    insert_once(session, Blob.of(sha256, pdf.data))
    row = session.get(TemplateFile, sha256) or TemplateFile(
        sha256=sha256, name=name, size=len(pdf.data), pages=pdf.pages, created_at=now
    )
    row.name, row.title, row.uploaded_by, row.retired_at = name, said, agent_id, None
    session.add(row)
    raise_edition(session)
    return row


def say_title(session: Session, sha256: str, title: Mapping[str, str]) -> TemplateFile:
    """Say what a file is, by language; texts that name it stay as they are. Raises NotFound, InputError for none."""
    said = _titles(title)
    if not said:
        raise InputError("file", ["title: say what it is, as in Size chart"])
    lock_service(session)
    row = _found(session, sha256)
    row.title = said
    raise_edition(session)
    return row


def files(session: Session) -> list[TemplateFile]:
    """All that are offered, by name, the newest first."""
    wanted = select(TemplateFile).where(col(TemplateFile.retired_at).is_(None))
    return list(session.exec(wanted.order_by(col(TemplateFile.name), col(TemplateFile.created_at).desc())))


def attachments(session: Session, at: str) -> dict[str, Attachment]:
    """What templates may name, by hash: all that are offered, and what a text in service names nevertheless."""
    wanted = select(TemplateRevision.text).where(col(TemplateRevision.state).in_(_SERVED))
    named = {sha256 for text in session.exec(wanted) for sha256, _ in names(text)}
    rows = session.exec(select(TemplateFile)).all()
    return _given(session, [one for one in rows if one.retired_at is None or one.sha256 in named], at)


def named_in(session: Session, text: str, at: str) -> dict[str, Attachment]:
    """The files that the text of an answer names, offered or not: what was written stays as it was."""
    rows = (session.get(TemplateFile, one) for one in sorted({sha256 for sha256, _ in names(text)}))
    return _given(session, [one for one in rows if one is not None], at)


def file_bytes(session: Session, sha256: str) -> bytes:
    """The bytes of a file, offered or not. Raises NotFound."""
    blob = session.get(Blob, sha256) if session.get(TemplateFile, sha256) else None
    if blob is None or blob.erased_at:
        raise NotFound("there is no such file")
    return blob.unpack()


def naming(catalog: Catalog) -> dict[str, str]:
    """The texts in service that name any file, by name; reads every file, so outside of transactions."""
    texts = {name: catalog.text(name) for name in catalog.every()}
    return {name: text for name, text in texts.items() if names(text)}


def uses(session: Session, served: Mapping[str, str]) -> dict[str, list[str]]:
    """For each file that is offered, by hash, the templates that name it; `served` as of `naming`."""
    texts = [(name, {sha256 for sha256, _ in names(text)}) for name, text in (*served.items(), *_written(session))]
    return {one.sha256: sorted({name for name, known in texts if one.sha256 in known}) for one in files(session)}


def retire_unused(session: Session, sha256: str, served: Mapping[str, str], *, now: datetime) -> None:
    """Offer a file no more that no template names. Raises Conflict, which names those that do, and NotFound.

    Its bytes stay: links in mails that were sent open, and older texts of the history can be put into service again.
    """
    used = uses(session, served)
    if sha256 not in used:
        raise NotFound("there is no such file")
    if users := used[sha256]:
        raise Conflict(f"these templates name it: {', '.join(users)}")
    lock_service(session)
    _found(session, sha256).retired_at = now
    raise_edition(session)


def _written(session: Session) -> Iterator[tuple[str, str]]:
    wanted = select(TemplateRevision.name, TemplateRevision.text).where(col(TemplateRevision.state).in_(_WRITTEN))
    yield from session.exec(wanted)


def _given(session: Session, rows: Sequence[TemplateFile], at: str) -> dict[str, Attachment]:
    kept = [(one, session.get_one(Blob, one.sha256)) for one in rows]
    return {
        one.sha256: Attachment(one.sha256, one.size, dict(one.title), at, blob.unpack())
        for one, blob in kept
        if blob.erased_at is None
    }


def _found(session: Session, sha256: str) -> TemplateFile:
    row = session.get(TemplateFile, sha256)
    if row is None:
        raise NotFound("there is no such file")
    return row


def _titles(title: Mapping[str, str]) -> dict[str, str]:
    """One line a language, without what would end the title in a text; empty ones are none."""
    plain = str.maketrans(dict.fromkeys("[]{}<>"))
    lines = {locale: " ".join(words.translate(plain).split())[:_LONGEST_TITLE] for locale, words in title.items()}
    return {locale: words for locale, words in lines.items() if words}
