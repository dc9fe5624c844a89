"""While somebody writes a template: what is wrong with it, and how it looks. Neither keeps anything."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from pydantic import AfterValidator
from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from mailer.errors import InputError, NotFound
from mailer.flows.supplies import never_told
from mailer.orders.show import find_order
from mailer.rendering.catalog import LIFECYCLE
from mailer.rendering.critique import Remark
from mailer.rendering.environment import written
from mailer.rendering.facts import Subject, read_facts
from mailer.rendering.frame import framed_mail
from mailer.rendering.image import as_data
from mailer.rendering.known import KNOWN
from mailer.rendering.picture import shown_in
from mailer.rendering.render import MissingFacts
from mailer.rendering.shipment_facts import newest_occasion
from mailer.rendering.show import STATES, About, Shown
from mailer.rendering.tree import split
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Text, plain_text
from mailer.web.console.templates import flows_of
from mailer.web.desk import Desk, Here, Publisher, Reader, Unnoted, newest_templates
from mailer.web.newest import Superseded
from mailer.web.security import framed

router = APIRouter(dependencies=[Depends(newest_templates)])

Word = Annotated[str, Form(max_length=200), AfterValidator(plain_text)]


@router.post("/templates/check", dependencies=[Unnoted])
async def check(here: Here, person: Publisher, name: Word, text: Text) -> Response:
    """Everything that is wrong with this text, as values for the editor and as the list below it."""
    try:
        remarks = await remarks_on(here, person, name, text, "check")
    except Superseded:
        return _superseded()
    page = here.pages.render("studio_checks.html", person=person, remarks=remarks)
    told = [{"line": one.line, "words": one.words, "mistake": one.is_mistake, "file": one.file} for one in remarks]
    return JSONResponse({"remarks": told, "list": bytes(page.body).decode()})


@router.post("/templates/preview", dependencies=[Unnoted])
async def preview(
    here: Here, person: Publisher, name: Word, text: Text, order: Word = "", state: Word = "", look: Word = "desktop"
) -> Response:
    """How a mail from this text looks."""
    try:
        shown = await looks(here, person, name, text, order=order, state=state, look=look, kind="preview")
    except Superseded:
        return _superseded()
    return JSONResponse(shown)


@router.get("/templates/shown/{document}")
async def shown(here: Here, person: Reader, document: str) -> Response:
    """A mail for a frame: under a policy by which nothing in it runs or is fetched."""
    found = here.showcase.get(document)
    if found is None:
        raise NotFound("This preview is gone; change the text, or load the page again.")
    return Response(found.html, media_type="text/html", headers=framed(found.styles))


def _superseded() -> Response:
    # No fault, so nothing that a browser would report as one.
    return Response(status_code=204)


async def remarks_on(here: Desk, person: SignedIn, name: str, text: str, kind: str = "") -> list[Remark]:
    """All checks of one text. Raises Superseded when they ask for others of this kind meanwhile."""
    flows = await here.db.read(flows_of, here, split(name)[1].split("/")[-1]) if LIFECYCLE in name else []
    untold = dict(never_told(flows, split(name)[1].split("/")[-1], KNOWN))
    return await here.previews.run(person.agent_id, kind, lambda: here.renderer.check(here.catalog, name, text, untold))


async def looks(
    here: Desk,
    person: SignedIn,
    name: str,
    text: str,
    *,
    order: str = "",
    state: str = "",
    look: str = "desktop",
    kind: str = "",
) -> dict[str, Any]:
    """What a page needs to show the mail; `problem` says why there is none. Raises Superseded as above."""
    storefront, _, locale = split(name)
    try:
        facts = await here.db.read(facts_of, here, order, storefront, locale, now=here.clock.now()) if order else None
        about = About(facts, state if state in STATES else "", formal=here.settings.shop.address == "formal")
        mail = await here.previews.run(
            person.agent_id, kind, lambda: here.renderer.show(here.catalog, name, text, about)
        )
    except MissingFacts as error:
        return _nothing("\n".join(["It cannot be written yet. It needs:", *error.missing]))
    except (InputError, NotFound) as error:
        return _nothing(str(error))
    pictures = await shown_as_data(here, mail.html)
    document = here.showcase.put(framed_mail(mail.html, dark=look == "dark", pictures=pictures))
    listed = written(bytes(here.pages.render("studio_files.html", files=mail.files).body).decode().strip())
    frame = f"/templates/shown/{document}"
    return {"problem": "", "frame": frame, "text": mail.text, "head": _head(here, mail), "files": listed}


async def shown_as_data(here: Desk, html: str) -> dict[str, str]:
    """The pictures of ours that a mail shows, as data: addresses by what stands in it."""
    shown = shown_in(html, here.catalog.published.images)
    return await here.db.read(as_data, shown.values()) if shown else {}


def _nothing(problem: str) -> dict[str, Any]:
    return {"problem": problem, "frame": "", "text": "", "head": {}, "files": ""}


def facts_of(
    session: Session, here: Desk, number: str, storefront: str, locale: str, *, now: datetime
) -> Mapping[str, object]:
    """What is known of an order, as its mails would be told. Raises NotFound."""
    found = find_order(session, number, storefront=storefront)
    subject = newest_occasion(session, Subject(order_id=found.id, storefront=storefront, language=locale or "en"))
    known = read_facts(session, subject, now=now).values()
    return {**known, "agent.name": here.settings.sender.name, "shop.name": here.settings.shop.name}


def _head(here: Desk, mail: Shown) -> dict[str, str]:
    """The line of the mail in a list: who, what, and the words behind it."""
    senders = here.settings.senders
    sender = senders.get(mail.sender) or here.settings.sender
    words = mail.preheader or " ".join(mail.text.split())
    return {
        "sender": sender.name,
        "address": sender.address,
        "subject": mail.subject or "Re: …",
        "preheader": words[:140],
    }
