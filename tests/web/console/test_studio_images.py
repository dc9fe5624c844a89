"""Pictures beside the editor: brought, said in words, put into mails, let go of when no template shows them."""

import io
import random
import shutil
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from playwright.async_api import Browser, expect
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.config import Rendering, Settings
from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Blob, Delivery, Message, Role, TemplateImage
from mailer.rendering.image import image_bytes
from mailer.replies.approve import approve
from mailer.web.console.studio_images import name_of
from tests.build import TEMPLATES, TERMS
from tests.web.browser import ONE_ENGINE, broken_rules, ready, signed_in_page
from tests.web.build import case, with_address

NOTICE = "lifecycle/shipping_notice.en.html"
REPLY = "replies/order_status.en.md"
KINDS = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
TEXT = (TEMPLATES / NOTICE).read_text(encoding="utf-8")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return settings.model_copy(update={"rendering": Rendering(templates=tmp_path / "templates")})


def file(colour: str = "red") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(target, "PNG")
    return target.getvalue()


def kept(session: Session) -> list[TemplateImage]:
    return list(session.exec(select(TemplateImage).where(TemplateImage.retired_at.is_(None))))  # type: ignore[union-attr]


def newest_raw(session: Session) -> bytes:
    delivery = session.exec(select(Delivery).order_by(Delivery.id.desc())).first()  # type: ignore[union-attr]
    assert delivery is not None
    sha256 = session.get_one(Message, delivery.message_id).sha256
    return session.get_one(Blob, sha256).unpack()


async def brought(person: httpx2.AsyncClient, data: bytes, *, alt: str = "A bench", **more: str) -> httpx2.Response:
    told = {"of": NOTICE, "locale": "en", "alt": alt, **more}
    return await person.post("/templates/images", data=told, files={"upload": ("Two Benches.png", data)})


async def test_a_picture_is_brought_shown_sent_and_stays_while_it_is_shown(
    db: Database, marketer: httpx2.AsyncClient, agent: httpx2.AsyncClient
) -> None:
    done = await brought(marketer, file())
    assert (done.status_code, done.headers["location"]) == (303, f"/templates/edit/{NOTICE}#pictures")
    (row,) = await db.read(kept)
    assert (row.name, row.alt, row.inline) == ("two_benches", {"en": "A bench"}, True)
    page = (await agent.get(f"/templates/edit/{NOTICE}")).text
    assert f'src="/templates/images/{row.sha256}"' in page
    assert "Bring a picture" not in page
    seen = await agent.get(f"/templates/images/{row.sha256}")
    assert (seen.headers["content-type"], "sandbox" in seen.headers["content-security-policy"]) == ("image/png", True)

    text = f"{TEXT}{{{{ kit.image(images.two_benches) }}}}\n"
    shown = (await marketer.post("/templates/preview", data={"name": NOTICE, "text": text})).json()
    assert 'src="data:image/png;base64,' in (await marketer.get(shown["frame"])).text
    await db.run(with_address, "mira")
    sent = await marketer.post(f"/templates/test/{NOTICE}", data={"text": text})
    assert sent.status_code == 303
    parts = list(message_from_bytes(await db.read(newest_raw), policy=policy.default).walk())
    assert parts[-1].get_payload(decode=True) == seen.content

    await marketer.post(f"/templates/edit/{NOTICE}", data={"text": text, "version": 0})
    refused = await marketer.post(f"/templates/images/{row.sha256}/retire", data={"of": NOTICE})
    assert refused.status_code == 409
    assert NOTICE in refused.text
    await marketer.post(f"/templates/edit/{NOTICE}", data={"text": TEXT, "version": 1})
    assert (await marketer.post(f"/templates/images/{row.sha256}/retire", data={"of": NOTICE})).status_code == 303
    assert await db.read(kept) == []
    assert (await marketer.post(f"/templates/images/{row.sha256}/retire", data={"of": NOTICE})).status_code == 404


async def test_an_answer_shows_it_by_its_hash(
    db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient, agent: httpx2.AsyncClient
) -> None:
    await brought(marketer, file())
    (row,) = await db.read(kept)
    page = (await marketer.get(f"/templates/edit/{REPLY}")).text
    shown = f"![A bench](image:{row.sha256})"
    assert shown in page
    text = (TEMPLATES / REPLY).read_text(encoding="utf-8") + shown + "\n"
    seen = (await marketer.post("/templates/preview", data={"name": REPLY, "text": text})).json()
    assert "[A bench]" in seen["text"]
    assert "image:" not in seen["text"]
    assert 'src="data:image/png;base64,' in (await marketer.get(seen["frame"])).text

    its = await db.run(case, clock.now(), answer=f"Hello Ana,\n\n{shown}\n\nKind regards")
    preview = (await agent.get(f"/drafts/{its.draft}/preview/html")).text
    assert 'src="data:image/png;base64,' in preview
    await db.run(approve, its.draft, version=1, agent_id=1, terms=TERMS, now=clock.now())
    mail = message_from_bytes(await db.read(newest_raw), policy=policy.default)
    parts = list(mail.walk())
    assert [one.get_content_type() for one in parts] == KINDS
    assert parts[1].get_content().replace("\r\n", "\n") == "Hello Ana,\n\n[A bench]\n\nKind regards"
    assert f"cid:{row.sha256[:32]}@images" in parts[3].get_content()
    assert parts[4].get_payload(decode=True) == await db.read(lambda session: image_bytes(session, row.sha256)[0])


