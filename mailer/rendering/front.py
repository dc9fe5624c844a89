"""A file of the templates: front matter between `+++` lines, TOML, and below it the words."""

import re
import tomllib
from typing import Any

from mailer.errors import InputError

_MARK = "+++"
_KINDS = ("reply", "acknowledgement", "transactional", "feedback", "marketing")
# What may stand above the tables, and whether it is text, a yes or no, or either.
_KEYS: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "subject": (str,),
    "preheader": (str,),
    "sender": (str,),
    "opening": (str,),
    "before": (str,),
    "holding": (bool, str),
    "asks": (bool, str),
    "needs": (dict,),
    "optional": (dict,),
}
_WORDS = {str: "a text", bool: "true or false", dict: "a table of values with samples"}


def split(source: str, text: str) -> tuple[dict[str, Any], str]:
    """Front matter, and the body under a comment of as many lines, so that its lines keep their numbers.

    Raises InputError with every mistake.
    """
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines) if number and line.strip() == _MARK), None)
    if lines[0].strip() != _MARK or end is None:
        raise InputError(source, ["line 1: front matter is missing; a template begins with TOML between +++ lines"])
    try:
        front = tomllib.loads("\n" + "\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise InputError(source, [f"front matter: {error}"]) from None
    if problems := _mistakes(front, lines[: end + 1]):
        raise InputError(source, problems)
    return front, "{#" + "\n" * end + "#}\n" + "\n".join(lines[end + 1 :])


def line_of(path: str, text: str) -> int:
    """The line of the front matter that declares this value."""
    parts = [part for part in path.split(".") if not part.isdigit() and part != "*"]
    for length in range(len(parts)):
        key = re.compile(rf"^\s*{re.escape('.'.join(parts[length:]))}\s*=", re.MULTILINE)
        if found := key.search(text):
            return text.count("\n", 0, found.start(0) + len(found[0])) + 1
    return 1


def _mistakes(front: dict[str, Any], lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    problems = []
    for key, value in front.items():
        if key not in _KEYS:
            problems.append(f"line {line_of(key, text)}: front matter: {key} is no key; there are {', '.join(_KEYS)}")
        elif not isinstance(value, _KEYS[key]):
            problems.append(f"front matter: {_shown(key)} must be {' or '.join(_WORDS[kind] for kind in _KEYS[key])}")
    if (kind := front.get("kind", "reply")) not in _KINDS:
        problems.append(f"line {line_of('kind', text)}: front matter: kind {kind!r} is none of {', '.join(_KINDS)}")
    return [*problems, *(one for key in ("needs", "optional") for one in _empty_lists(key, front.get(key)))]


def _empty_lists(path: str, sample: Any) -> list[str]:
    if isinstance(sample, list) and not sample:
        return [f"front matter: {path} needs one element as a sample"]
    inner = sample.items() if isinstance(sample, dict) else enumerate(sample) if isinstance(sample, list) else ()
    return [problem for name, one in inner for problem in _empty_lists(f"{path}.{name}", one)]


def _shown(key: str) -> str:
    return f"[{key}]" if _KEYS[key] == (dict,) else key
