"""May a mail of a flow say that? What the law and the rules of reviews ask of it, in words (PROVIDERS, 4, 5.4 and 7).

The words stand in `policy_words/LL.toml`, whose English file says which rule each list belongs to.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from mailer.rendering.tone import pattern

_FOLDER = Path(__file__).parent / "policy_words"
# Facts that pay for something.
_PAYS = ("coupon.", "offers.", "compensation.")
_STARS = tuple(f"links.review_{number}" for number in range(1, 6))
_DELAY = "delay_notice"
_WORDS_OF_DELAY = {
    "cancel": "that the order can be cancelled",
    "refund": "that all of the money is refunded then",
    "no_date": "that there is no new date yet",
    "reason": "the reason",
}


@dataclass(frozen=True)
class Told:
    """A mail as its readers see it: with all that may be known, and with as little."""

    key: str
    locale: str
    kind: str
    # All subjects and preheaders that its states make.
    heads: tuple[str, ...]
    text: str
    barely: str
    html: str
    declared: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class _Words:
    incentive: re.Pattern[str] | None
    gating: re.Pattern[str] | None
    commercial: re.Pattern[str] | None
    delay: Mapping[str, re.Pattern[str] | None]


def languages() -> list[str]:
    """The languages whose words are known; a mail in another one is checked less."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def breaches(told: Told) -> Iterator[str]:
    """What this mail may not say or does not say, one line each with what to do."""
    words = _words(told.locale.split("-")[0])
    if told.kind == "transactional":
        yield from _sells(told, words)
    if told.kind == "feedback":
        yield from _paid_or_gated(told, words)
    if told.key == _DELAY:
        yield from _delay(told, words)


def _sells(told: Told, words: _Words | None) -> Iterator[str]:
    found = next((match for head in told.heads if words and (match := _find(words.commercial, head))), None)
    if found:
        yield f'"{found}": the subject of a mail about an order sells nothing; say what happened to the order'


def no_way_out(kind: str, declared: Collection[str]) -> Iterator[str]:
    """What mails of feedback and marketing lack without which they are not sent at all."""
    if kind == "transactional":
        return
    if "links.unsubscribe" not in declared:
        yield "it reads no links.unsubscribe: mails of feedback and marketing end with a way out (blocks/footer)"
    if "shop.postal_address" not in declared:
        yield "it reads no shop.postal_address: mails of feedback and marketing name the shop's address"


def _paid_or_gated(told: Told, words: _Words | None) -> Iterator[str]:
    for path in sorted(told.declared):
        if path.startswith(_PAYS):
            yield f"it reads {path}: who is asked for an opinion is offered nothing for it"
    if 0 < len(told.declared & {*_STARS}) < len(_STARS):
        yield "it reads some of links.review_1 to links.review_5 only: every rating gets the same way"
    for all_words in (*told.heads, told.text) if words else ():
        if found := _find(words.incentive, all_words) if words else "":
            yield f'"{found}": who is asked for an opinion is offered nothing for it; leave it out'
        if found := _find(words.gating, all_words) if words else "":
            yield f'"{found}": it asks for praise, or only some customers; ask everybody the same'


def _delay(told: Told, words: _Words | None) -> Iterator[str]:
    for path in ("delay.expected_on", "delay.kind", "links.cancel", "links.wait"):
        if path not in told.declared:
            yield f"it reads no {path}: a notice of delay tells the date, the reason and the choice (16 CFR 435.2)"
    for name, what in _WORDS_OF_DELAY.items() if words else ():
        text = told.barely if name in ("no_date", "reason") else told.text
        if words and not _find(words.delay[name], text):
            yield f"it does not say {what} in words of policy_words/{told.locale.split('-')[0]}.toml (16 CFR 435.2)"


def _find(phrases: re.Pattern[str] | None, text: str) -> str:
    found = phrases.search(text) if phrases else None
    return " ".join(found[0].split()) if found else ""


@lru_cache
def _words(language: str) -> _Words | None:
    path = _FOLDER / f"{language}.toml"
    if not path.is_file():
        return None
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return _Words(
        incentive=pattern(told.get("incentive", ())),
        gating=pattern(told.get("gating", ())),
        commercial=pattern(told.get("commercial", ())),
        delay={name: pattern(told.get("delay", {}).get(name, ())) for name in _WORDS_OF_DELAY},
    )
