"""The door to Pillow: what customers upload becomes a JPEG of ours, or nothing.

A file is judged by its first bytes and never by its name; only the pixels are kept. Nobody's place or camera (EXIF)
stays in it, and nothing that hides behind the picture.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from mailer.errors import InputError
from mailer.signing import digest

_MOST_PIXELS = 40_000_000
_LONGEST_EDGE = 2_000
_QUALITY = 85
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


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground
