"""HTML of strangers: what of it is visible, as text and as HTML that may be shown.

A linear tokenizer of our own: parsers that build trees recurse or slow down on crafted input. What a sender hides
(display:none, size zero, Outlook's mso-hide) is neither read nor shown, so it decides nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import urlsplit

MAX_HTML = 500_000
_MAX_DEPTH = 400
_MAX_TAG = 20_000
_MARKUP = re.compile(r"<(?=[a-zA-Z!?]|/[a-zA-Z])")
_NAME = re.compile(r"[a-zA-Z][^\s/>]{0,60}")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']{1,80})(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_RAW = frozenset(
    {"script", "style", "title", "textarea", "noscript", "iframe", "noembed", "noframes", "xmp", "template"}
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_PARAGRAPH = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "pre", "dl"})
_LINE = frozenset(
    {"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "form", "fieldset", "address", "main"}
    | {"center", "aside", "nav", "figure", "figcaption", "caption", "hr", "body", "html", "tbody", "thead", "tfoot"}
)
_CELL = frozenset({"td", "th"})
# An element of the first kind ends one of the second kind that is still open.
_ENDS = {
    "p": {"p"},
    "li": {"li"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"td", "th", "tr"},
    "option": {"option"},
}
_ENDS |= {name: {"p"} for name in ("div", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "pre")}
_ENDS |= {"dt": {"dt", "dd"}, "dd": {"dt", "dd"}}
_ZERO = re.compile(r"0+(\.0*)?(px|pt|em|rem|%|vh|vw)?")
_LONG_REFERENCE = re.compile(r"&#\d{8,}")
# A picture of so few pixels shows nothing.
_UNSEEN = 2
_SPACES = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True)
class Token:
    """A piece of the source. `kind` is start, end, text, or other (comments and the like)."""

    kind: str
    name: str
    start: int
    end: int
    attributes: Mapping[str, str] = field(default_factory=dict)


# What stands in the place of a picture that does not lie in the mail, as HTML.
Foreign = Callable[[Token], str]


def tokens(html: str) -> Iterator[Token]:
    """The pieces of an HTML text in order, covering it whole; linear, whatever the text is."""
    position, length = 0, len(html)
    closed: dict[str, bool] = {}
    while position < length:
        markup = _MARKUP.search(html, position)
        if markup is None or markup.start() > position:
            end = markup.start() if markup else length
            yield Token("text", "", position, end)
        elif html.startswith("<!--", position):
            # A comment without end hides the rest: so do browsers.
            found = html.find("-->", position + 2) if closed.setdefault("-->", True) else -1
            closed["-->"] = found >= 0
            end = length if found < 0 else found + 3
            yield Token("other", "", position, end)
        elif html.startswith(("<!", "<?"), position):
            end = _after(html, ">", position)
            yield Token("other", "", position, end)
        else:
            token = _tag(html, position)
            yield token
            end = token.end
            if token.kind == "start" and token.name in _RAW:
                end = _end_of_raw(html, token, closed)
                if end > token.end:
                    yield Token("other", token.name, token.end, end)
        position = end


def visible_text(html: str) -> str:
    """What a reader sees of this HTML, as lines of text."""
    return _Text().read(html[:MAX_HTML])


def sanitised(html: str, foreign: Foreign | None = None) -> str:
    """The visible part of this HTML, harmless: no script, style, form or frame.

    Pictures of the mail itself (`cid:`) stay; of one from elsewhere only its words and its host are left, unless
    `foreign` says what stands in its place.
    """
    import nh3  # noqa: PLC0415  # a native library, for mails with HTML only

    return nh3.clean(
        _without_hidden(html[:MAX_HTML], foreign or in_words),
        tags=_ALLOWED,
        clean_content_tags={"script", "style", "title", "noscript", "template"},
        attributes=_ALLOWED_ATTRIBUTES,
        attribute_filter=_allowed_value,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
    )


_ALLOWED = {"a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del"}
_ALLOWED |= {"div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"}
_ALLOWED |= {"ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"}
_ALLOWED |= {"table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"}
_ALLOWED_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}


def _allowed_value(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.strip().lower().startswith("cid:") else None
    if attribute in ("colspan", "rowspan"):
        return value if value.isdecimal() and int(value[:4]) <= 50 and len(value) < 4 else None
    return value


def is_hidden(token: Token) -> bool:
    """Whether an element shows nothing of what it holds."""
    values = token.attributes
    return "hidden" in values or ("style" in values and _hides(values["style"]))


def is_foreign(token: Token) -> bool:
    """Whether this is a picture that does not lie in the mail itself."""
    return token.name == "img" and not token.attributes.get("src", "").strip().lower().startswith("cid:")


def is_unseen(token: Token) -> bool:
    """Whether a picture is so small that it can only be there to be fetched."""
    sizes = (token.attributes.get(name, "").strip().removesuffix("px") for name in ("width", "height"))
    return any(size.isdecimal() and len(size) < 4 and int(size) <= _UNSEEN for size in sizes)


def in_words(token: Token) -> str:
    """A picture from elsewhere as text, in HTML: what it shows, as its sender says, and on whose server it lies."""
    words = " ".join(token.attributes.get("alt", "").split())[:200]
    told = " · ".join(filter(None, (words, host_of(token.attributes.get("src", "")))))
    return f" [▧ {escape(told)}] " if told and not is_unseen(token) else ""


def host_of(address: str) -> str:
    """The host of an address; "" when it names none."""
    try:
        return (urlsplit(address.strip()[:2_000]).hostname or "")[:253]
    except ValueError:
        return ""


def _hides(style: str) -> bool:
    said = dict(_declarations(style[:2_000].lower()))
    return (
        said.get("display") == "none"
        or said.get("visibility") in ("hidden", "collapse")
        or said.get("mso-hide") == "all"
        or _is_zero(said.get("font-size"))
        or _is_zero(said.get("opacity"))
        or (_is_zero(said.get("max-height") or said.get("height")) and said.get("overflow") == "hidden")
    )


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in style.split(";")[:100]:
        name, _, value = declaration.partition(":")
        yield name.strip(), value.replace("!important", "").strip()


def _is_zero(value: str | None) -> bool:
    return value is not None and _ZERO.fullmatch(value) is not None


class _Openings:
    """Which elements are open, and whether one of them hides what it holds. An end tag costs what it closes."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, bool]] = []
        self._count: dict[str, int] = {}
        self._hiding = 0
        self._too_deep = 0

    @property
    def hidden(self) -> bool:
        return self._hiding > 0

    @property
    def preformatted(self) -> bool:
        return self._count.get("pre", 0) > 0

    def open(self, token: Token) -> bool:
        """Note a start tag; False when it lies deeper than anybody writes by hand or machine."""
        if token.name in _VOID:
            return True
        ended = _ENDS.get(token.name)
        while ended and self._stack and self._stack[-1][0] in ended:
            self._pop()
        if len(self._stack) >= _MAX_DEPTH:
            return False
        hiding = is_hidden(token)
        self._stack.append((token.name, hiding))
        self._count[token.name] = self._count.get(token.name, 0) + 1
        self._hiding += hiding
        return True

    def close(self, name: str) -> bool:
        """Note an end tag; False when there is nothing that it ends."""
        if not self._count.get(name):
            return False
        while self._pop() != name:
            pass
        return True

    def _pop(self) -> str:
        name, hiding = self._stack.pop()
        self._count[name] -= 1
        self._hiding -= hiding
        return name


