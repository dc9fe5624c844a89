"""What the customer's mails themselves tell that an answer may need: sizes, reasons, a photo. Newest words first."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailer.model import Classification, Message

_NAMED = ("size", "colour", "product", "reason", "country", "quantity", "company")
# What mail programs call the logo of a signature; a photo under such a name is larger.
_DECORATION = re.compile(r"(?:image\d{3}|logo|signature|icon|banner|footer)", re.IGNORECASE)
_SMALLEST_PHOTO = 20_000


def asked_values(judged: Sequence[Classification], mails: Iterable[Message]) -> dict[str, object]:
    """The values under `asked.` for a template; `judged` has the newest first."""
    values: dict[str, object] = {"asked.has_photo": any(is_photo(file) for mail in mails for file in mail.files)}
    for name in _NAMED:
        if (value := _newest(judged, name)) is not None:
            values[f"asked.{name}"] = value
    return values


def products_named(judged: Sequence[Classification]) -> tuple[int, ...]:
    """The products that the newest mail naming any is about."""
    found = _newest(judged, "product_ids") or []
    return tuple(one for one in found if isinstance(one, int))


def is_photo(file: Mapping[str, Any]) -> bool:
    """Whether a file shows something, and is not the decoration of a signature."""
    kind = str(file.get("content_type", file.get("type", "")))
    if not kind.startswith("image/") or kind == "image/gif":
        return False
    return not _DECORATION.match(str(file.get("name", ""))) or int(file.get("size", 0)) >= _SMALLEST_PHOTO


def _newest(judged: Sequence[Classification], name: str) -> Any:
    return next((one.entities[name] for one in judged if one.entities.get(name) not in (None, "", [])), None)
