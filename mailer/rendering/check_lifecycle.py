"""Are the mails of flows fit to be sent? What is asked of replies, what mail programs need, and what the law asks."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from html.parser import HTMLParser
from pathlib import PurePosixPath

from mailer.errors import InputError
from mailer.rendering.attachment import attachment_mistakes
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.check import missing_blocks, sounds, strange_values, unfilled, without_jinja
from mailer.rendering.context import flatten
from mailer.rendering.fact import general
from mailer.rendering.front import line_of
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import KIT, NEED_A_WAY_OUT, LifecycleMail, LifecycleTrial, render_lifecycle
from mailer.rendering.policy import Told, breaches, no_way_out
from mailer.rendering.trial import tries

_KINDS = ("transactional", *NEED_A_WAY_OUT)
_MACRO, _CALL = re.compile(r"\{% macro (\w+)"), re.compile(r"\bkit\.(\w+)\(")
_TAG = re.compile(r"<[^<>]*>")
# So many lines of an order are shown; a mail with all of them is not to be clipped.
_MANY_ITEMS = 60


def check_lifecycle(catalog: Catalog) -> list[str]:
    """What is wrong, one line each, with file, line and reason; empty when all is well."""
    problems = list(_words_of_kit(catalog))
    for name in catalog.lifecycle():
        try:
            problems += _check(catalog, catalog.read(name))
        except InputError as error:
            problems += str(error).split("\n")
    return list(dict.fromkeys(problems))


def _check(catalog: Catalog, template: Template) -> list[str]:
    text = catalog.text(template.name)
    plain = without_tags(text)
    served = catalog.published
    found = [*mistakes(catalog, template, text), *unfilled(plain), *sounds(plain, template.locale)]
    found += attachment_mistakes(text, template.name, template.locale, served.files, served.most_attached)
    if found:
        return [f"templates/{template.name}: line {line}: {words}" for line, words in sorted(found)]
    return tried(catalog, template)


def mistakes(catalog: Catalog, template: Template, text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the mail of a flow whatever it says, by line."""
    yield from _front(template, text)
    yield from strange_values(catalog, template, text)
    yield from missing_blocks(catalog, template, text)
    yield from _no_piece(catalog, text)
    yield from _like_the_english(catalog, template, text)


def _front(template: Template, text: str) -> Iterator[tuple[int, str]]:
    if template.kind not in _KINDS:
        yield line_of("kind", text), f'front matter: kind is one of {", ".join(_KINDS)}: kind = "transactional"'
    for key, example in (("subject", "Your parcel is on its way"), ("preheader", "Expected tomorrow")):
        if not getattr(template, key):
            yield 1, f'front matter: {key} is missing: {key} = "{example}"'


def _no_piece(catalog: Catalog, text: str) -> Iterator[tuple[int, str]]:
    """Pieces that the kit does not have."""
    macros = set(_MACRO.findall(catalog.read(KIT).body))
    for match in _CALL.finditer(text):
        if match[1] not in macros:
            close = get_close_matches(match[1], macros, n=1)
            hint = f"did you mean kit.{close[0]}?" if close else f"it has {', '.join(sorted(macros))}"
            yield text.count("\n", 0, match.start()) + 1, f"kit.html has no {match[1]}; {hint}"


def _like_the_english(catalog: Catalog, template: Template, text: str) -> Iterator[tuple[int, str]]:
    """What a mail needs, and what it is, does not depend on its language."""
    name = f"{template.name.removesuffix(f'.{template.locale}.html')}.en.html"
    if template.locale == "en" or not catalog.has(name):
        return
    english = catalog.read(name)
    for key in ("kind", "sender"):
        if getattr(template, key) != getattr(english, key):
            yield line_of(key, text), f"{key} is another than in {name}; copy it as it stands there"
    for table in ("needs", "optional"):
        if set(flatten(getattr(template, table))) != set(flatten(getattr(english, table))):
            yield line_of(table, text), f"[{table}] holds other values than {name}; copy it as it stands there"


def _words_of_kit(catalog: Catalog) -> Iterator[str]:
    """Each language has all words of the kit."""
    try:
        english = catalog.words("en")[1]
    except InputError as error:
        yield str(error)
        return
    for locale in sorted({PurePosixPath(name).name.split(".")[-2] for name in catalog.lifecycle()}):
        try:
            name, words = catalog.words(locale)
        except InputError as error:
            yield str(error)
            continue
        if missing := english.keys() - words.keys():
            yield f"templates/{name}: there is no {', '.join(sorted(missing))}; words/en.toml has all of them"


def tried(catalog: Catalog, template: Template) -> list[str]:
    """The mistakes that only some facts bring out, and those of the whole mail."""
    trial = LifecycleTrial(catalog, template)
    where = f"templates/{template.name}: "
    if lacking := list(no_way_out(template.kind, {general(path) for path in trial.declared})):
        return [f"{where}{one}" for one in lacking]
    found: dict[str, None] = {}
    heads: dict[str, None] = {}
    for facts in tries(trial.declared, trial.needed):
        try:
            heads.update(dict.fromkeys(trial.heads(facts)))
        except InputError as error:
            found[str(error)] = None
    if found:
        return list(found)
    mails = [_mail(catalog, template, facts) for facts in (trial.declared, _least(trial))]
    full, least = mails
    told = Told(
        key=PurePosixPath(template.name).name.split(".")[0],
        locale=template.locale,
        kind=template.kind,
        heads=tuple(heads),
        text=full.text,
        barely=least.text,
        html=full.html,
        declared=frozenset(full.paths),
    )
    problems = [
        *breaches(told),
        *(one for mail in mails for one in broken_html(mail.html)),
        *_too_large(catalog, template, trial),
    ]
    return [f"{where}{one}" for one in dict.fromkeys(problems)]


def _least(trial: LifecycleTrial) -> dict[str, object]:
    ways_out = {path: SAMPLES[path] for path in ("links.unsubscribe", "shop.name")}
    return {path: value for path, value in trial.declared.items() if path in trial.needed} | ways_out


def _too_large(catalog: Catalog, template: Template, trial: LifecycleTrial) -> list[str]:
    """With an order of many items it is not clipped."""
    many = {
        path.replace(".0.", f".{number}."): "A very long name of an item " * 5 if path.endswith("title") else value
        for path, value in trial.declared.items()
        for number in range(_MANY_ITEMS if ".0." in path else 1)
    }
    try:
        _mail(catalog, template, many)
    except InputError as error:
        return [str(error).partition(": ")[2]]
    return []


def _mail(catalog: Catalog, template: Template, facts: Mapping[str, object]) -> LifecycleMail:
    storefront = template.name.split("/")[1] if template.name.startswith("storefronts/") else "main"
    key = PurePosixPath(template.name).name.split(".")[0]
    return render_lifecycle(catalog, key, facts, {}, locales=[template.locale], storefront=storefront)


def without_tags(text: str) -> str:
    """The words of a template, each on its line."""
    return _TAG.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), without_jinja(text))


def broken_html(html: str) -> list[str]:
    """Links without words or aim, pictures without words."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.problems


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self._link: str | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and not given.get("alt"):
            self.problems.append(f'the picture {given.get("src")} has no words: alt="..."')
        if tag == "a" and given.get("aria-hidden") != "true":
            self._link, self._words = given.get("href") or "", given.get("aria-label") or ""
            if not self._link:
                self.problems.append("a link leads nowhere: its href is empty")

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            if not self._words.strip():
                self.problems.append(f"the link to {self._link} has no words to click on")
            self._link = None
