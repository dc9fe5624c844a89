"""The plain text of a mail, made from the HTML that our templates write: the same words, with links written out.

Not for HTML of strangers. What is `aria-hidden` is decoration and left out, `aria-label` is read instead of what is
drawn, pictures are left out since their words stand beside them.
"""

import re
from html import unescape

# Our templates' HTML as css-inline writes it: attributes in double quotes.
_TOKEN = re.compile(
    r"<!--.*?-->|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?P<rest>(?:\"[^\"]*\"|[^\">])*)>|[^<]+|<", re.DOTALL
)
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "ul", "ol", "table", "hr"})
_LINES = frozenset({"tr", "div", "br", "li"})
_VOID = frozenset({"br", "hr", "img", "meta", "col"})
_SILENT = frozenset({"head", "style", "title", "script"})


def to_text(html: str) -> str:
    """Text of this HTML, tidy, without a line break at its end."""
    reader = _Reader()
    for token in _TOKEN.finditer(html):
        tag = (token["tag"] or "").lower()
        if not tag:
            reader.words("" if token[0].startswith("<!--") else unescape(token[0]))
        elif token["end"]:
            reader.end(tag)
        else:
            reader.start(tag, {name: unescape(value) for name, value in _ATTRIBUTE.findall(token["rest"])})
    return reader.text()


class _Reader:
    def __init__(self) -> None:
        self._lines = [""]
        # The elements that we stand in and nobody is to read.
        self._unread: list[str] = []
        self._links: list[tuple[str, bool, int]] = []

    def text(self) -> str:
        lines = [" ".join(line.split()) for line in self._lines]
        kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
        return "\n".join(kept).strip("\n")

    def start(self, tag: str, given: dict[str, str]) -> None:
        if self._unread or tag in _SILENT or given.get("aria-hidden") == "true":
            self._unread += [tag] if tag not in _VOID else []
            return
        self._break(tag)
        if tag == "li":
            self._lines[-1] = "- "
        elif tag == "td":
            self._lines += [""] if self._lines[-1].rstrip().endswith(">") else []
            self._lines[-1] += " "
        elif tag == "a" and given.get("href"):
            self._links.append((given["href"], "button" in given.get("class", ""), len(self._lines)))
        if label := given.get("aria-label"):
            self._lines[-1] += label
            self._unread.append(tag)

    def end(self, tag: str) -> None:
        if self._unread:
            if self._unread[-1] == tag:
                self._unread.pop()
            if self._unread or tag != "a":
                return
        if tag == "a" and self._links:
            self._write_link(*self._links.pop())
        self._break(tag)

    def words(self, data: str) -> None:
        if not self._unread:
            self._lines[-1] += data.replace("\n", " ")

    def _write_link(self, href: str, button: bool, since: int) -> None:
        words = " ".join(self._lines[since - 1 :]).split()
        if words[-1:] == [href]:
            self._lines[-1] = self._lines[-1].rstrip().removesuffix(href) + f"<{href}>"
        elif button:
            self._lines.append(f"<{href}>")
        else:
            self._lines[-1] = f"{self._lines[-1].rstrip()} <{href}>"

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._lines += ["", ""]
        elif tag in _LINES and (tag == "br" or self._lines[-1].strip()):
            self._lines.append("")
