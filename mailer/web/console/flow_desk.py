"""What the pages of flows stand on: the flows in service, the shop's terms, and the words for both."""

from difflib import unified_diff
from typing import Annotated, Any

from fastapi import Path
from sqlmodel import Session

from mailer.errors import NotFound
from mailer.flows.check import Look, around, look_at
from mailer.flows.definition import Flow
from mailer.flows.files import in_service
from mailer.flows.forward import MOST_COUNTED
from mailer.flows.parse import read_flows
from mailer.flows.simulate import ShopTerms
from mailer.flows.terms import Terms
from mailer.hours import say
from mailer.rendering.catalog import Catalog
from mailer.web.console import flow_words
from mailer.web.desk import Desk

FlowName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")]

# What the templates of these pages say things by.
WORDS = {
    "words": flow_words,
    "window_words": say,
    "most_counted": MOST_COUNTED,
}


def terms_of(here: Desk) -> Terms:
    """The shop, as flows ask of it."""
    return Terms.of(here.settings, here.terms.keys)


def shop_of(terms: Terms) -> ShopTerms:
    """The same as a simulation asks of it."""
    return ShopTerms(terms.country, terms.zone, terms.calendar)


def catalog_of(here: Desk) -> Catalog:
    """The mails as they are in service at this moment. It asks the database: off the loop only."""
    here.templates.read_here()
    return here.catalog


def look_in(here: Desk, name: str, text: str) -> Look:
    """What is wrong with a flow's text, by the mails, senders and coupons of this shop. Off the loop only."""
    return look_at(name, text, around(here.settings, catalog_of(here)))


def flows_of(session: Session, here: Desk) -> dict[str, Flow]:
    """The flows in service, by name."""
    return in_service(session, here.settings.flows.directory)


def the_flow(session: Session, here: Desk, name: str) -> Flow:
    """One flow in service. Raises NotFound."""
    found = flows_of(session, here).get(name)
    if found is None:
        raise NotFound(f'There is no flow "{name}" in service.')
    return found


def broken_files(here: Desk) -> dict[str, list[str]]:
    """The mistakes of the files that cannot be read, by flow."""
    return read_flows(here.settings.flows.directory)[1]


def in_page(here: Desk, person: Any, **values: Any) -> dict[str, Any]:
    """What every page of flows is given."""
    return {"person": person, "now": here.story_now, "place": "flows", **WORDS, **values}


def differences(before: str, after: str) -> list[str]:
    """What one text has and the other has not, line by line with a little around; empty when they are the same."""
    lines = unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]
