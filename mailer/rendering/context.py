"""Facts as a template sees them: nested plain data, dates as dates, one line per value."""

import contextlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mailer.rendering.blank import Blank

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NO_ANGLES = str.maketrans("", "", "<>")
# What anybody may have typed who wrote to us or ordered; nothing of it is to lead anywhere.
_STRANGERS = ("asked.", "customer.")
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")


def context(values: Mapping[str, object]) -> dict[str, Any]:
    """From paths as `parcels.0.carrier` to nested dictionaries and lists."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        node = tree
        *parents, last = path.split(".")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = _typed(value) if not path.startswith(_STRANGERS) else _without_links(_typed(value))
    return {name: _lists(node) for name, node in tree.items()}


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """From the nested samples of a template's front matter to paths."""
    found: dict[str, object] = {}
    for name, value in tree.items():
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inner, Mapping):
            found.update(flatten({str(key): one for key, one in inner.items()}, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = inner
    return found


def shaped(sample: Any, value: Any) -> Any:
    """The value with the form of the sample: what it lacks is None, or an empty list where the sample is a list."""
    if isinstance(sample, Mapping):
        known = value or {}
        return {**known, **{name: shaped(one, known.get(name)) for name, one in sample.items()}}
    if isinstance(sample, list):
        return [shaped(sample[0], one) for one in value or []]
    return value


def _without_links(value: object) -> object:
    return None if isinstance(value, str) and _LINK.search(value) else value


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The samples of two files as one; in a list, those of its first element."""
    both = dict(first)
    for name, sample in second.items():
        known = both.get(name)
        if isinstance(known, Mapping) and isinstance(sample, Mapping):
            both[name] = merged(known, sample)
        elif isinstance(known, list) and isinstance(sample, list) and isinstance(sample[0], Mapping):
            both[name] = [merged(known[0], sample[0]), *sample[1:]]
        else:
            both[name] = sample
    return both


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    inner = {name: _lists(value) for name, value in node.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _typed(value: object) -> object:
    if not isinstance(value, str) or isinstance(value, Blank):
        return value
    # An order number or a name may look like a date and be none.
    with contextlib.suppress(ValueError):
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
    # What customers and shops typed must not bring lines of its own into a mail, nor a link: see `to_html`.
    return " ".join(value.split()).translate(_NO_ANGLES)
