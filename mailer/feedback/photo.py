"""The door to Pillow: what customers upload becomes a JPEG of ours, or nothing.

A file is judged by its first bytes and never by its name; only the pixels are kept. Nobody's place or camera (EXIF)
stays in it, and nothing that hides behind the picture.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from mailer.errors import InputError
from mailer.signing import digest

_MOST_PIXELS = 40_000_000
_LONGEST_EDGE = 2_000
_QUALITY = 85
# Twice the width of a mail, for fine screens.
_LONGEST_IN_MAILS = 1_200
_FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}


@dataclass(frozen=True)
class Photo:
    """A picture as we keep it."""

    data: bytes
    width: int
    height: int

    def told(self) -> dict[str, object]:
        """As rows speak of it."""
        return {
            "sha256": digest(self.data),
            "type": "image/jpeg",
            "width": self.width,
            "height": self.height,
            "size": len(self.data),
        }


@dataclass(frozen=True)
class Picture:
    """A picture of the shop's own, as mails show it."""

    data: bytes
    mime: str
    width: int
    height: int


def read_photo(data: bytes, most_bytes: int) -> Photo:
    """A customer's file as a picture, upright, at most 2000 pixels long.

    Raises InputError whose problem is "type", "size" or "broken".
    """
    if len(data) > most_bytes:
        raise InputError("photo", ["size"])
    known = sniff(data)
    if not known:
        raise InputError("photo", ["type"])
    try:
        # A picture of many pixels warns before it raises; both are too many here.
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _reencoded(data, known)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, UnidentifiedImageError):
        raise InputError("photo", ["broken"]) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise InputError("photo", ["size"]) from None


def read_picture(data: bytes, most_bytes: int) -> Picture:
    """A picture for mails: JPEG stays one, an animated GIF too, all else becomes PNG; at most 1200 pixels long.

    Raises InputError whose problem is "type", "size" or "broken".
    """
    if len(data) > most_bytes:
        raise InputError("picture", ["size"])
    known = "GIF" if data[:6] in (b"GIF87a", b"GIF89a") else sniff(data)
    if not known:
        raise InputError("picture", ["type"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _for_mails(data, known)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, UnidentifiedImageError):
        raise InputError("picture", ["broken"]) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise InputError("picture", ["size"]) from None


def sniff(data: bytes) -> str:
    """JPEG, PNG or WEBP by the first bytes; nothing for all else (SVG, HTML, TIFF, ...)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in _FORMATS.items() if data.startswith(start)), "")


def _reencoded(data: bytes, known: str) -> Photo:
    with Image.open(io.BytesIO(data), formats=[known]) as image:
        # The size stands in the header: nothing is unpacked for a bomb.
        if image.width * image.height > _MOST_PIXELS:
            raise InputError("photo", ["size"])
        # JPEG can be read smaller from the start.
        image.draft("RGB", (_LONGEST_EDGE, _LONGEST_EDGE))
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((_LONGEST_EDGE, _LONGEST_EDGE))
        plain = _on_white(upright)
        target = io.BytesIO()
        # A new picture of the same pixels: nothing of the old file's marks comes along.
        clean = Image.frombytes("RGB", plain.size, plain.tobytes())
        clean.save(target, "JPEG", quality=_QUALITY, optimize=True)
        return Photo(target.getvalue(), clean.width, clean.height)


def _for_mails(data: bytes, known: str) -> Picture:
    with Image.open(io.BytesIO(data), formats=[known]) as image:
        if image.width * image.height * getattr(image, "n_frames", 1) > _MOST_PIXELS:
            raise InputError("picture", ["size"])
        if known == "GIF" and getattr(image, "n_frames", 1) > 1:
            return _moving(image)
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((_LONGEST_IN_MAILS, _LONGEST_IN_MAILS))
        kind, mode = ("JPEG", "RGB") if known == "JPEG" else ("PNG", "RGBA")
        plain = upright.convert(mode)
        clean = Image.frombytes(mode, plain.size, plain.tobytes())
        target = io.BytesIO()
        clean.save(target, kind, optimize=True, **({"quality": _QUALITY} if kind == "JPEG" else {}))
        return Picture(target.getvalue(), f"image/{kind.lower()}", clean.width, clean.height)


def _moving(image: Image.Image) -> Picture:
    """Its frames anew, without what else the file held."""
    frames, times = [], []
    for frame in ImageSequence.Iterator(image):
        plain = frame.convert("RGBA")
        frames.append(Image.frombytes("RGBA", plain.size, plain.tobytes()))
        times.append(int(frame.info.get("duration", 100)))
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True)
    return Picture(target.getvalue(), "image/gif", frames[0].width, frames[0].height)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground
