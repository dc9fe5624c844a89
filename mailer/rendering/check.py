"""Are the templates fit to be sent? Every mistake of every file at once, each with its line and what to do."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from mailer.errors import InputError
from mailer.rendering.attachment import attachment_mistakes
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.context import flatten
from mailer.rendering.environment import includes, reads
from mailer.rendering.fact import general
from mailer.rendering.front import line_of
from mailer.rendering.known import ALWAYS, FRAMED, KNOWN, OF_THE_KIT
from mailer.rendering.tone import lint
from mailer.rendering.trial import stumbles

# In which every mail of ours is to be had.
SHIPPED = ("en", "de", "zh", "fr", "es", "it", "nl", "ja")
_SPOKEN = ("opening", "before", "holding", "asks", "subject")
_LEFT_OVER = (
    (re.compile(r"\b(?:X{3,}|T[O]DO|FIXME|TBD|(?i:lorem ipsum))\b"), "what was to be written here is not"),
    (re.compile(r"\[[A-Z][A-Z _]{2,}\]|<[A-Z][A-Z _]+>|_{4,}"), "somebody was to fill this in"),
    (re.compile(r"(?<!\{)\{[a-z_. ]+\}(?!\})"), "a value stands between two braces, as in {{ order.number }}"),
)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SENTENCES = re.compile(r"[.!?](?=\s|$)|[。！？]")
_LONGEST_OPENING = 160


def check_templates(catalog: Catalog) -> list[str]:
    """What is wrong, one line each, with file, line and reason; empty when all is well."""
    if not catalog.directory.is_dir():
        return [f"{catalog.directory}: no such folder; `mailer init` writes one"]
    names, blocks = list(catalog.names()), list(catalog.blocks())
    problems = [] if names else [f"{catalog.directory}: there is no template"]
    for name in (*blocks, *names):
        try:
            problems += _check(catalog, catalog.read(name), whole=name in names)
        except InputError as error:
            problems += str(error).split("\n")
    return list(dict.fromkeys(problems))


def missing_locales(catalog: Catalog) -> list[str]:
    """The mails and blocks that exist in English and not in another of our languages; these are no mistakes."""
    files = {*catalog.names(), *catalog.blocks(), *catalog.lifecycle()}
    there = {(stem, locale) for stem, locale, _ in (name.rsplit(".", 2) for name in files)}
    keys = sorted(stem for stem, locale in there if locale == "en")
    absent = {locale: [key for key in keys if (key, locale) not in there] for locale in SHIPPED}
    return [
        f"not in {locale}, so such a mail goes out in another language: {', '.join(missing)}"
        for locale, missing in absent.items()
        if missing
    ]


def _check(catalog: Catalog, template: Template, *, whole: bool) -> list[str]:
    text = catalog.text(template.name)
    plain = without_jinja(text)
    served = catalog.published
    found = [*mistakes(catalog, template, text, whole=whole), *unfilled(plain), *sounds(plain, template.locale)]
    found += attachment_mistakes(text, template.name, template.locale, served.files, served.most_attached)
    if found or not whole:
        return [f"templates/{template.name}: line {line}: {words}" for line, words in sorted(found)]
    return [str(error) for error in stumbles(catalog, template)]


def mistakes(catalog: Catalog, template: Template, text: str, *, whole: bool) -> Iterator[tuple[int, str]]:
    """What is wrong with a reply or a block whatever it says, by line."""
    yield from strange_values(catalog, template, text)
    yield from missing_blocks(catalog, template, text)
    if whole and template.kind == "reply":
        yield from _opening(template, text)
        yield from _like_the_english(catalog, template, text)


def strange_values(catalog: Catalog, template: Template, text: str) -> Iterator[tuple[int, str]]:
    """Facts that do not exist, and facts that are read and not declared."""
    declared = {general(path) for path in (*flatten(template.needs), *flatten(template.optional))}
    for path in declared - KNOWN:
        yield line_of(path, text), f"{path} is no fact that a template may read{_meant(path)}"
    for path, line in _read_by(catalog, template, text).items():
        given = path in (*ALWAYS, *FRAMED) or path.split(".")[0] in OF_THE_KIT
        if given or any(f"{one}.".startswith(f"{path}.") for one in declared):
            continue
        known = any(f"{one}.".startswith(f"{path}.") for one in KNOWN)
        hint = "; give it a sample there" if known else _meant(path)
        yield line, f"{path} is read, but declared neither in [needs] nor in [optional]{hint}"


def _read_by(catalog: Catalog, template: Template, text: str) -> Mapping[str, int]:
    environment = catalog.environment()
    found = reads(environment, template.name, template.body)
    for key in _SPOKEN:
        if isinstance(words := getattr(template, key), str):
            found = {**dict.fromkeys(reads(environment, template.name, words), line_of(key, text)), **found}
    return found


def missing_blocks(catalog: Catalog, template: Template, text: str) -> Iterator[tuple[int, str]]:
    """Blocks that are not there, or speak another language; by line."""
    for name in includes(catalog.environment(), template.name, template.body):
        line = text.count("\n", 0, text.find(name)) + 1
        own = any(catalog.has(one) for one in _homes(template, name))
        if not own:
            yield line, f"there is no block {name}"
        elif not name.endswith(f".{template.locale}.md"):
            yield line, f"{name} is in another language; include the one that ends with .{template.locale}.md"


def _homes(template: Template, block: str) -> list[str]:
    """Where a block may lie: for a storefront's own mail, in its folder first."""
    shop = re.match(r"storefronts/[^/]+/", template.name)
    return [f"{shop[0]}{block}", block] if shop else [block]


