"""A mail that a flow sends: HTML from its template, the kit and the layout, and the plain text made from it.

Its values are strangers' words: escaped in HTML, on one line each, and free of links (`_tame`). The links of the mail
are those that the flow gives, and those of the facts that `shipment_facts` let through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailer.errors import InputError
from mailer.rendering.attachment import Enclosed, enclosed_in, placed, refuse_unfit
from mailer.rendering.catalog import IMAGES, LIFECYCLE, Catalog, Template, chain
from mailer.rendering.context import flatten
from mailer.rendering.environment import macros, written
from mailer.rendering.fact import Facts
from mailer.rendering.hosts import is_name, own_link, without_links
from mailer.rendering.inline import inlined, inlined_page, rules_of
from mailer.rendering.page import Page
from mailer.rendering.picture import Picture, shown_in
from mailer.rendering.plain import to_text
from mailer.rendering.render import MissingFacts

# Gmail shows no more of a mail's HTML, and hides the way out with the rest.
LARGEST_HTML = 102_000
LAYOUT, KIT, FOOTER = "layout.html", "kit.html", "blocks/footer"
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})
_LONGEST_SUBJECT = 200
# Kinds that nobody has to bear.
NEED_A_WAY_OUT = ("feedback", "marketing")
_WAYS_OUT = ("links.unsubscribe", "links.unsubscribe_mail")


@dataclass(frozen=True)
class LifecycleMail:
    """A mail as it will be sent, and what it was made from."""

    subject: str
    preheader: str
    text: str
    html: str
    locale: str
    # The customer's language, when there were no words in it.
    wanted_locale: str | None
    template: str
    # "transactional", "feedback" or "marketing".
    kind: str
    # The section [senders.NAME].
    sender: str
    # Each file that it was made from, with the SHA-256 of its bytes.
    made_from: dict[str, str]
    # What its templates may read: `items.*.title`.
    paths: tuple[str, ...]
    # The pictures that it shows and that go within it.
    pictures: tuple[Picture, ...] = ()
    # The files that it carries or links to.
    files: tuple[Enclosed, ...] = ()


def render_lifecycle(
    catalog: Catalog,
    key: str,
    facts: Facts | Mapping[str, object],
    links: Mapping[str, str],
    *,
    locales: Sequence[str],
    storefront: str = "main",
    formal: bool = True,
    extra: Mapping[str, object] | None = None,
) -> LifecycleMail:
    """The mail `lifecycle/KEY` in the first of these languages that has it.

    `links` are the customer's links by name, `extra` more facts by path, as `coupon.code`. Raises MissingFacts when a
    needed one is absent, and InputError for a broken template, a link that leads elsewhere, or a mail too long.
    """
    if wrong := [name for name, url in links.items() if not own_link(url)]:
        raise InputError(f"templates/{LIFECYCLE}{key}", [f"links.{name}: only https and mailto" for name in wrong])
    told = facts.values() if isinstance(facts, Facts) else facts
    known = _tame({**told, **(extra or {}), **{f"links.{name}": url for name, url in links.items()}})
    known["formal"] = formal and known.get("formal", True)
    return _Mail(catalog.still(), f"{LIFECYCLE}{key}", locales, storefront, known).written()


class _Mail:
    """The files of one mail with the facts that each may read."""

    def __init__(
        self, catalog: Catalog, key: str, locales: Sequence[str], storefront: str, facts: Mapping[str, object]
    ) -> None:
        template, footer = catalog.find_all([key, FOOTER], locales, storefront)
        layout, kit = (catalog.read(catalog.locate(name, storefront)) for name in (LAYOUT, KIT))
        rules = rules_of(layout.body)
        self.locales, self.template, self.facts = locales, template, facts
        self.body, self.footer, self.layout = (
            Page(catalog, one, locales, facts, storefront, source)
            for one, source in (
                (template, inlined(template.body, rules)),
                (footer, inlined(footer.body, rules)),
                (replace(layout, locale=template.locale), inlined_page(layout.body)),
            )
        )
        self.words_name, words = catalog.words(template.locale, storefront)
        self.made_from = {
            **{part.name: part.sha256 for page in self.pages for part in page.parts},
            kit.name: kit.sha256,
            self.words_name: catalog.sha256(self.words_name),
        }
        environment = catalog.environment(storefront, html=True)
        shared = {"words": words, "formal": facts["formal"]}
        self.images, self.files = catalog.published.images, catalog.published.files
        self.most_attached = catalog.published.most_attached
        self.more = {
            "images": {name: one.told(self.body.locale) for name, one in self.images.items()},
            "words": words,
            "kind": template.kind,
            "kit": macros(environment, kit.name, inlined(kit.body, rules), shared, self.body.locale),
        }

    @property
    def pages(self) -> tuple[Page, Page, Page]:
        """What is filled: its own template, what stands below it, and what stands around both."""
        return self.body, self.footer, self.layout

    def written(self) -> LifecycleMail:
        missing = [path for page in self.pages for path in page.missing()]
        if self.template.kind in NEED_A_WAY_OUT and not any(self.facts.get(path) for path in _WAYS_OUT):
            missing.append(_WAYS_OUT[0])
        if missing:
            raise MissingFacts(f"templates/{self.template.name}", missing)
        subject, preheader = self.body.say("subject")[:_LONGEST_SUBJECT], self.body.say("preheader")
        body, footer = self.body.fill(**self.more), self.footer.fill(**self.more)
        whole = self._whole(subject, preheader, body, footer)
        refuse_unfit(f"templates/{self.template.name}", whole, self.files, self.most_attached)
        html, body, footer = (placed(one, self.files) for one in (whole, body, footer))
        shown = shown_in(html, self.images)
        return LifecycleMail(
            subject=subject,
            preheader=preheader,
            text=f"{to_text(body)}\n\n{to_text(footer)}\n",
            html=html,
            locale=self.template.locale,
            wanted_locale=_wanted(self.template, self.locales),
            template=self.template.name,
            kind=self.template.kind,
            sender=self.template.sender,
            made_from={**self.made_from, **{f"{IMAGES}{name}": one.edition for name, one in shown.items()}},
            paths=tuple(dict.fromkeys(path for page in self.pages for path in page.declared)),
            pictures=tuple(one for one in shown.values() if one.inline),
            files=tuple(enclosed_in(whole, self.files)),
        )

    def _whole(self, subject: str, preheader: str, body: str, footer: str) -> str:
        language = self.template.locale.split("-")[0]
        html = self.layout.fill(
            **self.more,
            subject=subject,
            preheader=preheader,
            body=written(body),
            footer=written(footer),
            direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
        )
        if (size := len(html.encode())) > LARGEST_HTML:
            raise InputError(
                f"templates/{self.template.name}",
                [f"it has {size} bytes of HTML; Gmail hides what is beyond {LARGEST_HTML}: show fewer items"],
            )
        return f"{html}\n"


class LifecycleTrial:
    """One template to be filled with many facts in a row; for `mailer templates check`."""

    def __init__(self, catalog: Catalog, template: Template) -> None:
        storefront = template.name.split("/")[1] if template.name.startswith("storefronts/") else "main"
        key = template.name[template.name.index(LIFECYCLE) : -len(f".{template.locale}.html")]
        self._mail = _Mail(catalog, key, [template.locale], storefront, {"formal": True})
        # The samples of all values that the whole mail may read, and the paths of those that it needs.
        self.declared: dict[str, object] = {}
        self.needed: set[str] = set()
        for page in reversed(self._mail.pages):
            self.declared |= page.sampled()
            self.needed |= {path for part in page.parts for path in flatten(part.needs)}

    def heads(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Subject and preheader, its body having been filled as well. Raises InputError."""
        page = self._mail.body
        page.know(_tame(facts))
        page.fill(**self._mail.more)
        return page.say("subject"), page.say("preheader")


def _wanted(template: Template, locales: Sequence[str]) -> str | None:
    return locales[0] if locales and template.locale not in chain(locales[:1]) else None


def _tame(values: Mapping[str, object]) -> dict[str, object]:
    """What strangers may have typed, so that nothing of it leads anywhere or speaks for us."""
    return {path: _tamed(path, value) for path, value in values.items()}


def _tamed(path: str, value: object) -> object:
    if not isinstance(value, str) or path.startswith(("links.", "shop.")):
        return value
    if path.rsplit(".", 1)[-1] in ("url", "label_url", "image_url"):
        return value if own_link(value) else None
    if path.startswith("customer."):
        return value if is_name(value) else None
    return without_links(value)
