"""What will be sent, exactly: the mail as it would be composed now, its text and its HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from mailer.errors import NotFound
from mailer.model import Conversation, Draft
from mailer.outbound.compose import compose
from mailer.rendering import files
from mailer.rendering.attachment import Enclosed, enclosed_in
from mailer.rendering.frame import framed_mail
from mailer.rendering.image import as_data, named_in
from mailer.replies.approve import Terms, letter_of
from mailer.web.console.forms import Id
from mailer.web.desk import Desk, Here, Reader
from mailer.web.security import framed

router = APIRouter()


@dataclass(frozen=True)
class Preview:
    """A mail as its reader's program will show it."""

    conversation_id: int
    draft_id: int
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    size: int
    # As data: addresses, by what stands in the HTML.
    pictures: Mapping[str, str]
    # What it carries or links to.
    files: Sequence[Enclosed]


@router.get("/drafts/{draft_id}/preview")
async def show_preview(here: Here, person: Reader, draft_id: Id) -> Response:
    """The whole mail."""
    return here.pages.render("preview.html", person=person, mail=await _preview(here, draft_id))


@router.get("/drafts/{draft_id}/preview/html")
async def show_html(here: Here, person: Reader, draft_id: Id) -> Response:
    """Its HTML part, to be shown in a frame in which nothing runs."""
    mail = await _preview(here, draft_id)
    document = framed_mail(mail.html, pictures=mail.pictures)
    return HTMLResponse(document.html, headers=framed(document.styles))


async def _preview(here: Desk, draft_id: int) -> Preview:
    return await here.db.read(preview_of, draft_id, here.terms, here=here)


def preview_of(session: Session, draft_id: int, terms: Terms, *, here: Desk) -> Preview:
    """The mail that an approval would make now; only its Message-ID and date are not known yet. Raises NotFound."""
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise NotFound(f"draft {draft_id}: there is no such draft")
    talk = session.get_one(Conversation, draft.conversation_id)
    letter = letter_of(session, draft, talk, f"preview-{draft.id}", terms, now=here.clock.now())
    raw = compose(letter)
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    text, html = (_part(mail, kind) for kind in ("plain", "html"))
    pictures = as_data(session, named_in(session, draft.text, terms.public_url).values())
    sender, to, subject = (str(mail[name]) for name in ("From", "To", "Subject"))
    carried = enclosed_in(draft.text, files.named_in(session, draft.text, terms.public_url))
    return Preview(talk.id or 0, draft_id, sender, to, subject, text, html, len(raw), pictures, carried)


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
