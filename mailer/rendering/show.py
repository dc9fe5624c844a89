"""How a template reads, as text and as HTML, on samples or on facts: by the very functions that write what is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailer.errors import InputError
from mailer.rendering import attachment
from mailer.rendering.attachment import Enclosed, enclosed_in, refuse_unfit
from mailer.rendering.catalog import FRAME, LIFECYCLE, Catalog
from mailer.rendering.context import flatten
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import FOOTER, KIT, LAYOUT, render_lifecycle
from mailer.rendering.picture import by_hash, said_plainly
from mailer.rendering.render import render_named, to_html

_LINKS = "links."
# The words that are shown where a template has none of its own.
_STAND_IN = "lifecycle/shipping_notice"
# What an order's states are, as templates read them: facts that such a choice sets.
STATES: Mapping[str, Mapping[str, object]] = {
    "not_shipped": {"order.state": "not_shipped", "shipment.state": "label"},
    "in_transit": {"order.state": "in_transit", "parcels.0.state": "in_transit", "shipment.state": "in_transit"},
    "late": {"order.state": "in_transit", "order.late": True, "parcels.0.state": "in_transit", "parcels.0.late": True},
    "delivered": {"order.state": "delivered", "parcels.0.state": "delivered", "shipment.state": "delivered"},
    "lost": {"order.state": "in_transit", "parcels.0.state": "lost", "shipment.state": "lost"},
    "returning": {"order.state": "in_transit", "parcels.0.state": "returning", "shipment.state": "returning"},
    "canceled": {"order.state": "canceled"},
}


@dataclass(frozen=True)
class Shown:
    """A mail as its reader gets it; `subject` is empty where the customer's own stands there."""

    subject: str
    preheader: str
    sender: str
    text: str
    html: str
    # The template that was filled, and each file that it was made from.
    template: str
    made_from: Mapping[str, str]
    # "transactional", "feedback", "marketing"; of an answer "reply" or "acknowledgement".
    kind: str = "reply"
    # The files that it carries or links to.
    files: tuple[Enclosed, ...] = ()


@dataclass(frozen=True)
class About:
    """On what a template is shown: facts of an order, or the samples where there are none, and a state of the order."""

    facts: Mapping[str, object] | None = None
    state: str = ""
    # The customer's links by name; without them those of the samples.
    links: Mapping[str, str] | None = None
    formal: bool = True


def show(catalog: Catalog, name: str, about: About) -> Shown:
    """The mail that this template is, or one that uses this block. Raises MissingFacts and InputError."""
    whole = name if is_mail(name) else a_mail_with(catalog, name)
    storefront = whole.split("/")[1] if whole.startswith("storefronts/") else "main"
    key, locale, suffix = whole.rpartition(f"storefronts/{storefront}/")[2].rsplit(".", 2)
    told = {**_facts(catalog, whole, about), **STATES.get(about.state, {}), "formal": about.formal}
    if suffix == "html":
        return _lifecycle(catalog, key.removeprefix(LIFECYCLE), locale, storefront, told, about)
    mail = render_named(catalog, key.removeprefix("replies/"), [locale], told, storefront)
    pictures, files = by_hash(catalog.published.images), catalog.published.files
    refuse_unfit(f"templates/{mail.template}", mail.text, files, catalog.published.most_attached)
    text = attachment.said_plainly(said_plainly(mail.text, pictures), files)
    html, enclosed = to_html(mail.text, pictures, files), tuple(enclosed_in(mail.text, files))
    return Shown("", "", "", text, html, mail.template, mail.made_from, files=enclosed)


def is_mail(name: str) -> bool:
    """Whether a template is a mail by itself."""
    return "blocks/" not in name and name.count(".") >= 2 and (LIFECYCLE in name or "replies/" in name)


def a_mail_with(catalog: Catalog, name: str) -> str:
    """The first mail that is made from this block, the kit or the layout too. Raises InputError when none is."""
    locale = name.rsplit(".", 2)[-2] if name.count(".") >= 2 else "en"
    mails = [*catalog.lifecycle(), *catalog.names()]
    if name in (LAYOUT, KIT) or FOOTER in name or FRAME in name or name.startswith("words/"):
        locale = PurePosixPath(name).stem if name.startswith("words/") else locale
        wanted = "replies/order_status" if FRAME in name else _STAND_IN
        return next((one for one in mails if one.startswith(f"{wanted}.{locale}.")), "") or _none(name)
    block = name[name.index("blocks/") :]
    ours = [one for one in mails if one.rsplit(".", 2)[-2] == locale]
    around = _has(catalog, f"{FRAME}.{locale}.md", block)
    framed = [one for one in ours if one.startswith("replies/order_status.")] if around else []
    return next((one for one in ours if _has(catalog, one, block)), "") or next(iter(framed), "") or _none(name)


def _has(catalog: Catalog, mail: str, block: str) -> bool:
    try:
        return any(part.name.endswith(block) for part in catalog.parts(catalog.read(mail)))
    except InputError:
        return False


def _none(name: str) -> str:
    raise InputError(f"templates/{name}", ["no mail includes this block yet, so there is nothing to show"])


def _facts(catalog: Catalog, name: str, about: About) -> dict[str, object]:
    """The order's facts; else samples, those of the template's own over ours, since they speak its language."""
    if about.facts is not None:
        return {path: value for path, value in about.facts.items() if not path.startswith(_LINKS)}
    template = catalog.read(name)
    own = {**flatten(template.optional), **flatten(template.needs)}
    return {path: value for path, value in {**SAMPLES, **own}.items() if not path.startswith(_LINKS)}


def _lifecycle(
    catalog: Catalog, key: str, locale: str, storefront: str, told: Mapping[str, object], about: About
) -> Shown:
    samples = {path.removeprefix(_LINKS): str(url) for path, url in SAMPLES.items() if path.startswith(_LINKS)}
    mail = render_lifecycle(
        catalog,
        key,
        told,
        samples if about.links is None else about.links,
        locales=[locale],
        storefront=storefront,
        formal=about.formal,
    )
    heads = (mail.subject, mail.preheader, mail.sender)
    return Shown(*heads, mail.text, mail.html, mail.template, mail.made_from, mail.kind, mail.files)
