"""The draft on the page: chips, what changed, another draft, versions, previews, as a browser asks for them."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from html import unescape

import httpx2
import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.config import Settings
from mailer.db import Database
from mailer.model import (
    Approval,
    Blob,
    ConversationState,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    DraftVersion,
    Message,
    MessageState,
    Order,
    ParcelState,
    SeenChange,
    Shipment,
)
from mailer.replies.versions import keep
from mailer.web.console.draft_sight import print_of
from tests import build

XHR = {"HX-Request": "true"}


@pytest.fixture
def case(db: Database, clock: FrozenClock) -> build.Asked:
    return db.run_here(build.asked, clock.now())


def page_of(case: build.Asked) -> str:
    return f"/conversations/{case.conversation}"


def draft_of(session: Session, draft_id: int) -> Draft:
    return session.get_one(Draft, draft_id)


def deliver(session: Session, now: object) -> None:
    session.exec(select(Shipment)).one().state = ParcelState.DELIVERED
    session.exec(select(Order)).one().recorded_at = now  # type: ignore[assignment]


async def edited(agent: httpx2.AsyncClient, case: build.Asked, text: str = "Dear Ana, it is on its way.") -> None:
    answer = await agent.post(f"/drafts/{case.draft}/text", data={"version": 1, "text": text})
    assert answer.status_code == 303


async def test_facts_in_the_text_are_chips_with_source_and_age(agent: httpx2.AsyncClient, case: build.Asked) -> None:
    page = (await agent.get(page_of(case))).text
    assert 'class="chip" href="#fact-1"' in page
    assert ">#1001</a>" in page
    assert 'title="order number: api, 4 d ago"' in page
    assert "Facts in this text (12)" in page


async def test_what_nobody_filled_in_is_a_block_and_stops_approval(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await edited(agent, case, "Dear Ana, it comes on [..], XXX.")
    page = (await agent.get(page_of(case))).text
    assert '<strong class="gap"><span class="visually-hidden">Missing: </span>[..]</strong>' in page
    assert "disabled>Approve and send" in page
    answer = await agent.post(f"/drafts/{case.draft}/approval", data={"version": 2})
    assert answer.status_code == 400
    assert "something is missing in the text: [..], XXX" in answer.text
    assert (await db.read(draft_of, case.draft)).state is DraftState.PENDING


async def test_what_must_be_done_before_is_asked_by_the_server_too(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    def ask(session: Session) -> None:
        session.get_one(Draft, case.draft).before = "Refund #1001."

    await db.run(ask)
    assert 'name="done"' in (await agent.get(page_of(case))).text
    answer = await agent.post(f"/drafts/{case.draft}/approval", data={"version": 1})
    assert answer.status_code == 400
    assert "say that this is done first: Refund #1001." in answer.text
    done = await agent.post(f"/drafts/{case.draft}/approval", data={"version": 1, "done": "true"})
    assert done.status_code == 303


async def test_changed_facts_stand_side_by_side_until_a_person_saw_them(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await edited(agent, case)
    clock.current += timedelta(minutes=5)
    await db.run(deliver, clock.now())
    page = (await agent.get(page_of(case))).text
    assert "<td><del>in transit</del></td><td><ins>delivered</ins></td>" in page
    assert "disabled>Approve and send" in page
    assert (await agent.post(f"/drafts/{case.draft}/approval", data={"version": 2})).status_code == 409
    seal = page.split('name="print" value="')[1].split('"')[0]
    other = await agent.post(f"/drafts/{case.draft}/seen", data={"version": 2, "print": "another"})
    assert other.status_code == 409
    answer = await agent.post(f"/drafts/{case.draft}/seen", data={"version": 2, "print": seal})
    assert answer.headers["location"] == f"{page_of(case)}#draft-title"
    seen = await db.read(lambda session: session.exec(select(SeenChange)).one())
    assert (seen.draft_id, seen.version, seen.agent_id) == (case.draft, 2, 1)
    assert any("was in_transit, is delivered" in change for change in seen.changes)
    assert "disabled>" not in (await agent.get(page_of(case))).text
    assert (await agent.post(f"/drafts/{case.draft}/approval", data={"version": 3})).status_code == 303


async def test_a_new_edition_of_the_template_is_told_and_seen(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    def change(session: Session) -> None:
        draft = session.get_one(Draft, case.draft)
        draft.made_from = {**draft.made_from, draft.template or "": "another"}

    await edited(agent, case)
    await db.run(change)
    page = (await agent.get(page_of(case))).text
    assert "There is a new edition of replies/order_status.en.md" in page
    refused = await agent.post(f"/drafts/{case.draft}/approval", data={"version": 2})
    assert (refused.status_code, "the template changed" in refused.text) == (409, True)
    seal = page.split('name="print" value="')[1].split('"')[0]
    await agent.post(f"/drafts/{case.draft}/seen", data={"version": 2, "print": seal})
    assert (await agent.post(f"/drafts/{case.draft}/approval", data={"version": 3})).status_code == 303


async def test_a_newer_mail_is_shown_and_cannot_be_looked_away(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    def write(session: Session) -> None:
        build.customer_mail(
            session, clock.now(), conversation=case.conversation, order=case.order, own_words="Stop! Cancel it."
        )

    await db.run(write)
    page = (await agent.get(page_of(case))).text
    assert "The customer wrote again" in page
    assert '<blockquote class="letter" dir="auto">Stop! Cancel it.</blockquote>' in page
    assert 'name="print"' not in page
    answer = await agent.post(f"/drafts/{case.draft}/seen", data={"version": 1, "print": "x"})
    assert answer.status_code == 409


async def test_an_open_page_is_told_when_the_draft_is_another(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked, settings: Settings
) -> None:
    from mailer.rendering.catalog import Catalog

    place = f"{page_of(case)}/draft"
    catalog = Catalog(build.TEMPLATES)
    seal = await db.read(lambda session: print_of(session, case.conversation, catalog, now=clock.now()))
    assert (await agent.get(f"{place}?print={seal}&shown={case.draft}")).status_code == 204
    clock.current += timedelta(minutes=5)
    await db.run(deliver, clock.now())
    assert (await agent.get(f"{place}?print={seal}&shown={case.draft}")).status_code == 200
    await agent.post(f"{page_of(case)}/draft-again")
    part = (await agent.get(f"{place}?print={seal}&shown={case.draft}")).text
    assert "<html" not in part
    assert "This was drafted anew while you had it open" in part
    assert "disabled>Approve and send" in part
    new = await db.read(lambda session: build.pending(session, case.conversation).id)
    data = {"version": 1, "instead": case.draft}
    assert (await agent.post(f"/drafts/{new}/seen", data=data)).status_code == 303
    assert (await agent.post(f"/drafts/{new}/approval", data={"version": 1})).status_code == 303


async def test_an_open_page_is_told_what_became_of_its_answer(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await agent.post(f"/drafts/{case.draft}/approval", data={"version": 1})

    async def part_after(seal: str) -> tuple[int, str, str]:
        answer = await agent.get(f"{page_of(case)}/draft?print={seal}")
        found = re.search(r"draft\?print=(\w+)", answer.text)
        return answer.status_code, found.group(1) if found else seal, answer.text

    _, seal, held = await part_after("")
    assert "held, undo until" in held
    assert "/deliveries/1/cancellation" in held
    assert (await part_after(seal))[0] == 204
    clock.current += timedelta(minutes=1)
    status, seal, late = await part_after(seal)
    assert status == 200
    assert "/deliveries/1/cancellation" not in late

    def fail(session: Session) -> None:
        session.get_one(Delivery, 1).state = DeliveryState.FAILED

    await db.run(fail)
    status, _, failed = await part_after(seal)
    assert (status, "held, undo until" in failed) == (200, False)


async def test_drafting_again_keeps_what_a_person_wrote(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked, woken: list[str]
) -> None:
    await edited(agent, case, "My own long words.")
    answer = await agent.post(f"{page_of(case)}/draft-again")
    assert answer.headers["location"].startswith(f"{page_of(case)}?notice=drafted")
    page = (await agent.get(page_of(case))).text
    assert "A person's words, kept" in unescape(page)
    assert "My own long words." in page
    first, second = await db.read(lambda session: build.drafts(session, case.conversation))
    assert (first.state, first.text) == (DraftState.STALE, "My own long words.\n")
    assert (second.state, second.written_by) == (DraftState.PENDING, None)


async def test_an_answer_under_way_is_not_drafted_again(agent: httpx2.AsyncClient, case: build.Asked) -> None:
    await agent.post(f"/drafts/{case.draft}/approval", data={"version": 1})
    assert (await agent.post(f"{page_of(case)}/draft-again")).status_code == 409
    assert (await agent.post("/conversations/99/draft-again")).status_code == 404


async def test_what_is_typed_is_kept_and_found_again(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    place, data = f"{page_of(case)}/versions", {"draft": case.draft, "base": 0, "text": "You must wait for [..]"}
    answer = await agent.post(place, data=data, headers=XHR)
    assert (answer.status_code, answer.headers["x-version"]) == (200, "1")
    assert "It gives orders" in answer.text
    assert "Something is missing in the text: [..]" in answer.text
    page = (await agent.get(f"{page_of(case)}?edit=true")).text
    assert "\nYou must wait for [..]</textarea>" in page
    assert "typed by ana and not saved yet" in page
    assert "typed on this text and did not save it" in (await agent.get(page_of(case))).text
    assert (await db.read(draft_of, case.draft)).version == 1
    await agent.post(f"/drafts/{case.draft}/text", data={"version": 1, "text": "You must wait for [..]"})
    rows = await db.read(lambda session: session.exec(select(DraftVersion).order_by(col(DraftVersion.number))).all())
    assert [(row.saved, row.agent_id) for row in rows] == [(False, 1), (True, None), (True, 1)]
    assert "not saved yet" not in (await agent.get(f"{page_of(case)}?edit=true")).text


async def test_the_second_of_two_who_write_is_told(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    place, other = f"{page_of(case)}/versions", await db.run(build.agent, clock.now(), "ben")

    def theirs(session: Session) -> None:
        keep(session, case.conversation, draft_id=case.draft, base=0, text="Ben's", agent_id=other, now=clock.now())

    await db.run(theirs)
    data = {"draft": case.draft, "base": 0, "text": "Ana's words"}
    answer = await agent.post(place, data=data, headers=XHR)
    assert answer.status_code == 409
    assert "ben writes here too" in answer.text
    assert 'data-rebase="1"' in answer.text
    plain = await agent.post(place, data=data)
    assert (plain.status_code, "Ana's words" in unescape(plain.text)) == (409, True)
    assert (await agent.post(place, data={**data, "base": 1}, headers=XHR)).headers["x-version"] == "2"


async def test_one_goes_back_to_a_version(db: Database, agent: httpx2.AsyncClient, case: build.Asked) -> None:
    place = f"{page_of(case)}/versions"
    await edited(agent, case, "The first words.")
    await agent.post(f"/drafts/{case.draft}/text", data={"version": 2, "text": "The second words."})
    back = await agent.post(f"{place}/2/restoration", data={"draft": case.draft})
    assert back.headers["location"] == f"{page_of(case)}?edit=true#text"
    assert "\nThe first words.\n</textarea>" in (await agent.get(f"{page_of(case)}?edit=true")).text
    await agent.post(f"{place}/drop", data={"draft": case.draft})
    assert "\nThe second words.\n</textarea>" in (await agent.get(f"{page_of(case)}?edit=true")).text
    assert (await agent.post(f"{place}/77/restoration", data={"draft": case.draft})).status_code == 404


async def test_versions_of_one_sitting_are_thinned_out(db: Database, clock: FrozenClock, case: build.Asked) -> None:
    def type_on(session: Session) -> None:
        for second in range(0, 300, 4):
            at, base = clock.now() + timedelta(seconds=second), second // 4
            keep(session, case.conversation, draft_id=case.draft, base=base, text=str(base), agent_id=1, now=at)

    await db.run(type_on)
    rows = await db.read(lambda session: session.exec(select(DraftVersion)).all())
    assert max(row.number for row in rows) == 75
    assert 5 <= len(rows) <= 8


async def test_an_own_reply_is_kept_while_it_is_typed(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await agent.post(f"{page_of(case)}/versions", data={"draft": "", "base": 0, "text": "My reply"}, headers=XHR)
    page = (await agent.get(page_of(case))).text
    assert 'id="own-reply" open' in page
    assert "\nMy reply</textarea>" in page
    await agent.post(f"{page_of(case)}/replies", data={"text": "My reply", "base": 1, "draft": ""})
    assert 'id="own-reply" open' not in (await agent.get(page_of(case))).text


async def test_how_much_of_the_template_was_sent_is_kept(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    text = (await db.read(draft_of, case.draft)).text
    await edited(agent, case, text.replace("Thank you for asking about your order.", "Thanks!"))
    await agent.post(f"/drafts/{case.draft}/approval", data={"version": 2})
    kept = await db.read(lambda session: session.exec(select(Approval)).one())
    assert kept.similarity is not None
    assert 0.8 < kept.similarity < 1


async def test_another_template_is_read_and_drafted(db: Database, agent: httpx2.AsyncClient, case: build.Asked) -> None:
    place = f"{page_of(case)}/templates"
    page = (await agent.get(place)).text
    assert "order status" in page
    assert "lacks facts" in page
    lacking = (await agent.get(f"{place}?template=shipping_question")).text
    assert "Not all that it needs is known" in lacking
    assert "Begin with gaps" in lacking
    german = (await agent.get(f"{place}?template=positive_feedback&locale=de")).text
    assert "Guten Tag Anabel" in german
    data = {"template": "positive_feedback", "locale": "de", "instead": case.draft}
    assert (await agent.post(f"{page_of(case)}/drafts", data=data)).status_code == 303
    draft = await db.read(lambda session: build.pending(session, case.conversation))
    assert (draft.locale, draft.template) == ("de", "replies/positive_feedback.de.md")
    assert draft.text in unescape(german)
    assert (await agent.post(f"{page_of(case)}/drafts", data=data)).status_code == 409
    assert (await agent.post(f"{page_of(case)}/drafts", data={"template": "../x"})).status_code == 400


async def test_what_is_previewed_is_what_is_sent(db: Database, agent: httpx2.AsyncClient, case: build.Asked) -> None:
    page = (await agent.get(f"/drafts/{case.draft}/preview")).text
    frame = await agent.get(f"/drafts/{case.draft}/preview/html")
    assert "sandbox" in frame.headers["content-security-policy"]
    await agent.post(f"/drafts/{case.draft}/approval", data={"version": 1})

    def queued(session: Session) -> bytes:
        mail = session.exec(select(Message).where(Message.state == MessageState.COMPOSED)).one()
        return session.get_one(Blob, mail.sha256).unpack()

    mail = message_from_bytes(await db.read(queued), policy=policy.default)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert unescape(page.split("data-exact>")[1].split("</div>")[0]) == text
    # The frame answers the colour scheme and leads no link away; nothing else is its own.
    shown = frame.text.replace('<meta name="color-scheme" content="light"><base target="_blank">', "", 1)
    assert shown == mail.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    assert f"<dd>{mail['Subject']}</dd>" in page
    assert (await agent.get("/drafts/999/preview")).status_code == 404


async def test_two_languages_say_the_same(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    def german(session: Session) -> tuple[int, int]:
        order = build.shop_order(session, clock.now(), customer_locale="de")
        mail = build.customer_mail(session, clock.now(), order=order, judged={"language": "de"})
        build.draft_all(session, clock.now())
        return build.pending(session, mail.conversation_id).id or 0, mail.conversation_id

    draft, talk = await db.run(german)
    page = (await agent.get(f"/drafts/{draft}/beside")).text
    assert '<p dir="auto" lang="de">Guten Tag Anabel,</p><p dir="auto" lang="en">Hello Anabel,</p>' in page
    assert "are the same on both sides" in page
    text = (await db.read(draft_of, draft)).text
    await agent.post(f"/drafts/{draft}/text", data={"version": 1, "text": text.replace("#1001", "#1010")})
    part = (await agent.get(f"/drafts/{draft}/beside", headers=XHR)).text
    assert "<html" not in part
    assert "only in de: #1010." in part
    assert talk


async def test_of_a_conversation_that_needs_a_person_one_begins_with_a_template(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await agent.post(f"/drafts/{case.draft}/dismissal", data={"version": 1, "reason": "no"})
    assert "Begin with a template" in (await agent.get(page_of(case))).text
    data = {"template": "order_status", "locale": "en", "instead": ""}
    assert (await agent.post(f"{page_of(case)}/drafts", data=data)).status_code == 303
    talk = await db.read(lambda session: build.conversation_of(session, case.conversation))
    assert talk.state is ConversationState.DRAFTED


async def with_gaps(agent: httpx2.AsyncClient, case: build.Asked) -> None:
    data = {"template": "website_safety", "locale": "en", "instead": case.draft}
    assert (await agent.post(f"{page_of(case)}/drafts", data=data)).status_code == 303


async def test_a_template_that_lacks_facts_begins_with_gaps_that_a_person_fills(
    db: Database, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await with_gaps(agent, case)
    draft = await db.read(lambda session: build.pending(session, case.conversation))
    blanks = set(re.findall(r"\[[a-z]+\.[a-z_]+\]", draft.text))
    assert blanks
    assert draft.written_by is not None
    assert all(any(f"[{one.split(':')[0]}]" == blank for one in draft.missing) for blank in blanks)
    page = (await agent.get(page_of(case))).text
    for blank in blanks:
        assert f'<strong class="gap"><span class="visually-hidden">Missing: </span>{blank}</strong>' in page
    assert 'data-key-label="Approve and go on" disabled' in page
    text, version, left = draft.text, 1, sorted(blanks)
    while left:
        # By the button, by a form of one's own, and in one go with others: never while a gap is left.
        answer = await agent.post(f"/drafts/{draft.id}/approval", data={"version": version, "done": "true"})
        assert answer.status_code == 400
        assert left[0] in answer.text
        go = {"template": "website_safety", "item": f"{draft.id}:{version}", "seen": draft.id}
        done = (await agent.post("/together", data=go)).headers["location"]
        assert "something is missing in the text" in (await agent.get(done)).text
        assert await db.read(lambda session: session.exec(select(Delivery)).all()) == []
        text = text.replace(left.pop(0), "what is so")
        saved = await agent.post(f"/drafts/{draft.id}/text", data={"version": version, "text": text})
        assert saved.status_code == 303
        version += 1
    assert (await agent.post(f"/drafts/{draft.id}/approval", data={"version": version})).status_code == 303
    assert len(await db.read(lambda session: session.exec(select(Delivery)).all())) == 1


async def test_what_a_person_begins_with_gaps_is_left_to_them(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, case: build.Asked
) -> None:
    await with_gaps(agent, case)
    began = await db.read(lambda session: build.pending(session, case.conversation))
    await db.run(lambda session: deliver(session, clock.now()))
    await db.run(lambda session: build.draft_all(session, clock.now()))
    assert (await db.read(lambda session: build.pending(session, case.conversation))).id == began.id
