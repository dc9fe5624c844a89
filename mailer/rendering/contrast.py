"""Can the words of a mail be read? Colour of letters against what lies behind them, in the light and the dark scheme.

The styles are those that css-inline wrote into the elements; the dark ones are the rules of the layout's
`@media (prefers-color-scheme: dark)`, whose selectors are tags and classes. WCAG 2.2, 1.4.3.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

LEAST, LEAST_LARGE = 4.5, 3.0
_LARGE, _LARGE_BOLD, _BOLD = 24.0, 18.66, 700
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_NAMED = {"white": "#ffffff", "black": "#000000", "red": "#ff0000", "gray": "#808080", "grey": "#808080"}
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)")
_VOID = frozenset({"br", "hr", "img", "meta", "col", "link", "input", "wbr"})
_UNSEEN = frozenset({"head", "style", "title", "script"})

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Faint:
    """Words that are hard to read: "light" or "dark", and how far the colours are from another."""

    scheme: str
    words: str
    ink: str
    ground: str
    ratio: float
    least: float


def faint(html: str) -> list[Faint]:
    """Words of this mail whose colours are too close, each pair of colours once for each scheme."""
    found: dict[tuple[str, str, str], Faint] = {}
    dark = _dark_rules(html)
    for scheme, rules in (("light", ()), *((("dark", dark),) if dark else ())):
        reader = _Reader(scheme, rules)
        reader.feed(html)
        reader.close()
        for one in reader.found:
            found.setdefault((scheme, one.ink, one.ground), one)
    return list(found.values())


def ratio(first: Colour, second: Colour) -> float:
    """How far two colours are from another: 1 is the same, 21 black on white."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    shares = [part / 255 for part in colour]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colour(text: str) -> Colour | None:
    """None for what we do not read, as `inherit`."""
    text = _NAMED.get(text.strip().lower(), text.strip().lower())
    if match := re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", text):
        text = "#" + "".join(part * 2 for part in match.groups())
    if match := re.fullmatch(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", text):
        return (int(match[1], 16), int(match[2], 16), int(match[3], 16))
    if match := _RGB.fullmatch(text):
        return (int(match[1]), int(match[2]), int(match[3]))
    return None


@dataclass(frozen=True)
class _Style:
    ink: str = "#000000"
    ground: str = "#ffffff"
    size: float = 16.0
    weight: int = 400
    hidden: bool = False

    def under(self, declared: Mapping[str, str]) -> "_Style":
        """What becomes of it within an element that says this."""
        ground = declared.get("background-color") or declared.get("background") or ""
        weight = declared.get("font-weight", "")
        size = re.fullmatch(r"([\d.]{1,6})px", declared.get("font-size", ""))
        return replace(
            self,
            ink=declared["color"] if _colour(declared.get("color", "")) else self.ink,
            ground=ground if _colour(ground) else self.ground,
            size=float(size[1]) if size else self.size,
            weight=int(weight) if weight.isdecimal() else _BOLD if weight == "bold" else self.weight,
            hidden=self.hidden or declared.get("display") == "none",
        )


class _Reader(HTMLParser):
    """Walks through a mail with the colours of the element that it stands in."""

    def __init__(self, scheme: str, rules: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().__init__()
        self._scheme, self._rules = scheme, rules
        self._stack: list[tuple[str, _Style]] = [("", _Style())]
        self.found: list[Faint] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        bold = {"font-weight": "700"} if tag in ("b", "strong", "h1", "h2", "h3") else {}
        declared = {**bold, **_declared(given.get("style", "")), **self._dark(tag, given.get("class", "").split())}
        style = self._stack[-1][1].under(declared)
        if given.get("aria-hidden") == "true" or tag in _UNSEEN:
            style = replace(style, hidden=True)
        if tag not in _VOID:
            self._stack.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        place = next((at for at in range(len(self._stack) - 1, 0, -1) if self._stack[at][0] == tag), 0)
        if place:
            del self._stack[place:]

    def handle_data(self, data: str) -> None:
        style = self._stack[-1][1]
        ink, ground = _colour(style.ink), _colour(style.ground)
        if style.hidden or not data.strip() or ink is None or ground is None:
            return
        large = style.size >= _LARGE or (style.size >= _LARGE_BOLD and style.weight >= _BOLD)
        least = LEAST_LARGE if large else LEAST
        if (far := ratio(ink, ground)) < least:
            words = " ".join(data.split())[:40]
            self.found.append(Faint(self._scheme, words, style.ink, style.ground, round(far, 1), least))

    def _dark(self, tag: str, classes: Sequence[str]) -> dict[str, str]:
        names = {tag, *(f".{one}" for one in classes)}
        return {key: value for selector, rule in self._rules if selector in names for key, value in rule.items()}


def _dark_rules(html: str) -> list[tuple[str, Mapping[str, str]]]:
    """Selector and declarations; all of them are `!important`, so the last one wins."""
    inner = "".join(_DARK.findall(html))
    return [
        (selector.strip(), _declared(rule)) for names, rule in _RULE.findall(inner) for selector in names.split(",")
    ]


def _declared(style: str) -> dict[str, str]:
    return dict(_pairs(style))


def _pairs(style: str) -> Iterator[tuple[str, str]]:
    for one in style.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            yield name.strip().lower(), value.replace("!important", "").strip()