class _Text:
    """Lays visible text out in lines: blocks stand on their own, cells beside each other, spaces fall together."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open = _Openings()
        self._breaks = 2
        self._space = False
        self._mark = ""

    def read(self, html: str) -> str:
        for token in tokens(html):
            if token.kind == "text":
                if not self._open.hidden:
                    self._words(_characters(html[token.start : token.end]))
            elif token.kind == "start":
                self._open.open(token)
                self._lay_out(token)
            elif token.kind == "end":
                self._lay_out(token)
                self._open.close(token.name)
        return "".join(self._out).strip()

    def _words(self, text: str) -> None:
        if self._open.preformatted:
            self._emit(text.replace("\r\n", "\n"))
            return
        words = _SPACES.sub(" ", text)
        if words.startswith(" "):
            self._space = True
        if inner := words.strip(" "):
            self._emit(inner)
            self._space = words.endswith(" ")

    def _emit(self, text: str) -> None:
        if self._space and not self._breaks:
            self._out.append(" ")
        self._space = False
        self._out.append(self._mark + text)
        self._mark = ""
        self._breaks = 0

    def _lay_out(self, token: Token) -> None:
        if self._open.hidden and token.kind == "start":
            return
        name, start = token.name, token.kind == "start"
        if name == "br":
            self._break(self._breaks + 1)
        elif name in _PARAGRAPH:
            self._break(2)
        elif name in _LINE:
            self._break(1)
            self._mark = "- " if name == "li" and start else ""
        elif name in _CELL and start:
            self._space = True
        elif name == "img" and start and not self._open.hidden:
            self._picture(token)

    def _picture(self, token: Token) -> None:
        words = " ".join(token.attributes.get("alt", "").split())[:200]
        if words:
            self._words(f" {words} ")

    def _break(self, wanted: int) -> None:
        if self._breaks < min(wanted, 3):
            self._out.append("\n" * (min(wanted, 3) - self._breaks))
            self._breaks = min(wanted, 3)
        self._space = False


def _without_hidden(html: str, foreign: Foreign) -> str:
    opened = _Openings()
    kept: list[str] = []
    for token in tokens(html):
        source = html[token.start : token.end]
        if token.kind == "start":
            if opened.open(token) and not opened.hidden:
                kept.append(foreign(token) if is_foreign(token) else source)
        elif token.kind == "end":
            was_hidden = opened.hidden
            if opened.close(token.name) and not was_hidden:
                kept.append(source)
        elif token.kind == "text" and not opened.hidden:
            kept.append(source)
    return "".join(kept)


def _tag(html: str, position: int) -> Token:
    closing = html.startswith("</", position)
    name = _NAME.match(html, position + 1 + closing)
    if name is None:
        return Token("other", "", position, position + 1)
    end = _end_of_tag(html, name.end())
    if closing:
        return Token("end", name[0].lower(), position, end)
    return Token("start", name[0].lower(), position, end, _attributes(html[name.end() : end]))


def _end_of_tag(html: str, position: int) -> int:
    """Behind the `>` that is in no quotes; a tag of absurd length ends at its first `>`, quoted or not."""
    start = position
    while position < min(len(html), start + _MAX_TAG):
        char = html[position]
        if char == ">":
            return position + 1
        if char in "\"'" and html[position - 1] in "= \t\n":
            end = html.find(char, position + 1, start + _MAX_TAG)
            if end < 0:
                break
            position = end
        position += 1
    return _after(html, ">", start)


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, match in enumerate(_ATTRIBUTE.finditer(source[:_MAX_TAG])):
        if number > 100:
            break
        found.setdefault(match[1].lower(), _characters(match[2] or match[3] or match[4] or ""))
    return found


def _characters(source: str) -> str:
    """References resolved; Python refuses to read a number of thousands of digits."""
    return unescape(_LONG_REFERENCE.sub("\ufffd", source))


def _end_of_raw(html: str, token: Token, closed: dict[str, bool]) -> int:
    """Where the content of a script and its like ends; once none is found, none is looked for again."""
    if not closed.setdefault(token.name, True):
        return len(html)
    found = re.compile(f"</{token.name}", re.IGNORECASE).search(html, token.end)
    closed[token.name] = found is not None
    return found.start() if found else len(html)


def _after(html: str, what: str, position: int) -> int:
    found = html.find(what, position)
    return len(html) if found < 0 else found + len(what)
