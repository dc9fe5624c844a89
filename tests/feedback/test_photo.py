"""What customers upload: only pixels come through, and no file costs more than it may."""

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mailer.errors import InputError
from mailer.feedback.photo import read_photo, sniff
from tests.web.public.pages import picture

MOST = 5_000_000


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size: unpacked, it would fill the memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def kept(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(read_photo(data, MOST).data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_a_jpeg(kind: str) -> None:
    photo = read_photo(picture(kind, (320, 200)), MOST)
    image = Image.open(io.BytesIO(photo.data))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (320, 200))
    assert (photo.width, photo.height) == (320, 200)
    assert photo.told()["type"] == "image/jpeg"
    assert image.getpixel((5, 5)) == pytest.approx((0, 128, 128), abs=4)


def test_a_large_one_is_made_smaller_in_proportion() -> None:
    assert kept(picture(size=(4000, 3000))).size == (2000, 1500)
    assert kept(picture(size=(100, 5000))).size == (40, 2000)


@pytest.mark.parametrize(("turned", "size"), [(1, (60, 30)), (3, (60, 30)), (6, (30, 60)), (8, (30, 60))])
def test_a_phone_that_was_held_upright_shows_an_upright_photo(turned: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    assert kept(picture(size=(60, 30), exif=exif)).size == size


def test_neither_place_nor_camera_nor_hidden_words_stay() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam 3000"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    data = picture(exif=exif, comment=b"<script>alert(1)</script>") + b"PK\x03\x04 a zip behind it"
    photo = read_photo(data, MOST).data
    for hidden in (b"SpyCam", b"script", b"PK\x03\x04", b"Exif"):
        assert hidden in data or hidden == b"Exif"
        assert hidden not in photo
    assert dict(Image.open(io.BytesIO(photo)).getexif()) == {}


def test_what_can_be_seen_through_lies_on_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(target, "PNG")
    assert kept(target.getvalue()).getpixel((10, 10)) == pytest.approx((255, 255, 255), abs=2)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_every_kind_of_colours_is_understood(mode: str) -> None:
    target = io.BytesIO()
    Image.new(mode, (30, 20)).save(target, "JPEG" if mode == "CMYK" else "PNG")
    assert kept(target.getvalue()).size == (30, 20)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type"),
        (b"<html><script>alert(1)</script>", "type"),
        (b"GIF89a" + bytes(100), "type"),
        (b"II*\x00" + bytes(100), "type"),
        (b"%PDF-1.7", "type"),
        (b"RIFF\x00\x00\x00\x00WAVE", "type"),
        (picture()[:400], "broken"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "broken"),
        (b"RIFF\x00\x00\x00\x00WEBP" + bytes(40), "broken"),
        (png_that_says(50_000, 50_000), "size"),
        (png_that_says(8_000, 6_250), "size"),
        (png_that_says(1_000, 1_000), "broken"),
        (b"\xff\xd8\xff" + bytes(MOST), "size"),
    ],
    ids=[
        *("nothing", "svg", "html", "gif", "tiff", "pdf", "wave", "cut", "no jpeg", "no webp"),
        *("bomb", "fifty megapixels", "too little data", "large"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        read_photo(data, MOST)
    assert raised.value.problems == (problem,)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_a_spoiled_file_is_a_picture_or_refused(seed: int, kind: str) -> None:
    chance = random.Random(seed)
    data = bytearray(picture(kind, (40, 40)))
    for _ in range(chance.randint(1, 30)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        photo = read_photo(bytes(data), MOST)
    except InputError as error:
        assert error.problems[0] in ("type", "size", "broken")
    else:
        assert sniff(photo.data) == "JPEG"
