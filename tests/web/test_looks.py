"""The pictures of one look: made anew, trackers named and never asked twice, and no more than there is time for."""

import asyncio
import base64
import io
import time

import pytest
from PIL import Image

from mailer.web import looks
from mailer.web.looks import Brought, Looks
from tests.web.picture_server import PictureServer, drawn, ok, serving_pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def bring(server: PictureServer, *paths: str, found: Looks | None = None, seconds: float = 10) -> list[str]:
    """What became of each: the kind of picture, or why not."""
    mine = found or Looks(server.fetcher())
    try:
        brought = await mine.bring([server.address(path) for path in paths], all_seconds=seconds)
    finally:
        if found is None:
            mine.close()
    return [one.why_not or one.data.split(";")[0] for one in brought]


async def test_pictures_are_made_anew_and_all_else_is_none() -> None:
    hidden = drawn(kind="JPEG") + b"<script>alert(1)</script>"
    async with serving_pictures(
        {
            "/a.png": ok(drawn()),
            "/b.jpg": ok(hidden),
            "/c.webp": ok(drawn(kind="WEBP")),
            "/d.gif": ok(drawn(kind="GIF")),
            "/svg": ok(SVG, "Content-Type: image/svg+xml"),
            "/html": ok(b"<html>", "Content-Type: image/png"),
            "/broken": ok(drawn()[:60]),
            "/bomb": ok(bomb()),
        }
    ) as server:
        kinds = await bring(server, "/a.png", "/b.jpg", "/c.webp", "/d.gif", "/svg", "/html", "/broken", "/bomb", "/no")
        assert kinds[:4] == ["data:image/png", "data:image/jpeg", "data:image/png", "data:image/png"]
        assert kinds[4:] == ["kind", "kind", "broken", "large", "silent"]
        mine = Looks(server.fetcher())
        (one,) = await mine.bring([server.address("/b.jpg")])
        mine.close()
    assert "alert" not in one.data
    assert Image.open(io.BytesIO(base64_of(one))).size == (40, 30)


async def test_a_tracker_is_named_and_asked_once() -> None:
    async with serving_pictures({"/1": ok(drawn(1, 1)), "/line": ok(drawn(600, 1)), "/a": ok(drawn())}) as server:
        mine = Looks(server.fetcher())
        for _ in range(2):
            assert await bring(server, "/1", "/line", "/a", "/1", found=mine) == [
                "tracker",
                "tracker",
                "data:image/png",
            ]
        mine.close()
    assert sorted(server.asked) == ["/1", "/a", "/a", "/line"]


async def test_no_more_than_there_is_time_and_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_SECONDS_EACH", 1.0)
    picture = ok(drawn())
    paths = {f"/{number}": picture for number in range(40)}
    async with serving_pictures(
        {**paths, "/slow": picture, "/slower": picture}, drip={"/slow": 0.2, "/slower": 0.2}
    ) as server:
        mine = Looks(server.fetcher())
        await asyncio.to_thread(mine.reader.warm)
        began = time.monotonic()
        assert await bring(server, "/slow", "/1", found=mine) == ["late", "data:image/png"]
        assert await bring(server, "/slower", found=mine, seconds=0.3) == ["late"]
        assert time.monotonic() - began < 8
        many = await bring(server, *paths, found=mine)
        mine.close()
    assert many[looks.MOST :] == ["many"] * 10
    assert set(many[: looks.MOST]) == {"data:image/png"}
    assert len(server.asked) == 2 + 1 + looks.MOST


async def test_not_more_at_once_than_agreed() -> None:
    at_once, most = 0, 0

    class Counting:
        async def fetch(self, address: str) -> bytes:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= 1
            return drawn()

        def close(self) -> None: ...

    mine = Looks(Counting())  # type: ignore[arg-type]
    both = await asyncio.gather(*(mine.bring([f"http://{who}.test/{n}" for n in range(20)]) for who in "ab"))
    mine.close()
    assert most == 6
    assert all(one.data for found in both for one in found)


async def test_a_page_holds_no_more_than_a_page_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_ALL_BYTES", 300)
    async with serving_pictures({"/a": ok(drawn()), "/b": ok(drawn()), "/c": ok(drawn())}) as server:
        kinds = await bring(server, "/a", "/b", "/c")
    assert kinds[0] == "data:image/png"
    assert kinds[-1] == "large"


def bomb() -> bytes:
    """A small file of very many pixels."""
    target = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(target, "PNG")
    return target.getvalue()


def base64_of(one: Brought) -> bytes:
    return base64.b64decode(one.data.split(",", 1)[1])
