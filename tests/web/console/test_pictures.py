"""The pictures that a mail has elsewhere: nothing is asked before an agent asks, then by the server alone."""

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, expect
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.config import Settings, Web
from mailer.db import Database
from mailer.inbound.showing import show, with_brought
from mailer.model import AuditEntry, Blob, Message, Role
from mailer.signing import digest
from mailer.web.looks import Looks
from tests.web.browser import ONE_ENGINE, broken_rules, ready, signed_in_page, wider_than_the_window
from tests.web.hostile_mails import hostile_mails
from tests.web.matters import Matter, matter
from tests.web.picture_server import PictureServer, drawn, ok, serving_pictures

ANSWERS = {
    "/shirt.jpg": ok(drawn(120, 80, "JPEG", "blue")),
    "/dot.png": ok(drawn(1, 1)),
    "/page": ok(b"<html>no picture</html>"),
    "/unseen.gif": ok(drawn(kind="GIF")),
    "/hidden.png": ok(drawn()),
}


def html_of(server: PictureServer) -> str:
    return (
        f'<p>See <img src="{server.address("/shirt.jpg")}" alt="The shirt"> and again'
        f' <img src="{server.address("/shirt.jpg")}"></p><img src="{server.address("/dot.png")}">'
        f'<img src="{server.address("/page")}" alt="<b>x"><img src="http://169.254.169.254/latest/meta-data/">'
        f'<img src="{server.address("/unseen.gif")}" width="1" height="1">'
        f'<div style="display:none"><img src="{server.address("/hidden.png")}"></div>'
        '<img src="//pictures.test/x.png"><img src="javascript:alert(1)"><img src="file:///etc/passwd">'
    )


def write_to(session: Session, clock: FrozenClock, html: str) -> Matter:
    """A mail with this HTML."""
    found = matter(session, clock.now())
    raw = f"From: ana@shop.test\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{html}\r\n".encode()
    session.add(Blob.of(digest(raw), raw))
    session.flush()
    mail = session.get_one(Message, found.message)
    mail.sha256, mail.has_html = digest(raw), True
    return found


@pytest.fixture
def looks(console: FastAPI) -> Iterator[list[Looks]]:
    made: list[Looks] = []
    yield made
    for one in made:
        one.close()


def ask_only(console: FastAPI, looks: list[Looks], server: PictureServer) -> None:
    """Let the console reach the server of the test, and nothing else."""
    looks.append(Looks(server.fetcher()))
    console.state.desk = replace(console.state.desk, looks=looks[-1])


async def test_nothing_is_fetched_before_somebody_asks_and_then_what_would_be_seen(
    db: Database, clock: FrozenClock, console: FastAPI, agent: httpx2.AsyncClient, looks: list[Looks]
) -> None:
    async with serving_pictures(ANSWERS) as server:
        ask_only(console, looks, server)
        found = await db.run(write_to, clock, html_of(server))
        page = (await agent.get(f"/conversations/{found.conversation}")).text
        assert f'action="/messages/{found.message}/pictures" target="html-{found.message}"' in page
        for place in ("html", "elsewhere"):
            assert (await agent.get(f"/messages/{found.message}/{place}")).status_code == 200
        assert server.asked == []
        answer = await agent.post(f"/messages/{found.message}/pictures")
        again = await agent.post(f"/messages/{found.message}/pictures")
    assert sorted(server.asked) == ["/dot.png", "/page", "/page", "/shirt.jpg", "/shirt.jpg"]
    assert again.text == answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert policy.endswith("form-action 'none'; frame-ancestors 'self'; sandbox")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count('<img src="data:image/jpeg;base64,') == 2
    assert 'alt="The shirt"' in answer.text
    assert "1 shown" in answer.text
    assert "Too small to be seen, so they only tell who looked; not fetched: 1." in answer.text
    for words in (
        "pictures.test: a tracker: too small to be seen",
        "pictures.test: it is no picture that we show",
        "169.254.169.254: it lies where we do not go",
    ):
        assert f"<li>{words}" in answer.text
    assert "http:" not in answer.text
    log = await db.read(lambda session: session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all())
    asked = [(one.act, one.place) for one in log if one.place.startswith("/messages")]
    assert asked == [("post_pictures", f"/messages/{found.message}/pictures")] * 2
    # For this look only.
    assert "data:image/jpeg" not in (await agent.get(f"/messages/{found.message}/html")).text


