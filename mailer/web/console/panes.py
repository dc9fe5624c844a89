"""The three panes: the list, the item and what we know, as one page or as the part that a browser asks for.

A browser with our script asks by the header X-Pane: `item` for item and facts, `rows` for the list. What it fetched
ahead it names with its stamp in X-Kept, and gets no more than the news when nothing changed.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlmodel import Session
from starlette.responses import Response

from mailer.model import Delivery, Intent
from mailer.replies.claims import colleagues, open_by
from mailer.replies.lines import Waiting, waiting
from mailer.replies.stamp import stamp
from mailer.replies.tabs import Tab, counts, languages, products
from mailer.web.auth import SignedIn
from mailer.web.console.looking import Looking
from mailer.web.console.notes import mentioned
from mailer.web.console.views import View, views
from mailer.web.console.wishes import LEVELS, NAMES
from mailer.web.console.words import EMPTY, TABS, standing
from mailer.web.desk import Desk

PAGE = 50


@dataclass(frozen=True)
class Rows:
    """One page of the list, and who has what open."""

    lines: Sequence[Waiting]
    more: bool
    open_by: Mapping[int, Sequence[str]]
    # Conversations whose notes name the viewer.
    mentioned: Set[int] = frozenset()


@dataclass(frozen=True)
class Around:
    """What stands around the list: how many wait where, kept views, and what can be chosen from."""

    counts: Mapping[Tab, int]
    views: Sequence[View]
    people: Mapping[int, str]
    languages: Sequence[str]
    products: Sequence[str]
    intents: Sequence[str]
    storefronts: Sequence[str]


def rows(session: Session, look: Looking, person: SignedIn, now: datetime) -> Rows:
    """The page of the list that somebody looks at."""
    found = waiting(session, look.tab, look.filters, limit=PAGE + 1, offset=(look.page - 1) * PAGE)
    shown = found[:PAGE]
    ids = [line.conversation_id for line in shown]
    others = open_by(session, ids, besides=person.agent_id, now=now)
    return Rows(shown, len(found) > PAGE, others, mentioned(session, person.agent_id, ids))


def around(session: Session, person: SignedIn, storefronts: Sequence[str]) -> Around:
    """All that the head of the list shows."""
    return Around(
        counts=counts(session),
        views=views(session, person.agent_id),
        people=colleagues(session),
        languages=languages(session),
        products=products(session),
        intents=[intent.value for intent in Intent],
        storefronts=storefronts,
    )


def storefronts(here: Desk) -> list[str]:
    """The brands that the mailboxes answer for."""
    return sorted({box.storefront for box in here.settings.inbound.mailboxes.values()})


def list_values(look: Looking, found: Rows, now: datetime) -> dict[str, Any]:
    """What rows.html needs."""
    return {
        "look": look,
        "rows": found,
        "now": now,
        "empty": EMPTY[look.tab],
        "tabs": TABS,
        "current": None,
        "names": NAMES,
        "levels": LEVELS,
    }


async def news_alone(
    request: Request, here: Desk, person: SignedIn, conversation_id: int, undo: int | None, **values: Any
) -> Response | None:
    """No more than the news, for a browser that fetched this item ahead and in which it still holds."""
    kept, now = request.headers.get("x-kept", "").split(","), here.clock.now()
    if not any(one.startswith(f"{conversation_id}:") for one in kept):
        return None
    seen, delivery = await here.db.read(_news, conversation_id, undo)
    if f"{conversation_id}:{seen}" not in kept:
        return None
    return here.pages.render(
        "news.html",
        headers={"x-pane": "kept"},
        person=person,
        undo=delivery,
        undo_standing=standing(delivery, now) if delivery else None,
        undo_seconds=seconds_left(delivery, now),
        **values,
    )


async def in_panes(
    request: Request, here: Desk, person: SignedIn, look: Looking, conversation_id: int, **values: Any
) -> Response:
    """An item in its panes: the whole page, or item and facts alone."""
    now = here.clock.now()
    alone = request.headers.get("x-pane") == "item"
    edge, (found, head) = await here.db.read(
        _frame, look, person, conversation_id, storefronts(here), alone=alone, now=now
    )
    given = {**values, "person": person, "look": look, "edge": edge, "now": now, "empty": EMPTY[look.tab]}
    if alone:
        return here.pages.render("panes.html", headers={"x-pane": "item"}, **given)
    return here.pages.render("item.html", **given, rows=found, around=head, tabs=TABS, current=conversation_id)


@dataclass(frozen=True)
class Edge:
    """What the shell says of an item: who else has it open, whose it is, and how it looks in one word."""

    stamp: str
    open_by: Sequence[str]
    people: Mapping[int, str]


def _frame(
    session: Session,
    look: Looking,
    person: SignedIn,
    conversation_id: int,
    brands: Sequence[str],
    *,
    alone: bool,
    now: datetime,
) -> tuple[Edge, tuple[Rows | None, Around | None]]:
    others = open_by(session, [conversation_id], besides=person.agent_id, now=now).get(conversation_id, [])
    edge = Edge(stamp(session, conversation_id), others, colleagues(session))
    if alone:
        return edge, (None, None)
    return edge, (rows(session, look, person, now), around(session, person, brands))


def _news(session: Session, conversation_id: int, undo: int | None) -> tuple[str, Delivery | None]:
    return stamp(session, conversation_id), session.get(Delivery, undo) if undo else None


def seconds_left(delivery: Delivery | None, now: datetime) -> int:
    """For how long an approval can still be taken back."""
    until = delivery.undo_until if delivery else None
    return max(0, int((until - now).total_seconds() + 0.999)) if until else 0