async def test_an_answer_that_names_a_picture_of_nobody_stays_a_draft(db: Database, clock: FrozenClock) -> None:
    its = await db.run(case, clock.now(), answer=f"Hello\n\n![x](image:{'0' * 64})\n")
    with pytest.raises(InputError, match="a picture that is not there"):
        await db.run(approve, its.draft, version=1, agent_id=1, terms=TERMS, now=clock.now())


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        (NOTICE, "{{ kit.image(images.none) }}", "there is no picture none; there are two_benches"),
        ("lifecycle/shipping_notice.de.html", "{{ kit.image(images.two_benches) }}", "say below in words (de)"),
        (REPLY, "![ ](image:HASH)", "a picture has no words"),
        (REPLY, f"![x](image:{'0' * 64})", "this picture is not in service"),
        ("blocks/greeting.en.md", "![x](image:HASH)", "in answers only"),
        (NOTICE, "![x](image:HASH)", "in answers only"),
    ],
)
async def test_what_is_wrong_with_a_picture_is_told(
    db: Database, marketer: httpx2.AsyncClient, name: str, more: str, words: str
) -> None:
    await brought(marketer, file())
    (row,) = await db.read(kept)
    text = (TEMPLATES / name).read_text(encoding="utf-8") + more.replace("HASH", row.sha256) + "\n"
    told = (await marketer.post("/templates/check", data={"name": name, "text": text})).json()
    found = [one for one in told["remarks"] if words in one["words"]]
    assert found, told["remarks"]
    assert found[0]["mistake"]


async def test_what_it_shows_is_said_and_said_anew(db: Database, marketer: httpx2.AsyncClient) -> None:
    assert "say in words" in (await brought(marketer, file(), alt=" ")).text
    await brought(marketer, file(), called="bench")
    (row,) = await db.read(kept)
    words = {"of": NOTICE, "locale": ["en", "de"], "alt": ["A red bench", "Eine rote Bank"], "way": "link"}
    part = await marketer.post(f"/templates/images/{row.sha256}/words", data=words, headers={"hx-request": "true"})
    assert "A red bench" in part.text
    assert "<html" not in part.text
    (row,) = await db.read(kept)
    assert (row.alt, row.inline) == ({"en": "A red bench", "de": "Eine rote Bank"}, False)
    silent = {"of": NOTICE, "locale": "en", "alt": ""}
    part = await marketer.post(f"/templates/images/{row.sha256}/words", data=silent, headers={"hx-request": "true"})
    assert "say in words" in part.text


@pytest.mark.parametrize("data", [b"<svg onload=x>", file()[:50], b"", b"GIF89a"])
async def test_what_is_no_picture_is_refused(db: Database, marketer: httpx2.AsyncClient, data: bytes) -> None:
    answer = await brought(marketer, data)
    assert answer.status_code in (400, 422)
    assert await db.read(kept) == []


async def test_a_picture_from_a_camera_comes_in_and_no_more(db: Database, marketer: httpx2.AsyncClient) -> None:
    noise = Image.frombytes("RGB", (900, 900), random.Random(1).randbytes(900 * 900 * 3))
    target = io.BytesIO()
    noise.save(target, "PNG")
    assert len(target.getvalue()) > 2_000_000
    assert "go within a mail" in (await brought(marketer, target.getvalue())).text
    assert (await brought(marketer, b"x" * 5_000_001)).status_code == 413
    assert await db.read(kept) == []


async def test_agents_bring_none(agent: httpx2.AsyncClient) -> None:
    assert (await brought(agent, file())).status_code == 403


@pytest.mark.parametrize(
    ("given", "name"), [("Summer Sale (2).PNG", "summer_sale_2"), ("2026.jpg", "picture_2026"), ("木.png", "picture")]
)
def test_a_name_comes_from_the_file(given: str, name: str) -> None:
    assert name_of(given) == name


@pytest.mark.journey
@ONE_ENGINE
async def test_a_marketer_brings_a_picture_and_sees_it_in_the_mail_that_goes_out(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(chromium, address, db, clock, role=Role.MARKETER)
    await db.run(with_address, "ana")
    await page.goto(f"/templates/edit/{NOTICE}")
    await ready(page)
    body = await page.evaluate(
        """() => {
            const { view } = document.querySelector("[data-module=studio]").studio;
            const { state } = view;
            return state.doc.lineAt(state.selection.main.head).text;
        }"""
    )
    assert body.startswith("<h1>")
    pictures = page.get_by_role("region", name="Pictures")
    await pictures.get_by_text("Bring a picture").click()
    await pictures.get_by_label("File: PNG").set_input_files(
        {"name": "bench.png", "mimeType": "image/png", "buffer": file()}
    )
    await pictures.get_by_label("What it shows").fill("Two people on a bench")
    await pictures.get_by_role("button", name="Keep it").click()
    await pictures.get_by_role("button", name="Put into the text").click()
    shown = page.frame_locator("[data-frame]").get_by_role("img", name="Two people on a bench")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("(image) => image.naturalWidth") == 40
    await expect(page.get_by_role("region", name="Checks")).to_contain_text("Nothing is wrong with it.")
    assert await broken_rules(page) == []
    await page.get_by_text("Send a test mail to me").click()
    await expect(page.get_by_label("To", exact=True)).to_have_value("ana@shop.test")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("[data-tested]")).to_have_text("on its way to you")
    assert b"Content-ID: <" in await db.read(newest_raw)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
