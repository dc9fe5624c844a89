"""The studio without a script: drafts, publishing, planning, going back, both changed, comparing, files in and out."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from mailer.config import Rendering, Settings
from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Role, TemplateRevision, TemplateState
from mailer.rendering.revision import save_draft
from mailer.web.console import studio_files
from tests.build import TEMPLATES
from tests.web.build import with_address
from tests.web.conftest import Entering, browser_on

NAME = "replies/order_status.en.md"
EDIT = f"/templates/edit/{NAME}"
TEXT = (TEMPLATES / NAME).read_text(encoding="utf-8")
MINE = TEXT.replace("This is where your order", "Here is where your order")
JSON = {"accept": "application/json"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return settings.model_copy(update={"rendering": Rendering(templates=tmp_path / "templates")})


def revisions(session: Session) -> list[TemplateRevision]:
    return list(session.exec(select(TemplateRevision).order_by(TemplateRevision.id)))  # type: ignore[arg-type]


async def drafted(person: httpx2.AsyncClient, text: str = MINE, version: int = 0) -> dict[str, object]:
    answer = await person.post(EDIT, data={"text": text, "version": version}, headers=JSON)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_draft_is_kept_by_its_version(marketer: httpx2.AsyncClient, agent: httpx2.AsyncClient) -> None:
    assert (await drafted(marketer))["version"] == 1
    assert (await drafted(marketer, MINE + "\n", 1))["version"] == 2
    assert (await marketer.post(EDIT, data={"text": "x", "version": 1}, headers=JSON)).status_code == 409
    assert "Here is where your order" in (await marketer.get(EDIT)).text
    assert "mira is writing this template too" in (await agent.get(EDIT)).text
    assert "Here is where your order" not in (await agent.get(EDIT)).text
    listed = (await marketer.get("/templates?only=mine")).text
    assert "my draft en" in listed
    assert "1 template" in listed


async def test_exactly_what_was_seen_is_published_and_rolled_back(db: Database, marketer: httpx2.AsyncClient) -> None:
    draft = await drafted(marketer)
    page = (await marketer.get(f"/templates/publish/{NAME}")).text
    assert "<ins>Here</ins>" in page
    assert (await marketer.post(f"/templates/publish/{draft['draft']}", data={"sha256": "0" * 64})).status_code == 409
    done = await marketer.post(
        f"/templates/publish/{draft['draft']}", data={"sha256": draft["sha256"], "note": "shorter"}
    )
    assert done.headers["location"] == f"/templates/history/{NAME}?done=published"
    history = (await marketer.get(done.headers["location"])).text
    assert "number 1" in history
    assert "shorter" in history
    assert "1 template" in (await marketer.get("/templates?only=published")).text
    assert (await marketer.post(f"/templates/roll-back/{NAME}")).status_code == 303
    assert (await marketer.post(f"/templates/roll-back/{NAME}", data={"number": "1"})).status_code == 303
    states = [one.state for one in await db.read(revisions)]
    assert states == [TemplateState.RETIRED, TemplateState.PUBLISHED]


async def test_a_text_with_mistakes_or_unseen_warnings_stays_a_draft(
    db: Database, marketer: httpx2.AsyncClient
) -> None:
    draft = await drafted(marketer, TEXT + "\n{{ order.nubmer }}\n")
    assert "It has mistakes" in (await marketer.get(f"/templates/publish/{NAME}")).text
    answer = await marketer.post(f"/templates/publish/{draft['draft']}", data={"sha256": draft["sha256"]})
    assert answer.status_code == 409
    warned = await drafted(marketer, TEXT + "\nYou must wait.\n", 1)
    bound = {"sha256": warned["sha256"]}
    assert "Look at the warnings" in (await marketer.post(f"/templates/publish/{warned['draft']}", data=bound)).text
    assert [one.state for one in await db.read(revisions)] == [TemplateState.DRAFT]
    bound["confirm"] = "true"
    assert (await marketer.post(f"/templates/publish/{warned['draft']}", data=bound)).status_code == 303


async def test_a_text_is_planned_on_the_clock_of_whoever_plans(db: Database, marketer: httpx2.AsyncClient) -> None:
    draft = await drafted(marketer)
    bound = {"sha256": draft["sha256"], "when": "2026-11-23T09:30"}
    assert (await marketer.post(f"/templates/publish/{draft['draft']}", data=bound)).status_code == 303
    planned = (await db.read(revisions))[0]
    assert (planned.state, f"{planned.publish_at:%d %H:%M}") == (TemplateState.SCHEDULED, "23 08:30")
    assert "planned for" in (await marketer.get(f"/templates/history/{NAME}")).text
    assert (await marketer.post(f"/templates/unschedule/{draft['draft']}")).status_code == 303
    late = await marketer.post(f"/templates/publish/{draft['draft']}", data={**bound, "when": "2026-11-01T09:30"})
    assert "still to come" in late.text


async def test_where_two_have_to_agree_nobody_publishes_their_own(
    settings: Settings, marketer: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.rendering.__dict__, "review", True)
    draft = await drafted(marketer)
    assert "Somebody else has to look" in (await marketer.get(f"/templates/publish/{NAME}")).text
    answer = await marketer.post(f"/templates/publish/{draft['draft']}", data={"sha256": draft["sha256"]})
    assert answer.status_code == 409


async def test_where_file_and_published_text_went_apart_a_person_chooses(
    settings: Settings, marketer: httpx2.AsyncClient
) -> None:
    draft = await drafted(marketer)
    await marketer.post(f"/templates/publish/{draft['draft']}", data={"sha256": draft["sha256"]})
    file = settings.rendering.templates / NAME
    file.write_text(
        TEXT.replace("I will send you the tracking number", "You get the tracking number"), encoding="utf-8"
    )
    assert "both changed" in (await marketer.get(EDIT)).text
    page = (await marketer.get(f"/templates/columns/{NAME}")).text
    sha256 = page.split('name="file_sha256" value="')[1][:64]
    chosen = {"choice": "own", "file_sha256": sha256}
    done = await marketer.post(f"/templates/columns/{NAME}", data=chosen)
    assert done.headers["location"] == EDIT
    text = (await marketer.get(EDIT)).text
    assert "Here is where your order" in text
    assert "You get the tracking number" in text


async def test_a_new_language_and_a_new_template_begin_as_drafts(marketer: httpx2.AsyncClient) -> None:
    done = await marketer.post("/templates/new", data={"like": NAME, "locale": "pt"})
    assert done.headers["location"] == "/templates/edit/replies/order_status.pt.md"
    assert "blocks/refunded.pt.md" in (await marketer.get(done.headers["location"])).text
    made = await marketer.post("/templates/new", data={"use": "lifecycle", "key": "gift card", "locale": "en"})
    assert made.headers["location"] == "/templates/edit/lifecycle/gift_card.en.html"
    assert (await marketer.get(made.headers["location"])).status_code == 200
    assert (await marketer.post("/templates/new", data={"like": NAME, "locale": "de"})).status_code == 400
    assert (await marketer.get("/templates/edit/../config.toml")).status_code == 404


async def test_two_texts_are_compared_and_too_few_are_too_few(marketer: httpx2.AsyncClient) -> None:
    draft = await drafted(marketer)
    bound = {"sha256": draft["sha256"], "share": "30", "measure": "no_recontact"}
    assert (await marketer.post(f"/templates/compare/{draft['draft']}", data=bound)).status_code == 303
    assert "Too few to tell." in (await marketer.get(f"/templates/history/{NAME}")).text
    assert (await marketer.post("/templates/comparisons/1/end", data={"winner": "challenger"})).status_code == 303
    assert "Here is where" in (await marketer.get(EDIT)).text


async def test_what_was_published_goes_out_as_files_and_comes_in_as_drafts(
    db: Database, marketer: httpx2.AsyncClient
) -> None:
    draft = await drafted(marketer)
    await marketer.post(f"/templates/publish/{draft['draft']}", data={"sha256": draft["sha256"]})
    packed = (await marketer.get("/templates/export.zip")).content
    with zipfile.ZipFile(io.BytesIO(packed)) as pack:
        assert pack.namelist() == [f"templates/{NAME}"]
        assert pack.read(f"templates/{NAME}").decode() == MINE
    files = {"upload": ("templates.zip", packed, "application/zip")}
    assert (await marketer.post("/templates/import", files=files)).status_code == 303
    assert [one.state for one in await db.read(revisions)] == [TemplateState.PUBLISHED, TemplateState.DRAFT]
    bad = {"upload": ("x.md", b"\xff", "text/plain")}
    assert (await marketer.post("/templates/import", files=bad, data={"name": "../x.md"})).status_code == 400


async def test_a_test_mail_goes_to_ones_own_address_and_no_other(db: Database, marketer: httpx2.AsyncClient) -> None:
    answer = await marketer.post(f"/templates/test/{NAME}", data={"text": TEXT})
    assert answer.status_code == 400
    assert "your account has no address yet; an admin enters it under People" in answer.text
    await db.run(with_address, "mira")
    for given, to in (("", "mira@shop.test"), ("Mira@Shop.test", "Mira@Shop.test")):
        sent = await marketer.post(f"/templates/test/{NAME}", data={"text": TEXT, "address": given}, headers=JSON)
        assert sent.json()["to"] == to
    for given in ("ana@customers.test", "mira@shop.test.evil.test", "other@shop.test", "none"):
        refused = await marketer.post(f"/templates/test/{NAME}", data={"text": TEXT, "address": given}, headers=JSON)
        assert refused.status_code == 400
        assert "test mails go to your own address, or to those of [web] test_mail_to in config.toml" in refused.text


async def test_admins_send_test_mails_no_further(console: FastAPI, db: Database, enter: Entering) -> None:
    async with browser_on(console) as client:
        admin = await enter(client, "root", Role.ADMIN)
        await db.run(with_address, "root")
        given = {"text": TEXT, "address": "ana@customers.test"}
        assert (await admin.post(f"/templates/test/{NAME}", data=given, headers=JSON)).status_code == 400


def packed_files(**texts: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        for number, text in enumerate(texts.values()):
            pack.writestr(f"templates/replies/mine_{number}.en.md", text)
    return packed.getvalue()


async def test_of_a_zip_all_is_taken_or_nothing(
    db: Database, marketer: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"upload": ("templates.zip", packed_files(one="Hello", two="Bye"), "application/zip")}

    def saved_elsewhere_meanwhile(session: Session, name: str, text: str, **more: Any) -> TemplateRevision:
        if text == "Bye":
            raise Conflict("another window has saved this draft meanwhile")
        return save_draft(session, name, text, **more)

    with monkeypatch.context() as second_fails:
        second_fails.setattr(studio_files, "save_draft", saved_elsewhere_meanwhile)
        assert (await marketer.post("/templates/import", files=files)).status_code == 409
        assert await db.read(revisions) == []
    assert (await marketer.post("/templates/import", files=files)).status_code == 303
    assert [one.text for one in await db.read(revisions)] == ["Hello", "Bye"]


async def test_a_zip_that_unpacks_to_too_much_is_refused(marketer: httpx2.AsyncClient) -> None:
    data = packed_files(**{f"text{number}": "a" * 199_000 for number in range(120)})
    files = {"upload": ("templates.zip", data, "application/zip")}
    answer = await marketer.post("/templates/import", files=files)
    assert answer.status_code == 400
    assert "too many files, or one that is too large" in answer.text


async def test_a_damaged_zip_is_a_mistake_of_the_upload(marketer: httpx2.AsyncClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("templates/replies/a.en.md", "words " * 500)
    raw = bytearray(packed.getvalue())
    begin = raw.index(b"a.en.md") + len(b"a.en.md")
    raw[begin : begin + 6] = b"\xff" * 6
    answer = await marketer.post("/templates/import", files={"upload": ("t.zip", bytes(raw), "application/zip")})
    assert answer.status_code == 400
