"""The style sheet is readable in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from mailer.web.pages import STATIC

SHEET = (STATIC / "console.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in SHEET.split("@media", 2)[:2])


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "behind", "least"),
    [
        ("ink", "ground", 7),
        ("ink", "surface", 7),
        ("ink", "sunken", 7),
        ("ink-quiet", "ground", 4.5),
        ("ink-quiet", "surface", 4.5),
        ("ink-quiet", "sunken", 4.5),
        ("accent", "surface", 4.5),
        ("accent", "ground", 4.5),
        ("accent-ink", "accent", 4.5),
        ("ink", "accent-soft", 4.5),
        ("wait", "accent-soft", 4.5),
        ("wait", "surface", 4.5),
        ("wait", "wait-soft", 4.5),
        ("good", "surface", 4.5),
        ("good", "accent-soft", 4.5),
        ("bad", "surface", 4.5),
        ("stop-ink", "stop", 4.5),
        ("bad", "bad-soft", 4.5),
        ("bad", "accent-soft", 4.5),
        ("ink", "wait-soft", 4.5),
        ("line-strong", "surface", 3),
    ],
)
def test_words_and_borders_stand_out(tokens: dict[str, str], front: str, behind: str, least: float) -> None:
    assert contrast(tokens[front], tokens[behind]) >= least


def test_both_schemes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert len(LIGHT) > 10


def test_every_part_of_the_sheet_is_closed_where_the_next_begins() -> None:
    """Of two pages' parts that were joined, one easily loses its last brace, and the other with it."""
    parts = SHEET.split("\n/* ")
    assert [part.splitlines()[0] for part in parts if part.count("{") != part.count("}")] == []
