"""Fills a template with all that may be known, with as little, and with every single fact missing."""

from collections.abc import Iterator, Mapping

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.context import flatten, merged
from mailer.rendering.fact import general
from mailer.rendering.known import ALWAYS, SAMPLES
from mailer.rendering.page import Page

# Values on which the words depend: each branch is to be read once.
_OTHERWISE: dict[str, tuple[object, ...]] = {
    "order.return_open": (True, False),
    "order.refund_state": ("none", "partial", "full"),
    "order.payment_state": ("paid", "pending", "authorized", "partially_paid", "refunded", "partially_refunded"),
    "order.total": ("5.00",),
    "parcels.*.state": ("label", "delivered", "lost", "returning"),
    "customs.paid_by": ("shop", "customer"),
    "shop.combined_shipping": ("one_fee", "each"),
    "shop.return_paid_by": ("shop", "customer"),
    "product.stock": (0, 3),
    "asked.has_photo": (True, False),
    "formal": (False,),
    "shipment.state": ("label", "out_for_delivery", "delivered", "lost"),
    "shipment.count": (1,),
    "delay.kind": ("not_shipped", "not_scanned", "silent", "overdue", "exception"),
    "return.wish": ("exchange", "repair", "voucher"),
}
_STATES = ("not_shipped", "in_transit", "delivered", "canceled")


def stumbles(catalog: Catalog, template: Template) -> list[InputError]:
    """Each mistake that some facts bring out, once."""
    storefront = template.name.split("/")[1] if template.name.startswith("storefronts/") else "main"
    declared, needed = _declared(catalog, template, storefront)
    page = Page(catalog, template, [template.locale], {}, storefront)
    found: dict[str, InputError] = {}
    for facts in tries(declared, needed):
        try:
            page.know(facts)
            page.fill()
            for line in ("opening", "before", "holding", "asks") if template.kind == "reply" else ():
                page.say(line)
        except InputError as error:
            found.setdefault(str(error), error)
    return list(found.values())


def _declared(catalog: Catalog, template: Template, storefront: str) -> tuple[dict[str, object], set[str]]:
    samples: dict[str, object] = {}
    needed: set[str] = set()
    for part in reversed(catalog.parts(template, storefront)):
        samples |= flatten(merged(part.optional, part.needs))
        needed |= set(flatten(part.needs))
    return samples, needed


def tries(declared: Mapping[str, object], needed: set[str]) -> Iterator[dict[str, object]]:
    """All facts in every state, as little as may be known, each one missing, and each other value that matters."""
    always: dict[str, object] = {path: SAMPLES[path] for path in ALWAYS if path in SAMPLES}
    for state in _STATES if "order.state" in declared else ("",):
        full = {**always, **declared, **({"order.state": state} if state else {})}
        yield full
        yield {path: value for path, value in full.items() if path in needed or path in always}
        for absent in full.keys() - needed - {"order.state", "shop.name"}:
            yield {path: value for path, value in full.items() if path != absent}
        for path in full:
            for value in _OTHERWISE.get(general(path), ()):
                yield {**full, path: value}
                # Each branch also with as little as may be known.
                yield {one: known for one, known in full.items() if one in needed or one in always} | {path: value}