async def test_a_mail_without_any_says_so(
    db: Database, clock: FrozenClock, console: FastAPI, agent: httpx2.AsyncClient, looks: list[Looks]
) -> None:
    async with serving_pictures({}) as server:
        ask_only(console, looks, server)
        found = await db.run(write_to, clock, "<p>Only words</p>")
        assert "shows no pictures from elsewhere" in (await agent.post(f"/messages/{found.message}/pictures")).text
    assert (await agent.post("/messages/4711/pictures")).status_code == 404


class TestForbidden:
    """The operator says that nothing is ever fetched."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"web": Web(remote_pictures=False)})

    async def test_nobody_is_asked_whoever_asks(
        self, db: Database, clock: FrozenClock, console: FastAPI, agent: httpx2.AsyncClient, looks: list[Looks]
    ) -> None:
        async with serving_pictures(ANSWERS) as server:
            ask_only(console, looks, server)
            found = await db.run(write_to, clock, html_of(server))
            page = (await agent.get(f"/conversations/{found.conversation}")).text
            assert "/pictures" not in page
            assert (await agent.post(f"/messages/{found.message}/pictures")).status_code == 403
        assert server.asked == []


def test_with_pictures_in_it_a_hostile_mail_is_as_harmless_as_without() -> None:
    """Where pictures were brought, only their places differ."""
    with_some = 0
    for mail in hostile_mails():
        shown = show(mail.raw)
        names = {address: digest(address.encode()) for address in shown.wanted}
        filled = show(mail.raw, names).html
        picture = "data:image/png;base64,AA=="
        html = with_brought(filled, dict.fromkeys(names.values(), picture))
        with_some += bool(names)
        assert "elsewhere:" not in html or "elsewhere:" in shown.html
        for name in names.values():
            assert name not in html
        assert html.count(picture) == filled.count('<img src="elsewhere:')
        kept = [one for one in html.split("<img ")[1:] if not one.startswith('src="data:image/')]
        assert kept == []
    assert with_some >= 2


@pytest.mark.journey
@ONE_ENGINE
async def test_an_agent_shows_the_pictures_by_key_and_the_browser_fetches_nothing(
    db: Database, clock: FrozenClock, console: FastAPI, address: str, chromium: Browser, looks: list[Looks]
) -> None:
    async with serving_pictures(ANSWERS) as server:
        ask_only(console, looks, server)
        found = await db.run(write_to, clock, html_of(server))
        page = await signed_in_page(chromium, address, db, clock, role=Role.AGENT)
        await page.goto(f"/conversations/{found.conversation}")
        await ready(page)
        # The key opens the frame and goes to the button, a second one asks.
        await page.keyboard.press("v")
        frame = page.frame_locator(f'iframe[name="html-{found.message}"]')
        await expect(frame.get_by_text("See")).to_be_visible()
        button = page.get_by_role("button", name="Show the pictures of this mail")
        await expect(button).to_be_focused()
        assert server.asked == []
        await page.keyboard.press("Enter")
        await expect(frame.locator("img[src^='data:image/jpeg']")).to_have_count(2)
        await expect(frame.get_by_text("1 shown")).to_be_visible()
        drawn_width = await frame.locator("img[src^='data:image/jpeg']").first.evaluate("one => one.naturalWidth")
        assert drawn_width == 120
        assert await frame.locator("img:not([src^='data:']), script, [style], [href]").count() == 0
        # The page stays where it is, and the button can be pressed again.
        assert page.url.startswith(f"{address}/conversations/{found.conversation}")
        await expect(button).to_be_enabled()
        assert await broken_rules(page) == []
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await wider_than_the_window(page) == []
        assert page.faults == []  # type: ignore[attr-defined]
        assert page.elsewhere == []  # type: ignore[attr-defined]
    assert "/hidden.png" not in server.asked
    assert "/unseen.gif" not in server.asked
