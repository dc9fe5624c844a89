"""PDFs beside the editor: brought, titled, put into mails, previewed, in ZIPs, let go of when nobody names them."""

import io
import shutil
import zipfile
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.config import Rendering, Settings, Web
from mailer.db import Database
from mailer.model import Role, TemplateRevision, TemplateState
from mailer.rendering.files import files
from mailer.rendering.revision import lock_service, published_revision, raise_edition
from mailer.replies.approve import approve
from mailer.signing import digest
from tests.build import TEMPLATES, TERMS
from tests.rendering.pdfs import HOSTILE, pdf
from tests.web.browser import broken_rules, ready, signed_in_page, wider_than_the_window
from tests.web.build import case, with_address
from tests.web.console.test_studio_images import newest_raw

NOTICE = "lifecycle/shipping_notice.en.html"
REPLY = "replies/order_status.en.md"
TEXT = (TEMPLATES / NOTICE).read_text(encoding="utf-8")
DATA = pdf()
SHA256 = digest(DATA)
WITHIN = f'<p><a href="attached:{SHA256}/Size-chart.pdf">Size chart</a></p>\n'
LINKED = WITHIN.replace("attached:", "linked:")
AT = "https://care.shop.example"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    rendering = Rendering(templates=tmp_path / "templates", largest_file=50_000)
    return settings.model_copy(update={"rendering": rendering, "web": Web(public_url=AT)})


async def brought(
    person: httpx2.AsyncClient, data: bytes = DATA, *, title: str = "Size chart", of: str = NOTICE, **headers: str
) -> httpx2.Response:
    told = {"of": of, "locale": ["en", "de"], "title": [title, "Größentabelle"]}
    files = {"upload": ("Size chart.pdf", data)}
    return await person.post("/templates/files", data=told, files=files, headers=headers)


def carried(raw: bytes) -> list[tuple[str | None, bytes]]:
    mail = message_from_bytes(raw, policy=policy.default)
    return [(one.get_filename(), one.get_payload(decode=True)) for one in mail.iter_attachments()]


async def test_a_pdf_is_brought_shown_sent_and_stays_while_it_is_named(
    db: Database, marketer: httpx2.AsyncClient, agent: httpx2.AsyncClient
) -> None:
    done = await brought(marketer)
    assert (done.status_code, done.headers["location"]) == (303, f"/templates/edit/{NOTICE}#files")
    (row,) = await db.read(files)
    assert (row.name, row.title, row.pages) == ("Size-chart.pdf", {"en": "Size chart", "de": "Größentabelle"}, 1)
    page = (await agent.get(f"/templates/edit/{NOTICE}")).text
    assert f"/templates/files/{SHA256}" in page
    assert "Bring a PDF" not in page
    given = await agent.get(f"/templates/files/{SHA256}")
    assert given.content == DATA
    assert given.headers["content-disposition"].startswith('attachment; filename="Size-chart.pdf"')
    assert "sandbox" in given.headers["content-security-policy"]

    shown = (await marketer.post("/templates/preview", data={"name": NOTICE, "text": TEXT + WITHIN + LINKED})).json()
    assert "in the mail" in shown["files"]
    assert "by a link" in shown["files"]
    assert "1 kB" in shown["files"]
    assert f"{AT}/files/{SHA256}/Size-chart.pdf" in shown["text"]
    await db.run(with_address, "mira")
    sent = await marketer.post(f"/templates/test/{NOTICE}", data={"text": TEXT + WITHIN})
    assert sent.status_code == 303
    assert carried(await db.read(newest_raw)) == [("Size-chart.pdf", DATA)]

    await marketer.post(f"/templates/edit/{NOTICE}", data={"text": TEXT + WITHIN, "version": 0})
    refused = await marketer.post(f"/templates/files/{SHA256}/retire", data={"of": NOTICE})
    assert refused.status_code == 409
    assert NOTICE in refused.text
    await marketer.post(f"/templates/edit/{NOTICE}", data={"text": TEXT, "version": 1})
    assert (await marketer.post(f"/templates/files/{SHA256}/retire", data={"of": NOTICE})).status_code == 303
    assert await db.read(files) == []


async def test_an_answer_says_what_it_carries_and_sends_it(
    db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient, agent: httpx2.AsyncClient
) -> None:
    await brought(marketer, of=REPLY)
    words = f"[Size chart](attached:{SHA256}/Size-chart.pdf)"
    assert words in (await marketer.get(f"/templates/edit/{REPLY}")).text
    its = await db.run(case, clock.now(), answer=f"Hello Ana,\n\n{words}\n\nKind regards")
    page = (await agent.get(f"/drafts/{its.draft}/preview")).text
    assert "Size chart (Size-chart.pdf)" in page
    assert "Size-chart.pdf, 1 kB, in the mail" in page
    await db.run(approve, its.draft, version=1, agent_id=1, terms=TERMS, now=clock.now())
    assert carried(await db.read(newest_raw)) == [("Size-chart.pdf", DATA)]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (HOSTILE["JavaScript at the opening"][0], 400, "it runs JavaScript"),
        (HOSTILE["encrypted"][0], 400, "is encrypted"),
        (b"x" * 50_001, 400, "at most 50000"),
        (b"x" * 1_100_000, 413, ""),
        (b"<html>", 400, "no PDF"),
    ],
)
async def test_what_may_not_go_to_customers_is_refused_in_words(
    db: Database, marketer: httpx2.AsyncClient, data: bytes, status: int, words: str
) -> None:
    answer = await brought(marketer, data)
    assert answer.status_code == status
    assert words in answer.text
    part = await brought(marketer, data, **{"hx-request": "true"})
    assert words in part.text
    assert await db.read(files) == []


