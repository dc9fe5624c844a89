"""All our templates by use: in which languages, where used, how often sent, and what became of the conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.responses import Response

from mailer.flows.definition import Flow
from mailer.flows.files import in_service
from mailer.model import Intent
from mailer.rendering.check import SHIPPED
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


@dataclass(frozen=True)
class Line:
    """One template of the list."""

    entry: Entry
    # Where it is used: an intent, flows with their state, or templates.
    intent: str = ""
    flows: Sequence[Flow] = ()


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
    found = [one for one in entries(catalog) if not q.strip() or says(catalog, one, q.strip())]
    shown = [one for one in found if only != "missing" or one.missing]
    return here.pages.render(
        "templates.html",
        person=person,
        now=here.clock.now(),
        q=q,
        only=only,
        groups=grouped(shown, flows),
        count=len(shown),
        languages_we_ship=SHIPPED,
    )


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
