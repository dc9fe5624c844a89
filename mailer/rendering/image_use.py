"""Which templates show a picture: those in service, and what somebody writes. A picture that one shows stays."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import Conflict, NotFound
from mailer.model import TemplateImage, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.image import images, retire_image

_WRITTEN = (TemplateState.DRAFT, TemplateState.SCHEDULED, TemplateState.COMPARED)


def showing(catalog: Catalog) -> dict[str, str]:
    """The texts in service that show any picture, by name; reads every file, so outside of transactions."""
    texts = {name: catalog.text(name) for name in catalog.every()}
    return {name: text for name, text in texts.items() if "images" in text or "image:" in text}


def uses(session: Session, served: Mapping[str, str]) -> dict[str, list[str]]:
    """For each picture in service, by its hash, the names of the templates that show it; `served` as of `showing`."""
    texts = [*served.items(), *_written(session)]
    return {one.sha256: sorted({name for name, text in texts if shows(text, one)}) for one in images(session)}


def shows(text: str, image: TemplateImage) -> bool:
    """Whether a template's text names this picture: as `images.bench`, or by its hash."""
    named = re.search(rf"\bimages(?:\.{image.name}\b|\[.{image.name}.\])", text)
    return bool(named) or image.sha256 in text


def retire_unused(session: Session, sha256: str, served: Mapping[str, str], *, now: datetime) -> None:
    """Take a picture out of service that no template shows. Raises Conflict, which names those that do, and NotFound.

    Mails that were sent keep it: its bytes stay.
    """
    used = uses(session, served)
    if sha256 not in used:
        raise NotFound("there is no such picture")
    if names := used[sha256]:
        raise Conflict(f"these templates show it: {', '.join(names)}")
    retire_image(session, sha256, now=now)


def _written(session: Session) -> Iterator[tuple[str, str]]:
    wanted = select(TemplateRevision.name, TemplateRevision.text).where(col(TemplateRevision.state).in_(_WRITTEN))
    yield from session.exec(wanted)
