"""A shop in which each page of the console has something to show, and the address of each page."""

import re
from collections.abc import Awaitable, Callable, Mapping

from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Agent,
    Approval,
    Delivery,
    Draft,
    DraftState,
    Enrollment,
    QualitySample,
    RawMail,
    RawMailState,
    Role,
    TroubleKind,
)
from mailer.replies.troubles import declare
from mailer.web import auth
from tests import build
from tests.build import TEMPLATES
from tests.web.build import case
from tests.web.matters import Matter, matter

FLOW = "review_invitation"
MAIL = "lifecycle/shipping_notice.en.html"
REPLY = "replies/order_status.en.md"

# Sends a form as somebody who is signed in: the answer's status and text.
Form = Mapping[str, str | float | bool]
Post = Callable[[str, Form], Awaitable[tuple[int, str]]]


async def furnish(db: Database, clock: FrozenClock, admin: Post, marketer: Post) -> Mapping[str, list[str]]:
    """Fill the shop by what these two do; what stands for each name in the address of a route."""
    now = clock.now()
    found = await db.run(matter, now)
    cases = [
        await db.run(case, now, name=f"Customer {n}", address=f"c{n}@shop.test", number=f"#{n}") for n in range(1, 6)
    ]
    await db.run(unreadable, clock)
    by = await db.read(lambda session: session.exec(select(Agent.id).where(Agent.role == Role.ADMIN)).first())
    await db.run(declare, TroubleKind.CARRIER, "DHL", agent_id=by or 0, now=now)
    for draft in (one.draft for one in cases[:3]):
        await _post(admin, "/together", {"item": f"{draft}:1", "seen": draft, "template": "order_status"})
    for name in (MAIL, REPLY):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        for person in (admin, marketer):
            await _post(person, f"/templates/edit/{name}", {"text": f"{text}\n", "version": 0})
    token = await db.run(_invitation, clock)
    return await db.run(_names, found, token, clock)


async def _post(post: Post, place: str, form: Form) -> None:
    status, said = await post(place, form)
    assert status < 400, (place, status, said)


def unreadable(session: Session, clock: FrozenClock) -> None:
    """A mail that nobody could read."""
    number = build.raw_mail(session, clock.now(), b"Subject: ?\r\n\r\nwords", box="orders")
    row = session.get_one(RawMail, number)
    row.state, row.error = RawMailState.QUARANTINED, "too many parts"


def _invitation(session: Session, clock: FrozenClock) -> str:
    person = auth.add_agent(session, "nina", Role.AGENT, clock.now())
    return auth.make_link(session, person, now=clock.now())


def _names(session: Session, found: Matter, token: str, clock: FrozenClock) -> Mapping[str, list[str]]:
    approval = session.exec(select(Approval.id)).first()
    sample = QualitySample(approval_id=approval or 0, why="by chance", drawn_at=clock.now())
    session.add(sample)
    session.flush()
    pending = select(Draft.id).where(Draft.state == DraftState.PENDING, Draft.conversation_id == found.conversation)
    raw = select(RawMail.id).where(RawMail.state == RawMailState.QUARANTINED)
    numbers = {
        "conversation_id": found.conversation,
        "message_id": found.message,
        "delivery_id": session.exec(select(Delivery.id).order_by(col(Delivery.id).desc())).first(),
        "draft_id": session.exec(pending).one(),
        "passage_id": session.exec(select(Enrollment.id)).first(),
        "raw_mail_id": session.exec(raw).one(),
        "sample_id": sample.id,
    }
    return {
        **{name: [str(number)] for name, number in numbers.items()},
        "token": [token],
        "name": [FLOW],
        "name:path": [MAIL, REPLY],
    }


def addresses_of(path: str, names: Mapping[str, list[str]]) -> list[str]:
    """A route's path with each value in the place of its name; what has no name here is the first of its kind."""
    found = re.search(r"{([^}]+)}", path)
    if found is None:
        return [path]
    return [
        one for value in names.get(found[1], ["1"]) for one in addresses_of(path.replace(found[0], value, 1), names)
    ]
