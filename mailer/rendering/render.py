"""A template and facts become the text of a reply, and that text becomes HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.context import context, flatten, shaped
from mailer.rendering.environment import mail_environment, render_text


@dataclass(frozen=True)
class Rendered:
    """The text of a reply, and which template in which language it was made from."""

    text: str
    template: str
    locale: str
    sha256: str


def render_reply(
    catalog: Catalog, key: str, locales: Sequence[str], facts: Mapping[str, object], storefront: str = "main"
) -> Rendered:
    """Fill the template of that key in the best language. Raises InputError naming each missing fact."""
    template = catalog.find(f"replies/{key}", locales, storefront)
    missing = [path for path in flatten(template.needs) if facts.get(path) in (None, "")]
    if missing:
        raise InputError(f"templates/{template.name}", [f"needs facts: {', '.join(missing)}"])
    text = fill(catalog, template, facts)
    return Rendered(text, template.name, template.locale, template.sha256)


def fill(catalog: Catalog, template: Template, facts: Mapping[str, object]) -> str:
    """The text of a template with these facts; what is optional and not known is None to it."""
    values = shaped(template.optional, context(facts))
    text = render_text(mail_environment(catalog.directory), template.name, template.body, values, template.locale)
    return tidy(text)


def tidy(text: str) -> str:
    """No blank lines at the ends, never two in a row, no blanks at the end of a line."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return "\n".join(line for number, line in enumerate(lines) if line or lines[number - 1]) + "\n"


def to_html(text: str) -> str:
    """The HTML part of a mail, from its Markdown text.

    HTML, images and named links are switched off: what a customer or a shop typed can never become one. A web
    address becomes a link when it stands in angle brackets, which is also how it reads best as text (RFC 3986, C).
    """
    body = _markdown().render(text)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}</body></html>\n'


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    return parser.disable(["link", "image", "html_inline", "html_block", "reference"])
