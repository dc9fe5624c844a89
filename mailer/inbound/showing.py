"""A mail's HTML for the eyes of an agent: cleaned, its own pictures within it, and told what it wanted from elsewhere.

Pure, and for hostile bytes: the console calls it in the limited child process (`inbound.child`).
"""

import re
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from html import escape, unescape
from typing import Any, Self
from urllib.parse import unquote

from mailer.errors import InputError
from mailer.inbound.body import read_body
from mailer.inbound.charset import decode
from mailer.inbound.headers import clean
from mailer.inbound.html import MAX_HTML, Token, host_of, in_words, is_foreign, is_unseen, tokens
from mailer.inbound.walk import Part, Walker

_MOST_ADDRESSES = 100
_LONGEST_ADDRESS = 2_000
_MOST_PICTURES = 50
_LARGEST_PICTURE = 2_000_000
_ALL_PICTURES = 8_000_000
# Where a picture that was brought stands.
_BROUGHT = re.compile(r'(?<=<img )src="elsewhere:([0-9a-f]{64})"')
# What a browser draws and cannot be told to run, by its first bytes.
_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class Elsewhere:
    """An address outside of the mail, and the words under which the mail names it."""

    address: str
    host: str
    words: str


@dataclass(frozen=True)
class Shown:
    """What a frame shows of a mail. `unseen` counts pictures that nobody sees: they tell who fetched them.

    `wanted` are the addresses of those that would be seen, in their sequence.
    """

    html: str
    pictures: tuple[Elsewhere, ...] = ()
    links: tuple[Elsewhere, ...] = ()
    unseen: int = 0
    wanted: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """What `stored` described."""
        pictures, links = (tuple(Elsewhere(**one) for one in stored[name]) for name in ("pictures", "links"))
        return cls(stored["html"], pictures, links, stored["unseen"], tuple(stored["wanted"]))


def show(raw: bytes, brought: Mapping[str, str] | None = None) -> Shown:
    """The HTML of a mail; empty when it has none. Raises InputError for what cannot be read within bounds.

    `brought` gives pictures from elsewhere a name by their address, under which whoever has them puts them in
    (`with_brought`).
    """
    walker = Walker(raw)
    root = walker.walk()
    foreign = _Foreign(brought or {})
    html = read_body(root, walker.defects, foreign=foreign).html or ""
    wanted = [token for source in _sources(root) for token in tokens(source) if _asks(token)]
    return Shown(
        "".join(_framed(html, _Pictures(root), frozenset((brought or {}).values()))),
        tuple(_elsewhere((one.attributes["src"], one.attributes.get("alt", "")) for one in wanted)),
        tuple(_elsewhere(_links(html))),
        sum(is_unseen(one) for one in wanted),
        tuple(foreign.seen),
    )


def with_brought(html: str, pictures: Mapping[str, str]) -> str:
    """The HTML of a frame with these pictures, data: addresses by their names, in their places."""
    return _BROUGHT.sub(lambda found: f'src="{pictures.get(found[1], "")}"', html)


def file_of(raw: bytes, sha256: str) -> bytes:
    """The bytes of the file with this hash. Raises InputError when the mail holds none."""
    walker = Walker(raw)
    found = read_body(walker.walk(), walker.defects, wanted=sha256).wanted
    if found is None:
        raise InputError("mail", ["it holds no such file"])
    return found


def leaves(part: Part) -> Iterator[Part]:
    """The parts of a mail that hold something themselves."""
    if not part.children:
        yield part
    for child in part.children:
        yield from leaves(child)


def _sources(root: Part) -> Iterator[str]:
    for part in leaves(root):
        if part.content_type == "text/html":
            yield decode(part.data, part.values.get("charset", ""), MAX_HTML)[0][:MAX_HTML]


def _asks(token: Token) -> bool:
    return token.kind == "start" and is_foreign(token) and bool(host_of(token.attributes.get("src", "")))


