"""What the HTML or Markdown of a template does wrong where it stands: links, anchors, pictures; by line."""

import re
from collections.abc import Iterator

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HTTP = re.compile(r"http://(?!127\.0\.0\.1|localhost)[^\s\"'<>)]*", re.IGNORECASE)
_ANCHOR = re.compile(r"href\s*=\s*[\"']#([^\"']*)[\"']", re.IGNORECASE)
_TARGET = re.compile(r"\b(?:id|name)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"\s*[^\"\s]|'\s*[^'\s])", re.IGNORECASE)
_SCRIPT = re.compile(r"<(script|iframe|form|object|embed)\b", re.IGNORECASE)


def markup_mistakes(text: str) -> Iterator[tuple[int, str]]:
    """Every mistake with its line, in the order of the rules."""
    plain = _JINJA.sub(_veiled, text)
    for match in _HTTP.finditer(plain):
        yield _line(plain, match.start()), f"{match[0]} is not encrypted; write https://"
    targets = set(_TARGET.findall(plain))
    for match in _ANCHOR.finditer(plain):
        if match[1] not in targets:
            yield _line(plain, match.start()), f'#{match[1]} leads nowhere: nothing here has id="{match[1]}"'
    for match in _PICTURE.finditer(plain):
        if not _ALT.search(match[0]):
            yield _line(plain, match.start()), 'a picture has no words for those who do not see it: alt="..."'
    for match in _SCRIPT.finditer(plain):
        yield _line(plain, match.start()), f"mail programs refuse <{match[1].lower()}>; leave it out"


def _veiled(match: re.Match[str]) -> str:
    """A value is some word; a statement is nothing. Lines stay where they are."""
    return re.sub(r"[^\n]", "_" if match[0].startswith("{{") else " ", match[0])


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
