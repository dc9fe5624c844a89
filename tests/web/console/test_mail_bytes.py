"""What is taken out of a mail's bytes: HTML under its own policy, files and the whole only to be saved."""

import httpx2
import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Blob, Message
from mailer.signing import digest
from mailer.web.console.mail_bytes import FRAME_STYLE
from tests.web.matters import FILE, matter, raw_mail


async def test_html_comes_under_a_policy_that_lets_nothing_run_or_fetch(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())
    answer = await agent.get(f"/messages/{found.message}/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert policy.endswith("form-action 'none'; frame-ancestors 'self'; sandbox")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cache-control"] == "no-store"
    assert f"<style>{FRAME_STYLE}</style>" in answer.text
    assert 'src="data:image/png;base64,' in answer.text
    assert "pixel.example" not in answer.text
    assert "href" not in answer.text


async def test_files_and_the_mail_itself_are_only_to_be_saved(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())
    wanted = {"files/1": (FILE, "receipt.pdf"), "raw": (raw_mail(), f"mail-{found.message}.eml")}
    for place, (data, name) in wanted.items():
        answer = await agent.get(f"/messages/{found.message}/{place}")
        assert answer.content == data
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_name_in_another_script_or_with_signs_breaks_no_header(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())

    def rename(session: Session) -> None:
        mail = session.get_one(Message, found.message)
        mail.files = [{**mail.files[0], "name": 'сч\u0451т "a";\r\nx=1.pdf'}]

    await db.run(rename)
    told = (await agent.get(f"/messages/{found.message}/files/1")).headers["content-disposition"]
    assert told.startswith("attachment; filename=\"____ _a____x_1.pdf\"; filename*=UTF-8''%D1%81%D1%87")
    assert told.isascii()


@pytest.mark.parametrize("place", ["html", "elsewhere", "raw", "files/1"])
async def test_what_is_not_there_is_a_page_that_says_so(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, place: str
) -> None:
    found = await db.run(matter, clock.now())
    assert (await agent.get(f"/messages/4711/{place}")).status_code == 404
    assert (await agent.get(f"/messages/{found.message}/files/2")).status_code == 404

    def erase(session: Session) -> None:
        session.get_one(Blob, digest(raw_mail())).erased_at = clock.now()

    await db.run(erase)
    answer = await agent.get(f"/messages/{found.message}/{place}")
    assert answer.status_code == 404
    assert "there are no bytes" in answer.text


async def test_a_file_that_the_bytes_do_not_hold_is_not_guessed(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())

    def swap(session: Session) -> None:
        mail = session.get_one(Message, found.message)
        mail.files = [{**mail.files[0], "sha256": digest(b"another")}]

    await db.run(swap)
    answer = await agent.get(f"/messages/{found.message}/files/1")
    assert answer.status_code == 404
    assert "download the whole mail" in answer.text


async def test_our_own_mails_are_no_files(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(matter, clock.now())
    ours = found.message - 1
    assert (await agent.get(f"/messages/{ours}/raw")).status_code == 404
