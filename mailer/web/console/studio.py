"""The template studio: one template to be written, with its checks and its preview beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, select
from starlette.responses import JSONResponse, Response

from mailer.errors import InputError, NotFound
from mailer.model import Agent, Comparison, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import KIT
from mailer.rendering.names import parse_name
from mailer.rendering.revision import own_draft
from mailer.rendering.show import STATES
from mailer.rendering.standing import Standing, running_comparison, standing
from mailer.rendering.tree import Entry, entries, split
from mailer.rendering.where import where_to_add
from mailer.web.console.studio_attachments import files_for
from mailer.web.console.studio_images import images_for, languages_of
from mailer.web.console.studio_look import looks, remarks_on
from mailer.web.desk import Here, Reader, newest_templates
from mailer.web.languages import N_

router = APIRouter(dependencies=[Depends(newest_templates)])

LOOKS = {
    "desktop": N_("Desktop"),
    "phone": N_("Phone"),
    "dark": N_("Dark"),
    "text": N_("Plain text"),
    "inbox": N_("In the inbox"),
}
STATE_WORDS = {
    "": N_("as it is"),
    "not_shipped": N_("not shipped yet"),
    "in_transit": N_("on its way"),
    "late": N_("late"),
    "delivered": N_("delivered"),
    "lost": N_("lost"),
    "returning": N_("on its way back"),
    "canceled": N_("canceled"),
}
_UNDER_WAY = (TemplateState.DRAFT, TemplateState.SCHEDULED)
_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "include", "set", "call", "endcall")


@router.get("/templates/edit/{name:path}")
async def edit(
    here: Here,
    person: Reader,
    name: str,
    order: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    look: Annotated[str, Query(max_length=20)] = "desktop",
    saved: bool = False,
    tested: bool = False,
) -> Response:
    """The editor; for agents the same to be read."""
    desk = await here.db.read(_look, here.catalog, name, person.agent_id)
    entry, text = found(here.catalog, name), desk.text
    state, look = state if state in STATES else "", look if look in LOOKS else "desktop"
    return here.pages.render(
        "studio.html",
        person=person,
        now=here.clock.now(),
        name=name,
        entry=entry,
        locale=split(name)[2],
        text=text,
        desk=desk,
        saved=saved,
        tested=tested,
        remarks=await remarks_on(here, person, name, text),
        shown=await looks(here, person, name, text, order=order, state=state, look=look),
        looks=LOOKS,
        states=STATE_WORDS,
        order=order,
        state=state,
        look=look,
        images=await images_for(here, name),
        files=await files_for(here, name),
        most=here.settings.rendering.largest_file,
        languages=languages_of(name),
        public=here.settings.web.public_url,
    )


@router.get("/templates/words/{name:path}")
async def words(here: Here, person: Reader, name: str) -> Response:
    """What can be written in this template: for the completion of the editor."""
    catalog = here.catalog
    locale = split(name)[2]
    paths = [{"label": path, "detail": _sample(value), "info": where_to_add(path)} for path, value in _paths().items()]
    blocks = [{"label": one} for one in catalog.blocks() if one.rsplit(".", 2)[-2] == locale]
    return JSONResponse(
        {
            "paths": paths,
            "filters": [{"label": one} for one in sorted(catalog.environment().filters)],
            "kit": [{"label": one, "apply": f"{one}("} for one in _pieces(catalog)],
            "blocks": blocks,
            "tags": [{"label": one} for one in _TAGS],
        }
    )


def found(catalog: Catalog, name: str) -> Entry:
    """The template that this file belongs to, or begins. Raises NotFound for a name that is none."""
    for one in entries(catalog):
        if name in one.files.values():
            return one
    try:
        its = parse_name(name)
    except InputError:
        raise NotFound(f"There is no template {name[:200]}.") from None
    key = f"{its.use}/{its.key}"
    begun = next((one for one in entries(catalog) if (one.storefront, one.key) == (its.storefront, key)), None)
    return begun or Entry(key, its.storefront, {its.locale: name})


@dataclass(frozen=True)
class AtHand:
    """One template as a person finds it: how it stands, their own draft, the drafts of others, and their address."""

    standing: Standing
    draft: TemplateRevision | None
    others: Sequence[tuple[str, TemplateRevision]]
    compared: Comparison | None
    address: str

    @property
    def text(self) -> str:
        """What the editor opens with."""
        return self.draft.text if self.draft else self.standing.text


def _look(session: Session, catalog: Catalog, name: str, agent_id: int) -> AtHand:
    try:
        its, draft = standing(session, catalog, name), own_draft(session, name, agent_id)
    except InputError:
        raise NotFound(f"There is no template {name[:200]}.") from None
    if its.published is None and its.file_text is None and draft is None and not _drafts(session, name):
        raise NotFound(f"There is no template {name[:200]}.")
    others = [(who, one) for who, one in _drafts(session, name) if one.author_id != agent_id or one != draft]
    agent = session.get(Agent, agent_id)
    return AtHand(its, draft, others, running_comparison(session, name), agent.address if agent else "")


def _drafts(session: Session, name: str) -> list[tuple[str, TemplateRevision]]:
    """What is written or planned, with who writes it."""
    wanted = (
        select(Agent.name, TemplateRevision)
        .join(Agent, col(Agent.id) == TemplateRevision.author_id)
        .where(TemplateRevision.name == name, col(TemplateRevision.state).in_(_UNDER_WAY))
        .order_by(col(TemplateRevision.id))
    )
    return [(who, one) for who, one in session.exec(wanted)]


def _paths() -> dict[str, Any]:
    """Every fact with its sample; of lists the list itself and the values of its first element."""
    told = {path: value for path, value in SAMPLES.items() if ".1." not in path}
    lists = {path.partition(".0.")[0]: "…" for path in told if ".0." in path}
    return lists | {path.replace(".0.", "[0]."): value for path, value in told.items()}


def _sample(value: object) -> str:
    return "" if value is None else f"{value}"[:40]


def _pieces(catalog: Catalog) -> list[str]:
    try:
        body = catalog.read(KIT).body
    except InputError:
        return []
    return [line.split("{% macro ")[1].split("(")[0] for line in body.splitlines() if "{% macro " in line]