def unfilled(plain: str) -> Iterator[tuple[int, str]]:
    """What was to be filled in, in the words of a template; by line."""
    for pattern, why in _LEFT_OVER:
        for match in pattern.finditer(plain):
            yield plain.count("\n", 0, match.start()) + 1, f'"{match[0]}" is left over: {why}'


def sounds(plain: str, locale: str) -> Iterator[tuple[int, str]]:
    """What sounds wrong in the words of a template; by line."""
    for one in lint(plain, locale):
        yield one.line, f'"{one.words}": {one.why} {one.better}'


def _opening(template: Template, text: str) -> Iterator[tuple[int, str]]:
    said = _JINJA.sub("", template.opening).strip()
    # With branches, each may be a sentence.
    most = 1 if said == template.opening.strip() else 3
    if not said:
        yield 1, 'front matter: opening is missing; one sentence of thanks or regret: opening = "Thank you ..."'
    elif len(said) > _LONGEST_OPENING or len(_SENTENCES.findall(said)) > most:
        yield line_of("opening", text), "the opening is one short sentence; what follows belongs to the answer below"


def _like_the_english(catalog: Catalog, template: Template, text: str) -> Iterator[tuple[int, str]]:
    """What a mail needs, and what it means for the agent, does not depend on its language."""
    name = f"{template.name.removesuffix(f'.{template.locale}.md')}.en.md"
    if template.locale == "en" or not catalog.has(name):
        return
    english = catalog.read(name)
    for key in ("before", "holding", "asks"):
        if getattr(template, key) != getattr(english, key):
            yield line_of(key, text), f"{key} is another than in {name}; copy it as it stands there"
    if set(flatten(template.needs)) != set(flatten(english.needs)):
        yield line_of("needs", text), f"[needs] holds other values than {name}; copy it as it stands there"


def without_jinja(text: str) -> str:
    """What customers will read, with every line where it was: no front matter but the opening, values as a digit."""
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines) if line.strip() == "+++"]
    for number in range(marks[1] + 1):
        key, _, words = lines[number].partition("=")
        lines[number] = words.strip().strip('"') if key.strip() in ("opening", "subject", "preheader") else ""
    return _JINJA.sub(_blanked, "\n".join(lines))


def _blanked(match: re.Match[str]) -> str:
    blank = re.sub(r"[^\n]", " ", match[0])
    return f"9{blank[1:]}" if match[0].startswith("{{") else blank


def _meant(path: str) -> str:
    close = get_close_matches(path, KNOWN, n=1)
    return f"; did you mean {close[0]}?" if close else "; ARCHITECTURE.md names where the facts come from"
