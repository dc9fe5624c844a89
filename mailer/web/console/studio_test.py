"""A test mail to oneself: what stands in the editor, as it would be sent, with links that record nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session, col, select
from starlette.responses import JSONResponse, RedirectResponse, Response

from mailer.errors import InputError
from mailer.links import customer_links
from mailer.model import Incident, Order
from mailer.outbound.compose import Attached, LifecycleLetter, Within
from mailer.outbound.to_ourselves import Trial, may_be_sent_to, send_to_ourselves
from mailer.rendering.picture import shown_in
from mailer.rendering.render import MissingFacts
from mailer.rendering.show import STATES, About, Shown
from mailer.rendering.tree import split
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Text
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_look import Word, facts_of
from mailer.web.desk import Desk, Here, Publisher, newest_templates
from mailer.web.people import account

router = APIRouter(dependencies=[Depends(newest_templates)])

_REFUSED = "test mails go to your own address, or to those of [web] test_mail_to in config.toml"


@router.post("/templates/test/{name:path}")
async def post_test(
    request: Request,
    here: Here,
    person: Publisher,
    name: str,
    text: Text,
    order: Word = "",
    state: Word = "",
    address: Word = "",
) -> Response:
    """Send it to whoever asks."""
    request.state.back = edit_address(name)
    own = (await here.db.read(account, person.agent_id)).address
    to = _wanted(address.strip(), own, here.settings.web.test_mail_to)
    mail, links = await _shown(here, person, name, text, order, state)
    sent = await here.db.run(send_to_ourselves, _trial(here, person, name, mail, links, to), now=here.clock.now())
    here.wake()
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"to": sent.recipient, "delivery": sent.id})
    return RedirectResponse(f"{edit_address(name)}?tested=true", 303)


def _wanted(given: str, own: str, listed: Sequence[str]) -> str:
    """Where the test mail goes. Raises InputError for any address that is nobody's own and not listed."""
    if not (given or own):
        raise InputError("address", ["your account has no address yet; an admin enters it under People"])
    if given and not may_be_sent_to(given, own, listed):
        raise InputError("address", [_REFUSED])
    return given or own


async def _shown(
    here: Desk, person: SignedIn, name: str, text: str, order: str, state: str
) -> tuple[Shown, dict[str, str]]:
    storefront, _, locale = split(name)
    now = here.clock.now()
    facts = await here.db.read(facts_of, here, order, storefront, locale, now=now) if order else None
    formal = here.settings.shop.address == "formal"
    about = About(facts, state if state in STATES else "", formal=formal)

    async def show(how: About) -> Shown:
        return await here.previews.run(person.agent_id, "", lambda: here.renderer.show(here.catalog, name, text, how))

    try:
        mail = await show(about)
        links = await here.db.read(_links, here, mail, order, storefront, now=now)
        # The mail says itself of what kind it is, and so which links it may have.
        if links:
            mail = await show(replace(about, links=links))
        return mail, links
    except MissingFacts as error:
        raise InputError(f"templates/{name}", error.missing) from None


def _links(session: Session, here: Desk, mail: Shown, order: str, storefront: str, *, now: datetime) -> dict[str, str]:
    """Links that open real pages and are marked as a test; about the order that was named, else about the newest."""
    wanted = select(Order).where(Order.storefront == storefront).order_by(col(Order.id).desc()).limit(1)
    if order:
        wanted = select(Order).where(Order.number_key == order.strip("#").lower(), Order.storefront == storefront)
    found = session.exec(wanted).first()
    newest = select(Incident.id).where(Incident.order_id == found.id) if found else None
    incident = session.exec(newest.order_by(col(Incident.id).desc())).first() if newest is not None else None
    return customer_links(
        here.terms.keys,
        here.settings.web.public_url,
        here.settings.sender.address,
        customer_id=0,
        order_id=(found.id if found else None) or 0,
        incident_id=incident or 0,
        conversation_id=None,
        enrollment_id=None,
        kind=mail.kind,
        now=now,
        is_test=True,
    )


def _trial(here: Desk, person: SignedIn, name: str, mail: Shown, links: dict[str, str], to: str) -> Trial:
    sender = here.settings.senders.get(mail.sender) or here.settings.sender
    published = here.catalog.published
    shown, files = shown_in(mail.html, published.images), published.files
    letter = LifecycleLetter(
        message_id="",
        sender_address=sender.address,
        sender_name=sender.name,
        recipient=to,
        recipient_name=person.name,
        subject=mail.subject or split(name)[1].split("/")[-1].replace("_", " "),
        text=mail.text,
        html=mail.html,
        written_at=here.clock.now(),
        kind=mail.kind if links.get("unsubscribe") else "transactional",
        flow="test",
        locale=split(name)[2] or "en",
        shop_id=here.settings.shop.name,
        unsubscribe=links.get("unsubscribe", ""),
        unsubscribe_mail=links.get("unsubscribe_mail", ""),
        pictures=[Within(one.cid, one.mime, one.data) for one in shown.values() if one.inline],
        files=[Attached(one.name, files[one.sha256].data) for one in mail.files if one.is_attached],
    )
    return Trial(person.agent_id, letter, here.terms.keys)
