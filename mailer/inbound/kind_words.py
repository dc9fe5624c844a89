"""The words by which bounces and auto-replies are known, as kinds/*.toml holds them."""

import tomllib
from functools import cache
from importlib import resources


@cache
def phrases(file: str, key: str) -> tuple[str, ...]:
    """The phrases of one list, in lower case; read once."""
    return tuple(_lists(file)[key])


def says(text: str, file: str, key: str) -> bool:
    """Whether one of these phrases stands in a text, which is in lower case."""
    return any(phrase in text for phrase in phrases(file, key))


@cache
def _lists(file: str) -> dict[str, list[str]]:
    source = resources.files("mailer.inbound").joinpath("kinds", f"{file}.toml")
    lists: dict[str, list[str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    return lists
