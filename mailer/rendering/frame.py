"""A mail's HTML for a frame of the console: in one colour scheme, no link that leads away, hashes for the policy.

What is shown differs from what is sent in three things: the media queries of the colour scheme are answered here, since
a page cannot answer them for a frame; links open nowhere; pictures of other hosts are not fetched.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape, unescape

_SCHEME = re.compile(r"\(\s*prefers-color-scheme:\s*(dark|light)\s*\)")
_COLOUR_META = re.compile(r'<meta name="(?:supported-)?color-scheme" content="[^"]*">')
_STYLE_BLOCK = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(r"""\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_SOURCE = re.compile(r"""(<img\b[^>]*?\ssrc\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Framed:
    """A document for a frame, and what its policy must let style it."""

    html: str
    styles: str


def framed_mail(html: str, *, dark: bool = False, pictures: Mapping[str, str] | None = None) -> Framed:
    """The mail as a document for a frame; `pictures` are data: addresses by the source that the mail names."""
    shown = _SCHEME.sub(lambda match: "all" if (match[1] == "dark") is dark else "not all", html)
    scheme = f'<meta name="color-scheme" content="{"dark" if dark else "light"}"><base target="_blank">'
    shown = _COLOUR_META.sub("", shown)
    shown = _HEAD.sub(lambda match: match[0] + scheme, shown, count=1)
    known = pictures or {}
    shown = _SOURCE.sub(lambda match: f'{match[1]}"{escape(_picture(match[2] or match[3] or "", known))}"', shown)
    return Framed(shown, style_hashes(shown))


def data_address(data: bytes, mime: str) -> str:
    """A picture as an address that nobody is asked for (RFC 2397)."""
    return f"data:{mime};base64,{b64encode(data).decode('ascii')}"


def style_hashes(html: str) -> str:
    """What `style-src` lets through: exactly the style blocks and style attributes of this document (CSP 3, 8.3)."""
    blocks = [match[1] for match in _STYLE_BLOCK.finditer(html)]
    own = [unescape(match[1] or match[2] or "") for match in _STYLE_ATTRIBUTE.finditer(html)]
    hashes = dict.fromkeys(_hash(one) for one in (*blocks, *own))
    return " ".join([*(["'unsafe-hashes'"] if own else []), *hashes])


def _picture(source: str, pictures: Mapping[str, str]) -> str:
    """Only what we have ourselves: a frame that asked other hosts would tell them that somebody looks."""
    address = unescape(source)
    return pictures.get(address, address if address.startswith("data:") else "")


def _hash(style: str) -> str:
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
