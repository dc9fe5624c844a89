"""All our templates by use: in which languages, where used, how often sent, and what became of the conversations."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, select
from starlette.responses import Response

from mailer.flows.definition import Flow
from mailer.flows.files import in_service
from mailer.insight.templates import Use, use_of_templates
from mailer.model import Agent, Intent, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.standing import gone_apart
from mailer.rendering.tree import Entry, entries, says
from mailer.web.desk import Desk, Here, Reader, newest_templates
from mailer.web.languages import N_

router = APIRouter(dependencies=[Depends(newest_templates)])

# As the wishes of customers are grouped everywhere.
_GROUPS: Sequence[tuple[str, Sequence[Intent]]] = (
    (
        N_("Before the order"),
        (
            *(Intent.PRODUCT_QUESTION, Intent.SIZE_QUESTION, Intent.STOCK, Intent.DISCOUNT_PROMO),
            *(Intent.SHIPPING_QUESTION, Intent.COMBINED_SHIPPING, Intent.CUSTOMS_TAX, Intent.WEBSITE_SAFETY),
            *(Intent.PAYMENT_ISSUE, Intent.WHOLESALE),
        ),
    ),
    (
        N_("The order"),
        (
            *(Intent.ORDER_STATUS, Intent.CHANGE_ORDER, Intent.CANCEL_ORDER, Intent.INVOICE, Intent.ACCOUNT_HELP),
            Intent.DELIVERY_DELAY,
        ),
    ),
    (
        N_("After delivery"),
        (
            *(Intent.RETURN_REFUND, Intent.REFUND_STATUS, Intent.EXCHANGE, Intent.DAMAGED_DEFECTIVE),
            *(Intent.WRONG_MISSING_ITEM, Intent.SIZE_NOT_FIT),
        ),
    ),
    (
        N_("Relationship"),
        (
            *(Intent.COMPLAINT_DISPUTE, Intent.POSITIVE_FEEDBACK, Intent.REVIEW_RELATED),
            Intent.UNSUBSCRIBE_PRIVACY,
        ),
    ),
)
_OTHER_REPLIES = N_("Answers for other cases")
_LIFECYCLE, _BLOCKS, _FRAME = N_("Mails of flows"), N_("Blocks"), N_("Around every mail")
_STOREFRONT = N_("Of one storefront")
_LIVELY = (TemplateState.DRAFT, TemplateState.SCHEDULED, TemplateState.PUBLISHED)
ONLY = {
    "": N_("All"),
    "missing": N_("Missing in a language"),
    "mine": N_("With a draft of mine"),
    "drafts": N_("With a draft or a plan"),
    "published": N_("Published here"),
    "apart": N_("File and published text both changed"),
}


@dataclass(frozen=True)
class Line:
    """One template of the list."""

    entry: Entry
    # Where it is used: an intent, or flows with their state.
    intent: str = ""
    flows: Sequence[Flow] = ()


@dataclass(frozen=True)
class Marks:
    """What people did with one file lately."""

    published_at: datetime | None = None
    published_by: str = ""
    mine: bool = False
    others: tuple[str, ...] = ()
    planned_at: datetime | None = None
    apart: bool = False


@dataclass(frozen=True)
class Sight:
    """What the list tells beside names: marks by file, use by key."""

    marks: Mapping[str, Marks]
    use: Mapping[str, Use]

    def of(self, entry: Entry) -> list[tuple[str, Marks]]:
        """The marks of all its files, by language."""
        return [(locale, self.marks[name]) for locale, name in sorted(entry.files.items()) if name in self.marks]


@dataclass(frozen=True)
class Group:
    """Lines under one heading."""

    title: str
    lines: Sequence[Line]


@router.get("/templates")
async def show_templates(
    here: Here,
    person: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    only: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The tree, or what of it says these words."""
    catalog = here.catalog
    flows = await here.db.read(in_service, here.settings.flows.directory)
    sight = await here.db.read(_sight, catalog, person.agent_id, now=here.clock.now())
    everything = await asyncio.to_thread(entries, catalog)
    found = [one for one in everything if not q.strip() or says(catalog, one, q.strip())]
    shown = [one for one in found if _is_wanted(one, only, sight)]
    return here.pages.render(
        "templates.html",
        person=person,
        now=here.clock.now(),
        q=q,
        only=only,
        groups=grouped(shown, flows),
        count=len(shown),
        sight=sight,
        only_some=ONLY,
    )


def _is_wanted(entry: Entry, only: str, sight: Sight) -> bool:
    marks = [one for _, one in sight.of(entry)]
    return {
        "missing": bool(entry.missing),
        "mine": any(one.mine for one in marks),
        "drafts": any(one.mine or one.others or one.planned_at for one in marks),
        "published": any(one.published_at for one in marks),
        "apart": any(one.apart for one in marks),
    }.get(only, True)


def _sight(session: Session, catalog: Catalog, agent_id: int, *, now: datetime) -> Sight:
    """What people did, and what became of the mails."""
    people = dict(session.exec(select(Agent.id, Agent.name)).all())
    apart = {one.name for one in gone_apart(session, catalog)}
    wanted = select(TemplateRevision).where(col(TemplateRevision.state).in_(_LIVELY))
    marks: dict[str, Marks] = {}
    for one in session.exec(wanted.order_by(col(TemplateRevision.id))):
        marks[one.name] = _marked(marks.get(one.name, Marks(apart=one.name in apart)), one, people, agent_id)
    return Sight(marks, use_of_templates(session, now=now))


def _marked(marks: Marks, one: TemplateRevision, people: Mapping[int | None, str], agent_id: int) -> Marks:
    if one.state == TemplateState.PUBLISHED:
        return replace(marks, published_at=one.published_at, published_by=people.get(one.published_by, ""))
    if one.state == TemplateState.SCHEDULED:
        return replace(marks, planned_at=one.publish_at)
    if one.author_id == agent_id:
        return replace(marks, mine=True)
    return replace(marks, others=(*marks.others, people.get(one.author_id, "")))


def grouped(found: Sequence[Entry], flows: Mapping[str, Flow]) -> list[Group]:
    """The entries under their headings, none of them empty."""
    left = {(one.storefront, one.key): one for one in found}
    groups = []
    for title, intents in _GROUPS:
        lines = [left.pop(("main", f"replies/{intent}"), None) for intent in intents]
        groups.append(Group(title, [Line(one, one.key.split("/")[1]) for one in lines if one is not None]))
    main = [one for one in left.values() if one.storefront == "main"]
    groups += [
        Group(_OTHER_REPLIES, [Line(one) for one in main if one.place == "replies"]),
        Group(_LIFECYCLE, [_of_flows(one, flows) for one in main if one.place == "lifecycle"]),
        Group(_BLOCKS, [Line(one) for one in main if one.place == "blocks"]),
        Group(_FRAME, [Line(one) for one in main if one.place == "frame"]),
        Group(_STOREFRONT, [_of_flows(one, flows) for one in left.values() if one.storefront != "main"]),
    ]
    return [one for one in groups if one.lines]


def _of_flows(entry: Entry, flows: Mapping[str, Flow]) -> Line:
    key = entry.key.split("/")[-1]
    return Line(entry, flows=[flow for flow in flows.values() if any(step.send == key for step in flow.steps)])


def flows_of(session: Session, here: Desk, key: str) -> list[Flow]:
    """The flows that send this mail."""
    flows = in_service(session, here.settings.flows.directory)
    return [flow for flow in flows.values() if any(step.send == key for step in flow.steps)]
