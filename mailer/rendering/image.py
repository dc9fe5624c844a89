"""Keeping pictures for templates: bytes by their hash, with words for those who do not see them."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.db import insert_once
from mailer.errors import InputError, NotFound
from mailer.model import Blob, TemplateImage
from mailer.rendering.frame import data_address
from mailer.rendering.picture import SUFFIXES, Picture, hashes_in
from mailer.rendering.revision import lock_service, raise_edition
from mailer.signing import digest

# A mail of more is clipped or refused somewhere; by a link it may be larger.
LARGEST_INLINE, LARGEST = 200_000, 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_LONGEST_ALT = 300


def keep_image(
    session: Session,
    *,
    name: str,
    data: bytes,
    mime: str,
    width: int,
    height: int,
    alt: Mapping[str, str],
    inline: bool,
    agent_id: int,
    now: datetime,
) -> TemplateImage:
    """Put a picture into service under a name; one of that name leaves it. `data` was made by the door to Pillow.

    Raises InputError with every mistake: the name, the words, the size.
    """
    said = _alt(alt)
    problems = [] if _NAME.fullmatch(name) else ["name: small letters, digits and _ only, as in summer_banner"]
    problems += [] if said else ["alt: say in words what it shows; some do not see it"]
    problems += [] if mime in SUFFIXES else [f"{mime} is no picture that mails show"]
    if len(data) > (most := LARGEST_INLINE if inline else LARGEST):
        problems.append(f"it has {len(data)} bytes; at most {most} {'go within a mail' if inline else 'are kept'}")
    if problems:
        raise InputError("image", problems)
    lock_service(session)
    sha256 = digest(data)
    insert_once(session, Blob.of(sha256, data))
    known = session.exec(_in_service().where(TemplateImage.name == name)).first()
    if known is not None and known.sha256 != sha256:
        known.retired_at = now
        session.flush()
    row = session.get(TemplateImage, sha256) or TemplateImage(
        sha256=sha256, name=name, mime=mime, width=width, height=height, size=len(data), created_at=now
    )
    row.name, row.alt, row.inline, row.uploaded_by, row.retired_at = name, said, inline, agent_id, None
    session.add(row)
    raise_edition(session)
    return row


def say_alt(session: Session, sha256: str, alt: Mapping[str, str]) -> TemplateImage:
    """Say in words what a picture shows, by language. Raises NotFound, InputError for no words at all."""
    said = _alt(alt)
    if not said:
        raise InputError("image", ["alt: say in words what it shows; some do not see it"])
    lock_service(session)
    row = _found(session, sha256)
    row.alt = said
    raise_edition(session)
    return row


def choose_way(session: Session, sha256: str, *, inline: bool) -> TemplateImage:
    """Let new mails carry it within, or show it by a link. Raises NotFound, InputError for one that is too large."""
    lock_service(session)
    row = _found(session, sha256)
    if inline and row.size > LARGEST_INLINE:
        raise InputError("image", [f"it has {row.size} bytes; at most {LARGEST_INLINE} go within a mail"])
    row.inline = inline
    raise_edition(session)
    return row


def retire_image(session: Session, sha256: str, *, now: datetime) -> None:
    """Let no new mail show it; mails that were sent still do. Raises NotFound."""
    lock_service(session)
    _found(session, sha256).retired_at = now
    raise_edition(session)


def images(session: Session) -> list[TemplateImage]:
    """All in service, by name."""
    return list(session.exec(_in_service().order_by(col(TemplateImage.name))))


def pictures(session: Session, at: str) -> dict[str, Picture]:
    """All in service as mails show them; `at` is the public listener's address. Bytes come with those sent within."""
    return {row.name: _shown(session, row, at) for row in images(session)}


def named_in(session: Session, text: str, at: str) -> dict[str, Picture]:
    """The pictures that the text of an answer names, by hash, in service or not: what was written stays as it was."""
    rows = (session.get(TemplateImage, one) for one in sorted(hashes_in(text)))
    return {row.sha256: _shown(session, row, at) for row in rows if row is not None}


def image_bytes(session: Session, sha256: str) -> tuple[bytes, str]:
    """The bytes of a picture, in service or not, and what they are. Raises NotFound."""
    row, blob = session.get(TemplateImage, sha256), session.get(Blob, sha256)
    if row is None or blob is None or blob.erased_at:
        raise NotFound("there is no such picture")
    return blob.unpack(), row.mime


def as_data(session: Session, shown: Iterable[Picture]) -> dict[str, str]:
    """For a frame of the console: each picture as a data: address, by what stands in the mail."""
    return {one.url: data_address(*image_bytes(session, one.sha256)) for one in shown}


def _shown(session: Session, row: TemplateImage, at: str) -> Picture:
    inline = row.inline or not at
    blob = session.get(Blob, row.sha256) if inline else None
    data = blob.unpack() if blob and not blob.erased_at else b""
    return Picture(row.sha256, row.mime, row.width, row.height, dict(row.alt), inline, data, at)


def _in_service() -> SelectOfScalar[TemplateImage]:
    return select(TemplateImage).where(col(TemplateImage.retired_at).is_(None))


def _found(session: Session, sha256: str) -> TemplateImage:
    row = session.get(TemplateImage, sha256)
    if row is None:
        raise NotFound("there is no such picture")
    return row


def _alt(alt: Mapping[str, str]) -> dict[str, str]:
    """One line a language; empty ones are none."""
    lines = {locale: " ".join(words.split())[:_LONGEST_ALT] for locale, words in alt.items()}
    return {locale: words for locale, words in lines.items() if words}
