"""One template with the facts as it and its blocks may read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mailer.rendering.catalog import Catalog, Template, chain
from mailer.rendering.context import context, flatten, merged, shaped
from mailer.rendering.environment import MailEnvironment, render_text
from mailer.rendering.fact import general
from mailer.rendering.known import ALWAYS
from mailer.rendering.marking import PLACES, marking_environment, places

_ALWAYS = {"shop": {"name": ""}, "agent": {"name": ""}}


class Page:
    """A template, its blocks, and the facts in the form that they declare: what is not known is None or empty.

    `source` is what is filled instead of the template's own body: the same with its styles in place. `marking` puts
    marks around what it prints of the facts.
    """

    def __init__(
        self,
        catalog: Catalog,
        template: Template,
        locales: Sequence[str],
        facts: Mapping[str, object],
        storefront: str,
        source: str | None = None,
        *,
        marking: bool = False,
    ) -> None:
        self.template, self.source, self._marking = template, template.body if source is None else source, marking
        self.parts = catalog.parts(template, storefront)
        self._plain: MailEnvironment = (
            marking_environment(catalog.directory, storefront, catalog.published.included)
            if marking
            else catalog.environment(storefront)
        )
        html = template.name.endswith(".html")
        self.environment = catalog.environment(storefront, html=True) if html else self._plain
        self.samples: dict[str, Any] = {}
        for part in self.parts:
            self.samples = merged(self.samples, merged(part.optional, part.needs))
        self.declared = tuple(dict.fromkeys(general(path) for path in flatten(self.samples)))
        self._readable = frozenset((*self.declared, *ALWAYS))
        self.locale = _closest(template.locale, locales)
        self.know(facts)

    def know(self, facts: Mapping[str, object]) -> None:
        """From now on with these facts, as far as they are declared: the others are not watched for changes."""
        readable = {path: value for path, value in facts.items() if general(path) in self._readable}
        self.facts, self.values = facts, shaped(merged(_ALWAYS, self.samples), context(readable))

    def sampled(self) -> dict[str, object]:
        """The samples that it and its blocks declare, by path."""
        return flatten(self.samples)

    def missing(self) -> list[str]:
        """The needed facts that are not there, of the template and its blocks."""
        wanted = [path for part in self.parts for path in flatten(part.needs)]
        places = [place for path in wanted for place in _places(path, self.facts)]
        return [place for place in places if self.facts.get(place) in (None, "")]

    def fill(self, **more: object) -> str:
        """The text, tidy."""
        return tidy(self._written(self.environment, self.source, more)).rstrip("\n")

    def say(self, field: str) -> str:
        """A line of the front matter as plain text: opening, before, subject and the like; "" for no."""
        words = getattr(self.template, field)
        if isinstance(words, bool):
            return "yes" if words else ""
        return " ".join(self._written(self._plain, words, {}).split())

    def _written(self, environment: MailEnvironment, source: str, more: Mapping[str, object]) -> str:
        marks = {PLACES: places(self.values)} if self._marking else {}
        return render_text(environment, self.template.name, source, {**self.values, **marks, **more}, self.locale)


def tidy(text: str) -> str:
    """No blank lines at the ends, never two in a row, no blanks at the end of a line."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return "\n".join(line for number, line in enumerate(lines) if line or lines[number - 1]) + "\n"


def _closest(locale: str, locales: Sequence[str]) -> str:
    """Dates and money of the customer's own country, where the words are in the language of its parent."""
    return next((one for one in locales if locale in chain([one])), locale)


def _places(path: str, facts: Mapping[str, object]) -> list[str]:
    """The path for each element that a list has; for its first one when it has none."""
    before, marked, after = path.partition(".0.")
    if not marked:
        return [path]
    rests = [known.removeprefix(f"{before}.").split(".")[0] for known in facts if known.startswith(f"{before}.")]
    return [f"{before}.{place}.{after}" for place in dict.fromkeys(rests) if place.isdigit()] or [path]