def _links(html: str) -> Iterator[tuple[str, str]]:
    """Each link with the words on it."""
    address, words = "", ""
    for token in tokens(html):
        if token.name == "a":
            if address:
                yield address, words
            address, words = token.attributes.get("href", "") if token.kind == "start" else "", ""
        elif token.kind == "text" and address:
            words += html[token.start : token.end]


def _elsewhere(found: Iterator[tuple[str, str]]) -> Iterator[Elsewhere]:
    """Each address once; no other kinds of address than a browser would open."""
    seen: set[str] = set()
    for address, words in found:
        plain = clean(address)[:_LONGEST_ADDRESS]
        is_web = plain.lower().startswith(("http://", "https://"))
        if is_web and host_of(plain) and plain not in seen and len(seen) < _MOST_ADDRESSES:
            seen.add(plain)
            yield Elsewhere(plain, host_of(plain), clean(unescape(" ".join(words.split())[:400]))[:200])


class _Foreign:
    """Says what stands for a picture from elsewhere: its words, or the name of one that was brought."""

    def __init__(self, brought: Mapping[str, str]) -> None:
        self._brought = brought
        # Each address once.
        self.seen: dict[str, None] = {}

    def __call__(self, token: Token) -> str:
        """As HTML, to be cleaned like the rest."""
        address = clean(token.attributes.get("src", "")).strip()[:_LONGEST_ADDRESS]
        if is_unseen(token) or not address.lower().startswith(("http://", "https://")) or not host_of(address):
            return in_words(token)
        if len(self.seen) < _MOST_ADDRESSES:
            self.seen[address] = None
        name = self._brought.get(address)
        if name is None:
            return in_words(token)
        return f'<img src="cid:{name}" alt="{escape(token.attributes.get("alt", "")[:200])}">'


class _Pictures:
    """The pictures that lie in the mail, by the name that its HTML calls them."""

    def __init__(self, root: Part) -> None:
        self._parts = {part.header("content-id").strip().strip("<>"): part for part in leaves(root)}
        self._left, self._count = _ALL_PICTURES, 0

    def data_address(self, name: str) -> str:
        """The picture as an address; "" for none, one that is too large, or one that is no plain picture."""
        part = self._parts.get(unquote(name))
        if part is None or not name or self._count >= _MOST_PICTURES:
            return ""
        kind, size = kind_of_picture(part.data), len(part.data)
        if not kind or size > min(_LARGEST_PICTURE, self._left):
            return ""
        self._left, self._count = self._left - size, self._count + 1
        return f"data:{kind};base64,{b64encode(part.data).decode('ascii')}"


def kind_of_picture(data: bytes) -> str:
    """Which kind of picture these bytes begin; "" when no kind that only can be looked at."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in _KINDS.items() if data.startswith(begin)), "")


def _framed(html: str, pictures: _Pictures, brought: Collection[str]) -> Iterator[str]:
    """Pictures of the mail within it; links as words with the host behind them, as a frame follows none."""
    host = ""
    for token in tokens(html):
        source = token.attributes.get("src", "").strip()
        if token.kind == "start" and token.name == "a":
            address = clean(token.attributes.get("href", ""))[:_LONGEST_ADDRESS]
            host = host_of(address)
            yield f'<a title="{escape(address)}">'
        elif token.kind == "end" and token.name == "a":
            yield f"</a>{f' <small>[{escape(host)}]</small>' if host else ''}"
        elif token.kind != "start" or token.name != "img":
            yield html[token.start : token.end]
        elif source[4:] in brought:
            yield f'<img src="elsewhere:{source[4:]}" alt="{escape(token.attributes.get("alt", "")[:200])}">'
        elif picture := pictures.data_address(source[4:]):
            yield f'<img src="{picture}" alt="{escape(token.attributes.get("alt", "")[:200])}">'
        else:
            yield in_words(token)
