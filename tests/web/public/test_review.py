"""A review by the page: stars, words, fit, photos, one item after the other."""

import io

import httpx2
import pytest
from PIL import Image

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Blob, Review
from mailer.signing import Keys
from tests.feedback.build import Bought, bought, events, kinds
from tests.web.public.pages import all_of, picture, upload, words_of


async def sold(db: Database, clock: FrozenClock, **order: object) -> Bought:
    return await db.run(lambda session: bought(session, clock.now(), **order))  # type: ignore[arg-type]


async def test_the_dearest_item_is_asked_for_first_and_the_next_is_offered(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/review/{order.link('review').token(keys)}"
    page = await customer.get(f"{address}?stars=4")
    assert "Linen shirt" in words_of(page)
    assert 'value="4" required checked' in page.text
    assert await db.read(all_of(Review)) == []
    form = {"item": str(order.lines[0]), "stars": "4", "fit": "small", "words": "Lovely, but small"}
    done = await customer.post(address, data=form)
    assert f'href="{address}?item={order.lines[1]}"' in done.text
    assert "https://reviews.example.com/linen" in done.text
    [review] = await db.read(all_of(Review))
    assert (review.stars, review.fit, review.sku, review.product) == (4, "small", "SKU0", "Linen shirt")
    second = await customer.get(address)
    assert "Linen scarf" in words_of(second)
    await customer.post(address, data={"item": str(order.lines[1]), "stars": "1"})
    assert [one.stars for one in await db.read(all_of(Review))] == [4, 1]
    assert await db.read(kinds) == ["review.received", "review.received"]


async def test_a_review_may_be_changed_and_keeps_its_photos(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/review/{order.link('review').token(keys)}"
    form = {"item": str(order.lines[0]), "stars": "5"}
    await customer.post(address, data=form, files=upload(picture()))
    await customer.post(address, data={**form, "stars": "2"}, files=upload(picture("PNG", (300, 300))))
    [review] = await db.read(all_of(Review))
    assert (review.stars, len(review.photos)) == (2, 2)
    told = await db.read(events, "review.received")
    assert [event.data["stars"] for event in told] == [5, 2]


async def test_a_photo_is_kept_as_a_picture_and_nothing_else(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    exif[0x0112] = 6
    files = upload(picture(size=(400, 200), exif=exif), name="../../etc/cron.d/x.svg")
    await customer.post(
        f"/review/{order.link('review').token(keys)}", data={"item": str(order.lines[0]), "stars": "5"}, files=files
    )
    [review] = await db.read(all_of(Review))
    [photo] = review.photos
    [blob] = [one for one in await db.read(all_of(Blob)) if one.sha256 == photo["sha256"]]
    kept = Image.open(io.BytesIO(blob.unpack()))
    assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (200, 400), {}), "upright, and without marks"
    assert b"SpyCam" not in blob.unpack()
    assert "name" not in photo


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"], "no photo that we can read"),
        ([b"<!doctype html><script>alert(1)</script>"], "no photo that we can read"),
        ([b"GIF89a" + bytes(50)], "no photo that we can read"),
        ([picture()[:500]], "is damaged"),
        ([b"\x89PNG\r\n\x1a\n" + bytes(100)], "is damaged"),
        ([b"\xff\xd8\xff" + bytes(400_000)], "is too large"),
        ([picture(), picture(), picture()], "too many photos"),
    ],
    ids=["svg", "html", "gif", "cut", "broken", "large", "many"],
)
async def test_a_file_that_cannot_be_taken_is_said_and_nothing_is_lost(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, files: list[bytes], words: str
) -> None:
    order = await sold(db, clock)
    form = {"item": str(order.lines[0]), "stars": "3", "words": "keep my words", "fit": "large"}
    page = await customer.post(f"/review/{order.link('review').token(keys)}", data=form, files=upload(*files))
    assert page.status_code == 400
    assert words in words_of(page)
    assert "keep my words" in page.text
    assert 'value="3" required checked' in page.text
    assert 'value="large" checked' in page.text
    assert await db.read(all_of(Review)) == []


async def test_more_than_a_form_may_hold_is_refused_kindly(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock, language="de")
    address = f"/review/{order.link('review').token(keys)}"
    files = upload(*[bytes(900_000)] * 2)
    page = await customer.post(address, data={"stars": "3"}, files=files, headers={"accept-language": "de"})
    assert page.status_code == 413
    assert "Das war zu viel auf einmal" in words_of(page)
    many = await customer.post(address, data={"stars": "3"}, files=upload(*[picture()] * 9))
    assert many.status_code == 400
    assert await db.read(all_of(Review)) == []


async def test_an_item_of_another_order_is_not_reviewed(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    other = await sold(db, clock, number="#1002", lines=(("Secret gift", 1, "5.00"),))
    page = await customer.get(f"/review/{order.link('review').token(keys)}?item={other.lines[0]}")
    assert "Secret gift" not in page.text
    await customer.post(f"/review/{order.link('review').token(keys)}", data={"item": f"{other.lines[0]}", "stars": "1"})
    assert [review.order_id for review in await db.read(all_of(Review))] == [order.order]
