"""The words by which mail programs quote and sign, of all languages together: threads mix them."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

# What a header block of a quoted mail is made of.
ROLES = ("from", "date", "to", "subject", "other")

Phrases = tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """Phrases in lower case, as words/*.toml holds them."""

    opens: frozenset[str]
    wrote: Phrases
    mine: Phrases
    fields: dict[str, str]
    between_dashes: frozenset[str]
    alone: frozenset[str]
    reply_above: Phrases
    from_my: Phrases
    from_a: Phrases
    behind: Phrases
    around: tuple[tuple[str, str], ...]
    devices: Phrases
    closings: frozenset[str]
    weak_closings: frozenset[str]
    phones: frozenset[str]
    legal_begins: Phrases
    legal_says: Phrases
    legal_alone: Phrases


@cache
def words() -> Words:
    """The shipped words, read once."""
    files = sorted(resources.files("mailer.inbound").joinpath("words").iterdir(), key=lambda one: one.name)
    return merge([tomllib.loads(one.read_text(encoding="utf-8")) for one in files if one.name.endswith(".toml")])


def merge(languages: Iterable[dict[str, Any]]) -> Words:
    """Several languages as one."""
    known = list(languages)

    def gather(table: str, key: str) -> Phrases:
        found = (phrase for language in known for phrase in language.get(table, {}).get(key, []))
        return tuple(dict.fromkeys(found))

    around = (pair for language in known for pair in language["signature"].get("around", []))
    return Words(
        opens=frozenset(gather("attribution", "opens")),
        wrote=gather("attribution", "wrote"),
        mine=gather("attribution", "mine"),
        fields={name: role for role in reversed(ROLES) for name in gather("fields", role)},
        between_dashes=frozenset(gather("lines", "between_dashes")),
        alone=frozenset(gather("lines", "alone")),
        reply_above=gather("lines", "reply_above"),
        from_my=gather("signature", "from_my"),
        from_a=gather("signature", "from_a"),
        behind=gather("signature", "behind"),
        around=tuple((begin, end) for begin, end in around),
        devices=gather("signature", "devices"),
        closings=frozenset(gather("signature", "closings")),
        weak_closings=frozenset(gather("signature", "weak_closings")),
        phones=frozenset(gather("signature", "phones")),
        legal_begins=gather("disclaimer", "begins"),
        legal_says=gather("disclaimer", "says"),
        legal_alone=gather("disclaimer", "alone"),
    )
