"""The pictures that a mail has elsewhere, when somebody asks for them: fetched by the server, for this look only."""

from collections.abc import Sequence
from gettext import NullTranslations
from html import escape

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from mailer.inbound.html import host_of
from mailer.inbound.showing import Shown, with_brought
from mailer.signing import digest
from mailer.web.console.forms import Id
from mailer.web.console.mail_bytes import STYLE_HASH, bytes_of, frame_document, shown_from
from mailer.web.desk import Decider, Here, NotAllowed
from mailer.web.languages import N_, translations
from mailer.web.looks import Brought
from mailer.web.security import framed

router = APIRouter()

NONE = N_("This mail shows no pictures from elsewhere.")
SHOWN = N_("Pictures from elsewhere: %(count)s shown, fetched by our server for this look only.")
LEFT_OUT = N_("Not shown:")
UNSEEN = N_("Too small to be seen, so they only tell who looked; not fetched: %(count)s.")
WHY = {
    "tracker": N_("a tracker: too small to be seen, it only tells who fetched it"),
    "address": N_("it lies where we do not go"),
    "silent": N_("its server does not give it"),
    "large": N_("it is too large"),
    "kind": N_("it is no picture that we show"),
    "broken": N_("it cannot be read"),
    "late": N_("it took too long"),
    "many": N_("the mail has too many"),
}


@router.post("/messages/{message_id}/pictures")
async def post_pictures(here: Here, person: Decider, message_id: Id) -> Response:
    """The mail's HTML for its frame once more, with its pictures from elsewhere in it; the browser fetches nothing."""
    if not here.settings.web.remote_pictures:
        raise NotAllowed("This shop fetches no pictures that mails show from elsewhere.")
    raw = await here.db.read(bytes_of, message_id)
    shown = await shown_from(here, message_id, raw)
    brought = await here.looks.bring(shown.wanted)
    names = {one.address: digest(one.address.encode()) for one in brought if one.data}
    filled = await shown_from(here, message_id, raw, names) if names else shown
    html = with_brought(filled.html, {names[one.address]: one.data for one in brought if one.data})
    words = _told(shown, brought, translations(person.language))
    return HTMLResponse(frame_document(f"{words}<hr>{html}"), headers=framed(STYLE_HASH))


def _told(shown: Shown, brought: Sequence[Brought], language: NullTranslations) -> str:
    """What became of them, as HTML above the mail."""
    count = sum(bool(one.data) for one in brought)
    said = [language.gettext(SHOWN) % {"count": count} if brought else language.gettext(NONE)]
    if shown.unseen:
        said.append(language.gettext(UNSEEN) % {"count": shown.unseen})
    left = [f"{host_of(one.address)}: {language.gettext(WHY[one.why_not])}" for one in brought if one.why_not]
    lines = "".join(f"<p><small>{escape(one)}</small></p>" for one in said)
    if not left:
        return lines
    items = "".join(f"<li>{escape(one)}</li>" for one in dict.fromkeys(left))
    return f"{lines}<p><small>{escape(language.gettext(LEFT_OUT))}</small></p><ul>{items}</ul>"
