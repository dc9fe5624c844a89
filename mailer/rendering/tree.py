"""The templates as one looks for them: each once, with the languages that it exists in and what is built of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from mailer.errors import InputError
from mailer.rendering.catalog import FRAME, LIFECYCLE, Catalog, Template
from mailer.rendering.check import SHIPPED
from mailer.rendering.lifecycle import FOOTER, KIT, LAYOUT


@dataclass(frozen=True)
class Entry:
    """One template in all its languages; `key` is its path without language and suffix, `storefront` whose it is."""

    key: str
    storefront: str
    # Its file in each language; "" is the language of what has none.
    files: dict[str, str]
    kind: str = ""
    subject: str = ""
    # Keys of the blocks that it includes, and of the templates that include it.
    blocks: frozenset[str] = frozenset()
    used_by: tuple[str, ...] = ()
    broken: str = ""

    @property
    def place(self) -> str:
        """What it is: "replies", "lifecycle", "blocks" or "frame"."""
        root = self.key.split("/")[0]
        return root if root in ("replies", "lifecycle", "blocks") else "frame"

    @property
    def missing(self) -> tuple[str, ...]:
        """Our languages that it does not exist in."""
        return tuple(one for one in SHIPPED if one not in self.files) if self.place != "frame" else ()


def entries(catalog: Catalog) -> list[Entry]:
    """Every template of a catalog, by storefront and key."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in (*catalog.names(), *catalog.lifecycle(), *catalog.blocks(), *_html_blocks(catalog), *_around(catalog)):
        storefront, key, locale = split(name)
        found.setdefault((storefront, key), {})[locale] = name
    all_entries = [_entry(catalog, where, files) for where, files in sorted(found.items())]
    return [_with_users(one, all_entries) for one in all_entries]


def split(name: str) -> tuple[str, str, str]:
    """Storefront, key and language of a file: `storefronts/x/replies/a.de.md` is ("x", "replies/a", "de")."""
    parts = name.split("/")
    storefront, rest = (parts[1], "/".join(parts[2:])) if parts[0] == "storefronts" else ("main", name)
    if rest.startswith("words/"):
        return storefront, "words", PurePosixPath(rest).stem
    stem, _, _ = rest.rpartition(".")
    key, dot, locale = stem.rpartition(".")
    return (storefront, key, locale) if dot else (storefront, stem, "")


def says(catalog: Catalog, entry: Entry, words: str) -> bool:
    """Whether the template is called so, or says these words in any language."""
    wanted = words.casefold()
    if wanted in f"{entry.storefront}/{entry.key}".casefold():
        return True
    return any(wanted in text.casefold() for name in entry.files.values() for text in _texts(catalog, name))


def _texts(catalog: Catalog, name: str) -> Iterator[str]:
    if not name.endswith(".toml") and (template := _read(catalog, name)) is not None:
        yield from (template.subject, template.opening, template.body)


def _html_blocks(catalog: Catalog) -> Iterator[str]:
    return (name for name in catalog.every() if "blocks/" in name and name.endswith(".html"))


def _around(catalog: Catalog) -> Iterator[str]:
    return (name for name in catalog.every() if name.endswith(".toml") or name.rpartition("/")[2] in (KIT, LAYOUT))


def _entry(catalog: Catalog, where: tuple[str, str], files: dict[str, str]) -> Entry:
    storefront, key = where
    first = files.get("en") or next(iter(files.values()))
    if first.endswith(".toml"):
        return Entry(key, storefront, files)
    try:
        template = catalog.read(first)
        inner = frozenset(split(part.name)[1] for part in catalog.parts(template, storefront)) - {key}
    except InputError as error:
        return Entry(key, storefront, files, broken=str(error))
    kind = template.kind if key.startswith(("replies/", LIFECYCLE)) else ""
    return Entry(key, storefront, files, kind, template.subject, inner)


def _with_users(entry: Entry, others: list[Entry]) -> Entry:
    if entry.place != "blocks":
        return entry
    everywhere = {FOOTER: "lifecycle", FRAME: "replies"}.get(entry.key)
    users = tuple(one.key for one in others if entry.key in one.blocks or one.place == everywhere)
    return replace(entry, used_by=users)


def _read(catalog: Catalog, name: str) -> Template | None:
    try:
        return catalog.read(name)
    except InputError:
        return None
