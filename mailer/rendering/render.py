"""Templates and facts become the text of a reply, and that text becomes HTML."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

from mailer.errors import InputError
from mailer.rendering import attachment
from mailer.rendering.attachment import Attachment
from mailer.rendering.blank import Blank
from mailer.rendering.catalog import FRAME, Catalog, chain
from mailer.rendering.marked import Mark, read
from mailer.rendering.page import Page
from mailer.rendering.picture import Picture, drawn
from mailer.rendering.where import where_to_add


@dataclass(frozen=True)
class Rendered:
    """The text of a reply, what it was made from, and what the agent is to know of it."""

    text: str
    locale: str
    # The customer's language, when there were no words in it.
    wanted_locale: str | None
    # Each file that it was made from, with the SHA-256 of its bytes.
    made_from: dict[str, str]
    template: str
    before: str = ""
    holding: bool = False
    asks: bool = False
    # What its templates may read: `parcels.*.state`.
    paths: tuple[str, ...] = ()
    # The needed facts that are not known: blanks stand in their places.
    blanks: tuple[str, ...] = ()


class MissingFacts(InputError):
    """A reply cannot be written without these facts; each names where it is added."""

    def __init__(self, source: str, paths: Iterable[str]) -> None:
        self.paths = tuple(dict.fromkeys(paths))
        self.missing = [f"{path}: {where_to_add(path)}" for path in self.paths]
        super().__init__(source, [f"needs facts: {one}" for one in self.missing])


def compose_reply(
    catalog: Catalog,
    keys: Sequence[str],
    locales: Sequence[str],
    facts: Mapping[str, object],
    storefront: str = "main",
    *,
    with_blanks: bool = False,
) -> Rendered:
    """One reply to all these wishes: frame, the first one's opening, the answers one after another, in one language.

    Raises MissingFacts for all of them together, unless `with_blanks`, and InputError when a template is broken, cannot
    be filled with blanks, or there is none.
    """
    pages, around = _pages(catalog.still(), keys, locales, facts, storefront)
    missing = _missing([*pages, around])
    if missing and not with_blanks:
        raise MissingFacts(" + ".join(f"templates/{page.template.name}" for page in pages), missing)
    return _rendered(_text(pages, around, missing), [*pages, around], locales, missing)


def facts_in(
    catalog: Catalog,
    keys: Sequence[str],
    locales: Sequence[str],
    facts: Mapping[str, object],
    storefront: str,
    text: str,
) -> list[Mark]:
    """Where each fact stands in the text that `compose_reply` made of the same; nothing where it reads otherwise."""
    pages, around = _pages(catalog.still(), keys, locales, facts, storefront, marking=True)
    missing = _missing([*pages, around])
    found, marks = read(f"{_text(pages, around, missing)}\n")
    # What holds a blank is no value yet.
    whole = [mark for mark in marks if not any(Blank.of(path) in text[mark.start : mark.end] for path in missing)]
    return whole if found == text else []


def render_reply(
    catalog: Catalog, key: str, locales: Sequence[str], facts: Mapping[str, object], storefront: str = "main"
) -> Rendered:
    """A mail that is a whole template by itself. Raises MissingFacts or InputError."""
    catalog = catalog.still()
    page = Page(catalog, catalog.find(f"replies/{key}", locales, storefront), locales, facts, storefront)
    if missing := page.missing():
        raise MissingFacts(f"templates/{page.template.name}", missing)
    return _rendered(page.fill(), [page], locales)


def render_named(
    catalog: Catalog, key: str, locales: Sequence[str], facts: Mapping[str, object], storefront: str = "main"
) -> Rendered:
    """Either of the two, as the template's kind says."""
    if catalog.find(f"replies/{key}", locales, storefront).kind == "reply":
        return compose_reply(catalog, [key], locales, facts, storefront)
    return render_reply(catalog, key, locales, facts, storefront)


def to_html(
    text: str, pictures: Mapping[str, Picture] | None = None, files: Mapping[str, Attachment] | None = None
) -> str:
    """The HTML part of a mail, from its Markdown text.

    A reply is paragraphs, lists and web addresses. HTML, named links, images, headings, emphasis and code are switched
    off: what a customer or a shop typed can never become one. A web address becomes a link when it stands in angle
    brackets, which is also how it reads best as text (RFC 3986, C). `pictures` and `files` of the shop's own, by hash,
    are drawn and linked to.
    """
    body = attachment.drawn(drawn(_markdown().render(text), pictures or {}), files or {})
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}</body></html>\n'


def _pages(
    catalog: Catalog,
    keys: Sequence[str],
    locales: Sequence[str],
    facts: Mapping[str, object],
    storefront: str,
    *,
    marking: bool = False,
) -> tuple[list[Page], Page]:
    """The answers, and the frame around them."""
    names = [FRAME, *(f"replies/{key}" for key in keys)]
    found = catalog.find_all(names, locales, storefront)
    around, *pages = [Page(catalog, one, locales, facts, storefront, marking=marking) for one in found]
    return pages, around


def _missing(pages: Sequence[Page]) -> list[str]:
    return list(dict.fromkeys(path for page in pages for path in page.missing()))


def _text(pages: Sequence[Page], around: Page, missing: Sequence[str]) -> str:
    blanks = {path: Blank.of(path) for path in missing}
    for page in (*pages, around) if blanks else ():
        page.know({**page.facts, **blanks})
    answers, opening = _joined([page.fill() for page in pages]), pages[0].say("opening")
    text = around.fill(opening=opening, answers=answers)
    # What only decides between words is asked for too: nobody knows whether these are the right ones.
    silent = [blank for blank in blanks.values() if blank not in text]
    return around.fill(opening=opening, answers=f"{' '.join(silent)}\n\n{answers}") if silent else text


def _joined(answers: Sequence[str]) -> str:
    """One answer after another; what one of them promised already is not said again."""
    paragraphs = [paragraph for answer in answers for paragraph in answer.split("\n\n")]
    whole = [paragraph.endswith((".", "。")) and not paragraph.startswith("- ") for paragraph in paragraphs]
    again = [whole[place] and one in paragraphs[:place] for place, one in enumerate(paragraphs)]
    return "\n\n".join(one for one, known in zip(paragraphs, again, strict=True) if not known)


def _rendered(text: str, pages: Sequence[Page], locales: Sequence[str], blanks: Sequence[str] = ()) -> Rendered:
    first = pages[0].template
    answers = [page for page in pages if page.template.kind == "reply"]
    return Rendered(
        text=f"{text}\n",
        locale=first.locale,
        wanted_locale=locales[0] if locales and first.locale not in chain(locales[:1]) else None,
        made_from={part.name: part.sha256 for page in pages for part in page.parts},
        template=first.name,
        before="\n".join(dict.fromkeys(words for page in answers if (words := page.say("before")))),
        holding=any(page.say("holding") for page in answers),
        asks=any(page.say("asks") for page in answers),
        paths=tuple(dict.fromkeys(path for page in pages for path in page.declared)),
        blanks=tuple(blanks),
    )


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.disable(["link", "image", "html_inline", "html_block", "reference", "emphasis", "backticks", "escape"])
    return parser.disable(["code", "fence", "heading", "lheading", "hr", "blockquote"])
