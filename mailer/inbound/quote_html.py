"""Quotes and signatures that HTML tells by its elements, said in the text that is made of it.

mark_quotes puts lines of marks round them before the text is made; quote.label reads the marks, with_marks turns
them into the `> ` that people know. A flat scan: how deeply elements are nested does not matter.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

_MAX_TAGS = 10_000
_LONGEST_TAG = 4_000
# Characters of attributes that are read; a mail of everyday has a tenth of it.
_MAX_ATTRIBUTES = 250_000
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(class|id|style|type|cite|data-smartmail)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE
)
_TAG = re.compile(r"<(?:(/?)(div|blockquote|section|hr|script|style|head|title)(?![a-z0-9:-])|(!--))", re.IGNORECASE)
# Elements whose text is no text of the mail.
_SILENT = ("script", "style", "head", "title")
_SKIPS = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in _SILENT} | {"!--": re.compile("-->")}

# Yahoo, Thunderbird, Proton, Zoho, Tuta. Gmail's gmail_quote is none: answers stand between its blockquotes.
_QUOTING = frozenset({"yahoo_quoted", "moz-forward-container", "protonmail_quote", "zmail_extra", "tutanota_quote"})
# Gmail, Thunderbird, Outlook on telephones and in the browser, Yahoo, Proton, Apple.
_SIGNING = frozenset(
    {"gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "signature", "ymail_android_signature"}
    | {"protonmail_signature_block", "applemailsignature"}
)
# Outlook in the browser, Hotmail, Outlook on telephones: all that follows is the quoted mail.
_RESTING = frozenset({"divrplyfwdmsg", "stopspelling", "mail-editor-reference-message-container"})


class Region(StrEnum):
    """What the HTML says of a line of text."""

    NONE = ""
    QUOTE = "quote"
    SIGNATURE = "signature"
    REST = "rest"


_OPEN = {region: f"⟦{region}⟧" for region in Region if region}
_CLOSE = {region: f"⟦/{region}⟧" for region in Region if region}
_MARKS = {mark: region for region, mark in _OPEN.items()}
_ENDS = {mark: region for region, mark in _CLOSE.items()}


def role_of(tag: str, attributes: Mapping[str, str]) -> Region:
    """What an element is: a quoted mail, a signature, or where the quoted rest of the mail begins.

    Names of attributes in lower case. Web mail puts `x_` before the ids and classes of others' HTML.
    """
    names = {
        name.removeprefix("x_").lower() for key in ("class", "id") for name in attributes.get(key, "")[:500].split()
    }
    style = "".join(attributes.get("style", "")[:1000].lower().split())
    if names & _RESTING or _is_outlook_head(tag, style):
        return Region.REST
    if tag == "blockquote":
        return Region.NONE if _is_indented(attributes, names, style) else Region.QUOTE
    if tag in ("div", "section"):
        if names & _QUOTING or _is_ruled_left(style):
            return Region.QUOTE
        if names & _SIGNING or attributes.get("data-smartmail", "") == "gmail_signature":
            return Region.SIGNATURE
    return Region.NONE


def _is_indented(attributes: Mapping[str, str], names: set[str], style: str) -> bool:
    # Editors indent a writer's own paragraph with a blockquote that draws no line.
    quoting = attributes.get("type", "").lower() == "cite" or "cite" in attributes or "gmail_quote" in names
    return not quoting and "border:none" in style and "border-left" not in style


def _is_ruled_left(style: str) -> bool:
    left = style.partition("border-left:")[2].partition(";")[0]
    return bool(left) and not any(word in left for word in ("none", "transparent")) and left not in ("0", "0px")


def _is_outlook_head(tag: str, style: str) -> bool:
    top = style.partition("border-top:")[2].partition(";")[0]
    drawn = "solid" in top and any(colour in top for colour in ("#e1e1e1", "#b5c4df", "rgb(225,225,225)"))
    return tag == "div" and drawn and "border:none" in style


def mark_quotes(html: str) -> str:
    """The HTML with marks round quoted mails and signatures, each in a line of its own when text is made of it."""
    html = html.replace("⟦", "[").replace("⟧", "]")
    scan = _Scan(html)
    scan.run()
    return scan.marked()


class _Scan:
    """One pass over the tags that matter. A region inside another of its kind is not told again."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._pieces: list[str] = []
        self._copied = 0
        self._open: list[tuple[str, Region]] = []
        self._counts: dict[str, int] = {}
        self._inside: Region = Region.NONE
        self._unclosed: set[str] = set()
        self._left = _MAX_ATTRIBUTES

    def run(self) -> None:
        """Until the end, or until more tags came than any mail has: what is open then stays so."""
        at = 0
        for _ in range(_MAX_TAGS):
            found = _TAG.search(self._html, at)
            if found is None:
                return
            at = self._meet(found)

    def marked(self) -> str:
        """The HTML as it was, and the marks."""
        closing = _block(_CLOSE[self._inside]) if self._inside else ""
        return "".join([*self._pieces, self._html[self._copied :], closing])

    def _meet(self, found: re.Match[str]) -> int:
        if found[3]:
            return self._skip("!--", found.end())
        tag = found[2].lower()
        if tag in _SILENT:
            return found.end() if found[1] else self._skip(tag, found.end())
        end = self._html.find(">", found.end(), found.end() + _LONGEST_TAG)
        if end < 0:
            return found.end()
        if found[1]:
            self._close(tag, found.start())
        else:
            self._begin(tag, self._html[found.end() : end], found.start(), end + 1)
        return end + 1

    def _skip(self, end: str, at: int) -> int:
        # Looked for once in vain, an end is never looked for again: the scan stays linear.
        if end in self._unclosed:
            return at
        found = _SKIPS[end].search(self._html, at)
        if found is None:
            self._unclosed.add(end)
            return at
        return found.end()

    def _begin(self, tag: str, attributes: str, start: int, end: int) -> None:
        region = Region.NONE if self._inside else self._role(tag, attributes)
        if region is Region.REST:
            self._tell(_OPEN[region], start)
        elif region:
            self._inside = region
            self._tell(_OPEN[region], end)
        if tag != "hr":
            self._open.append((tag, region))
            self._counts[tag] = self._counts.get(tag, 0) + 1

    def _role(self, tag: str, attributes: str) -> Region:
        self._left -= len(attributes)
        return role_of(tag, _attributes(attributes) if self._left > 0 else {})

    def _close(self, tag: str, start: int) -> None:
        if not self._counts.get(tag):
            return
        while self._open:
            opened, region = self._open.pop()
            self._counts[opened] -= 1
            if region and region is self._inside:
                self._inside = Region.NONE
                self._tell(_CLOSE[region], start)
            if opened == tag:
                return

    def _tell(self, mark: str, at: int) -> None:
        self._pieces += [self._html[self._copied : at], _block(mark)]
        self._copied = at


def _block(mark: str) -> str:
    return f"<div>{mark}</div>"


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(text)}


def unmark(text: str) -> tuple[list[str], list[Region]]:
    """The lines without those of marks, and what the marks say of each."""
    lines: list[str] = []
    regions: list[Region] = []
    inside = Region.NONE
    for line in text.split("\n"):
        mark = line.strip() if "⟦" in line else ""
        if mark in _MARKS:
            inside = inside if inside is Region.REST else _MARKS[mark]
        elif mark in _ENDS:
            inside = inside if inside is Region.REST else Region.NONE
        else:
            lines.append(line)
            regions.append(inside)
    return lines, regions


def with_marks(text: str) -> str:
    """The text with `> ` before each quoted line and `-- ` above a signature, as plain text has it."""
    told: list[str] = []
    before = Region.NONE
    for line, region in zip(*unmark(text), strict=True):
        if region is Region.SIGNATURE and before is not region and line.strip() not in ("", "--"):
            told.append("-- ")
        told.append(f"> {line}" if region in (Region.QUOTE, Region.REST) else line)
        before = region if line.strip() else before
    return "\n".join(told)
