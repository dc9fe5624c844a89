"""Everything that can be said against one template as it stands, in one list: for whoever writes it.

A mistake keeps it from being published; a warning asks whoever publishes. What is checked is what `mailer templates
check` checks, and what mail programs and readers mind beside it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailer.errors import InputError
from mailer.rendering import check, check_lifecycle
from mailer.rendering.attachment import LIGHT, attachment_mistakes, weight
from mailer.rendering.catalog import LIFECYCLE, Catalog, Template
from mailer.rendering.context import flatten
from mailer.rendering.contrast import faint
from mailer.rendering.fact import general
from mailer.rendering.front import line_of
from mailer.rendering.lifecycle import LifecycleTrial, render_lifecycle
from mailer.rendering.markup import markup_mistakes
from mailer.rendering.picture import picture_mistakes
from mailer.rendering.trial import stumbles

LONGEST_SUBJECT, LONGEST_PREHEADER, SHORTEST_PREHEADER = 70, 110, 10
_LINE = re.compile(r"(?:front matter: )?(?:line (\d+): )?(.*?)(?: \(at line (\d+), column \d+\))?", re.DOTALL)
_QUOTED = re.compile(r'"([^"]{2,80})": ')


@dataclass(frozen=True)
class Remark:
    """What is wrong, where, and what to do. Line 0 is the whole mail; `file` is another one where it stands there."""

    line: int
    words: str
    is_mistake: bool = True
    file: str = ""

    @property
    def told(self) -> str:
        """In one line."""
        words = f"line {self.line}: {self.words}" if self.line else self.words
        return f"templates/{self.file}: {words}" if self.file else words


def examine(catalog: Catalog, name: str, text: str, never_told: Mapping[str, str] | None = None) -> list[Remark]:
    """All remarks on this template, whose text the catalog gives, mistakes first.

    `never_told` are facts that no flow which sends it can know, each with the reason.
    """
    try:
        if name.endswith(".toml"):
            return list(_of_words(catalog, PurePosixPath(name).stem))
        template = catalog.read(name)
        found = [*_by_line(catalog, template, text), *_unknowable(template, text, never_told or {})]
        found += [] if any(one.is_mistake for one in found) else _filled(catalog, template, text)
    except InputError as error:
        return remarks_of(error, name, text)
    found += [Remark(0, words, is_mistake=False) for words in missing_languages(catalog, name)]
    return sorted(dict.fromkeys(found), key=lambda one: (not one.is_mistake, one.line == 0, one.line))


def _of_words(catalog: Catalog, locale: str) -> Iterator[Remark]:
    """What a language lacks of the words of the kit."""
    lacking = catalog.words("en")[1].keys() - catalog.words(locale)[1].keys()
    if lacking:
        yield Remark(0, f"there is no {', '.join(sorted(lacking))}; words/en.toml has all of them")


def remarks_of(error: InputError, name: str, text: str = "") -> list[Remark]:
    """The mistakes that an error names, each with its line in this template."""
    return list(_read((f"{error.source}: {problem}" for problem in error.problems), name, text))


def missing_languages(catalog: Catalog, name: str) -> Iterator[str]:
    """In which of our languages this mail does not exist."""
    if name.count(".") < 2:
        return
    stem, _, suffix = name.rsplit(".", 2)
    lacking = [one for one in check.SHIPPED if not catalog.has(f"{stem}.{one}.{suffix}")]
    if lacking and len(lacking) < len(check.SHIPPED):
        yield f"there is none in {', '.join(lacking)}: customers who speak that get it in another language"


def _by_line(catalog: Catalog, template: Template, text: str) -> Iterator[Remark]:
    is_html, is_block = template.name.endswith(".html"), "blocks/" in template.name
    wrong: Iterable[tuple[int, str]]
    if is_html and LIFECYCLE in template.name:
        wrong = check_lifecycle.mistakes(catalog, template, text)
    elif is_html and not is_block:
        # The kit and the layout are filled with what others declare; that their Jinja reads is all we can tell.
        catalog.parts(template)
        wrong = ()
    else:
        wrong = check.mistakes(catalog, template, text, whole=not is_block)
    about, served = (text, template.name, template.locale), catalog.published
    pictured = picture_mistakes(*about, served.images)
    enclosed = attachment_mistakes(*about, served.files, served.most_attached)
    plain = check_lifecycle.without_tags(text) if is_html else check.without_jinja(text)
    for line, words in (*wrong, *check.unfilled(plain), *markup_mistakes(text), *pictured, *enclosed):
        yield Remark(line, words)
    if is_html and (size := weight(text, served.files)) > LIGHT:
        words = f"each of these mails carries {size} bytes of files; a link is lighter and mailboxes fill more slowly"
        yield Remark(0, words, is_mistake=False)
    for line, words in check.sounds(plain, template.locale):
        yield Remark(line, words, is_mistake=False)


def _unknowable(template: Template, text: str, never_told: Mapping[str, str]) -> Iterator[Remark]:
    needed = flatten(template.needs)
    for path in {**needed, **flatten(template.optional)}:
        if why := never_told.get(general(path)):
            yield Remark(line_of(path, text), f"{path} is never known here: {why}", is_mistake=path in needed)


def _filled(catalog: Catalog, template: Template, text: str) -> list[Remark]:
    """What only filling it with many facts brings out."""
    if LIFECYCLE in template.name and template.name.endswith(".html"):
        found = list(_read(check_lifecycle.tried(catalog, template), template.name, text))
        return found or list(_seen(catalog, template, text))
    if template.name.endswith(".md") and "blocks/" not in template.name:
        return [one for error in stumbles(catalog, template) for one in _read([str(error)], template.name, text)]
    return []


def _seen(catalog: Catalog, template: Template, text: str) -> Iterator[Remark]:
    """How the whole mail looks: its heads and its colours."""
    trial = LifecycleTrial(catalog, template)
    storefront = template.name.split("/")[1] if template.name.startswith("storefronts/") else "main"
    key = PurePosixPath(template.name).name.split(".")[0]
    mail = render_lifecycle(catalog, key, trial.declared, {}, locales=[template.locale], storefront=storefront)
    yield from head_remarks(mail.subject, mail.preheader, text)
    for one in faint(mail.html):
        far = f"{one.ink} on {one.ground} is {one.ratio} : 1, and {one.least} is the least"
        words = f'"{one.words}" is hard to read in the {one.scheme} scheme: {far}'
        yield Remark(_line_saying(one.words, text), words, is_mistake=False)


def head_remarks(subject: str, preheader: str, text: str) -> Iterator[Remark]:
    """Whether lists of mails can show subject and preheader."""
    if len(subject) > LONGEST_SUBJECT:
        words = f"the subject has {len(subject)} characters; lists of mails show about {LONGEST_SUBJECT}, phones 40"
        yield Remark(line_of("subject", text), words, is_mistake=False)
    if len(preheader) > LONGEST_PREHEADER:
        words = f"the preheader has {len(preheader)} characters; lists show at most {LONGEST_PREHEADER}"
        yield Remark(line_of("preheader", text), words, is_mistake=False)
    elif len(preheader) < SHORTEST_PREHEADER:
        words = "the preheader is short: lists fill the line with whatever the mail says next"
        yield Remark(line_of("preheader", text), words, is_mistake=False)
    if preheader and preheader == subject:
        words = "the preheader repeats the subject; it is the second line that people read"
        yield Remark(line_of("preheader", text), words, is_mistake=False)


def _read(problems: Iterable[str], name: str = "", text: str = "") -> Iterator[Remark]:
    """From `templates/x.en.md: line 7: words`, as errors and checks say it."""
    for problem in problems:
        file, _, said = problem.removeprefix("templates/").partition(": ")
        match = _LINE.fullmatch(said)
        line = int((match and (match[1] or match[3])) or 0)
        words = match[2] if match else said
        elsewhere = file if file != name else ""
        yield Remark(line or (0 if elsewhere else _line_quoted(words, text)), words, file=elsewhere)


def _line_quoted(words: str, text: str) -> int:
    """Where the words stand that a remark begins with; 0 when they are only in the filled mail."""
    quoted = _QUOTED.match(words)
    return _line_saying(quoted[1], text) if quoted else 0


def _line_saying(words: str, text: str) -> int:
    place = text.find(words)
    return text.count("\n", 0, place) + 1 if place >= 0 else 0
