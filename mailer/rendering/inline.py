"""The door to css-inline: rules of the layout become style attributes, as many mail programs ask for.

Done once for each template as it stands in its file, not for each mail: what Jinja is to fill is veiled meanwhile, as
comments between tags (a table would throw words out of itself) and as words within them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from css_inline import CSSInliner

_TOKEN = re.compile(
    r"(?P<jinja>\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})|<!--|-->|<title\b|</title|<style\b|</style|<[a-zA-Z/!]|>", re.DOTALL
)
# What ends the piece of HTML that begins so, within which no comment can stand.
_ENDS = {"<!--": "-->", "<title": "</title", "<style": "</style"}
_VEIL = re.compile(r"<!--jj(\d+)jj-->|jj(\d+)jj")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_AT_RULE = re.compile(r"@[a-z-]+[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_INLINER = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


def rules_of(layout: str) -> str:
    """The rules of a layout that become style attributes; those for some screens only stay where they are."""
    return _AT_RULE.sub("", "".join(_STYLE.findall(layout)))


@lru_cache(maxsize=1000)
def inlined(source: str, rules: str) -> str:
    """A template of HTML with these rules as style attributes. Jinja stays as it is."""
    veiled, kept = _veiled(source)
    return _unveiled(_INLINER.inline_fragment(veiled, rules), kept)


@lru_cache(maxsize=100)
def inlined_page(source: str) -> str:
    """The same of a whole page, which has its rules within."""
    veiled, kept = _veiled(source)
    return _unveiled(_INLINER.inline(veiled), kept)


def _veiled(source: str) -> tuple[str, list[str]]:
    kept: list[str] = []
    return "".join(_pieces(source, kept)), kept


def _pieces(source: str, kept: list[str]) -> Iterator[str]:
    """The source piece by piece, with a numbered veil for each that Jinja fills."""
    done, end = 0, ""
    for match in _TOKEN.finditer(source):
        yield source[done : match.start()]
        done = match.end()
        if match["jinja"]:
            kept.append(match[0])
            yield f"jj{len(kept) - 1}jj" if end else f"<!--jj{len(kept) - 1}jj-->"
            continue
        yield match[0]
        if not end:
            end = _ENDS.get(match[0], ">" if match[0].startswith("<") else "")
        elif match[0] == end:
            # An end tag is itself ended by its bracket.
            end = ">" if end.startswith("</") else ""
    yield source[done:]


def _unveiled(html: str, kept: list[str]) -> str:
    return _VEIL.sub(lambda match: kept[int(match[1] or match[2])], html)