async def test_a_title_is_said_and_said_anew(db: Database, marketer: httpx2.AsyncClient) -> None:
    assert "say what it is (en)" in (await brought(marketer, title=" ")).text
    await brought(marketer)
    words = {"of": NOTICE, "locale": ["en", "fr"], "title": ["Sizes", "Tailles"]}
    part = await marketer.post(f"/templates/files/{SHA256}/titles", data=words, headers={"hx-request": "true"})
    assert "Sizes" in part.text
    assert "<html" not in part.text
    assert (await db.read(files))[0].title == {"en": "Sizes", "fr": "Tailles"}
    none = {"of": NOTICE, "locale": "en", "title": ""}
    part = await marketer.post(f"/templates/files/{SHA256}/titles", data=none, headers={"hx-request": "true"})
    assert "say what it is" in part.text


async def test_agents_bring_none(agent: httpx2.AsyncClient) -> None:
    assert (await brought(agent)).status_code == 403


async def test_a_zip_carries_texts_with_their_files_there_and_back(
    db: Database, marketer: httpx2.AsyncClient, settings: Settings
) -> None:
    await brought(marketer)
    await marketer.post(f"/templates/edit/{NOTICE}", data={"text": TEXT + WITHIN, "version": 0})
    await db.run(put_into_service)
    packed = (await marketer.get("/templates/export.zip")).content
    with zipfile.ZipFile(io.BytesIO(packed)) as pack:
        path = f"templates/attachments/{SHA256}/Size-chart.pdf"
        assert sorted(pack.namelist()) == sorted([path, f"templates/{NOTICE}"])
        assert pack.read(path) == DATA

    other = pdf(words="2027")
    text = WITHIN.replace(SHA256, digest(other)).replace(">Size chart<", ">Sizes 2027<")
    good = zipped({f"templates/{NOTICE}": (TEXT + text).encode(), f"attachments/{digest(other)}/Size-chart.pdf": other})
    done = await marketer.post("/templates/import", files={"upload": ("x.zip", good)})
    assert done.status_code == 303
    assert {one.sha256: one.title["en"] for one in await db.read(files)} == {
        SHA256: "Size chart",
        digest(other): "Sizes 2027",
    }
    evil = HOSTILE["a program"][0]
    for path, data, words in (
        (f"attachments/{digest(evil)}/x.pdf", evil, "starts programs"),
        (f"attachments/{'0' * 64}/x.pdf", DATA, "is to be called"),
        (f"attachments/{'0' * 64}/x.exe", b"MZ", "no name of a template"),
    ):
        bad = zipped({f"templates/{NOTICE}": TEXT.encode(), path: data})
        answer = await marketer.post("/templates/import", files={"upload": ("x.zip", bad)})
        assert answer.status_code == 400, path
        assert words in answer.text
    assert len(await db.read(files)) == 2


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as pack:
        for path, data in files.items():
            pack.writestr(path, data)
    return target.getvalue()


def put_into_service(session: Session) -> None:
    draft = session.get_one(TemplateRevision, 1)
    draft.state, draft.number = TemplateState.PUBLISHED, 1
    lock_service(session)
    raise_edition(session)


@pytest.mark.journey
async def test_a_marketer_brings_a_size_chart_and_publishes_the_mail_that_carries_it(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(chromium, address, db, clock, role=Role.MARKETER)
    # As an office prints it.
    await page.set_content("<h1>Sizes</h1><p>S, M, L</p><a href='https://shop.example'>more</a>")
    printed = await page.pdf()
    await page.goto(f"/templates/edit/{NOTICE}")
    await page.locator(".cm-content").wait_for()
    await ready(page)
    region = page.get_by_role("region", name="Files")
    await region.get_by_text("Bring a PDF").click()
    chosen = {"name": "Größen 2026.pdf", "mimeType": "application/pdf", "buffer": HOSTILE["film"][0]}
    await region.get_by_label("File: PDF").set_input_files(chosen)
    await region.get_by_label("Title, as in").fill("Size chart")
    await region.get_by_role("button", name="Keep it").click()
    await expect(region.get_by_role("alert")).to_contain_text("it holds film, sound or 3D")
    assert await broken_rules(page) == []
    await region.get_by_label("File: PDF").set_input_files({**chosen, "buffer": printed})
    await region.get_by_label("Title, as in").fill("Size chart")
    await region.get_by_role("button", name="Keep it").click()
    await region.get_by_role("button", name="Put into the mail").click()
    listed = page.get_by_role("region", name="Preview").get_by_role("list", name="Files")
    await expect(listed).to_contain_text("Größen-2026.pdf")
    await expect(page.frame_locator("[data-frame]").get_by_text("Size chart (Größen-2026.pdf)")).to_be_visible()
    await expect(page.get_by_role("region", name="Checks")).to_contain_text("Nothing is wrong with it.")
    assert await broken_rules(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await broken_rules(page) == []
    assert not await wider_than_the_window(page)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_role("link", name="Publish …").click()
    await page.get_by_role("button", name="Publish now").click()
    await page.wait_for_url("**/templates/**")
    done = await db.read(published_revision, NOTICE)
    assert done is not None
    assert f"attached:{digest(printed)}/Größen-2026.pdf" in done.text
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
