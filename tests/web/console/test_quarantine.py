"""The quarantine and the joining of conversations in the console."""

import httpx2
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, RawMail, RawMailState
from tests import build

HOSTILE = b"Subject: <script>alert(1)</script>\r\n\r\nwords"


def unreadable(session: Session, clock: FrozenClock) -> int:
    number = build.raw_mail(session, clock.now(), HOSTILE)
    row = session.get_one(RawMail, number)
    row.state, row.error = RawMailState.QUARANTINED, "too many parts"
    return number


async def test_a_mail_in_quarantine_is_shown_as_text_downloaded_and_tried_again(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    number = await db.run(unreadable, clock)
    tab = (await agent.get("/quarantine")).text
    assert f'action="/quarantine/{number}/retry"' in tab
    page = await agent.get(f"/quarantine/{number}/text")
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    raw = await agent.get(f"/quarantine/{number}/raw")
    assert raw.content == HOSTILE
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"] == f'attachment; filename="mail-{number}.eml"'
    answer = await agent.post(f"/quarantine/{number}/retry")
    assert answer.headers["location"] == "/quarantine?notice=retried"
    assert woken
    assert (await agent.post(f"/quarantine/{number}/retry")).status_code == 409
    assert (await agent.get("/quarantine/999/raw")).status_code == 404


async def test_two_conversations_are_joined_parted_and_put_back(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    def two(session: Session) -> tuple[int, int, int]:
        first = build.customer_mail(session, clock.now())
        second = build.customer_mail(session, clock.now(), sender="bo@customer.test")
        session.get_one(Conversation, second.conversation_id).possibly_of = first.conversation_id
        return first.conversation_id, second.conversation_id, second.id or 0

    first, second, mail = await db.run(two)
    assert f'Possibly belongs to <a href="/conversations/{first}"' in (await agent.get(f"/conversations/{second}")).text
    joined = await agent.post(f"/conversations/{second}/merges", data={"into": first})
    assert joined.headers["location"] == f"/conversations/{first}?notice=regrouped"
    page = (await agent.get(f"/conversations/{first}")).text
    assert 'action="/regroupings/1/undo"' in page
    assert f'name="message" value="{mail}"' in page
    parted = await agent.post(f"/conversations/{first}/splits", data={"message": mail})
    assert parted.status_code == 303
    for made in (2, 1):
        assert (await agent.post(f"/regroupings/{made}/undo")).status_code == 303
    assert (await agent.post("/regroupings/1/undo")).status_code == 409
    assert (await agent.post(f"/conversations/{first}/merges", data={"into": first})).status_code == 409
