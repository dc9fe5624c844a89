"""Where a fact that is missing would come from, in words for the person who can add it."""

from collections.abc import Collection, Iterable

_SHOP = "add `{key}` under [shop] in config.toml"
_RETURNS = 'add `{key}` under [shop.returns."*"] (or a country, or "EU") in config.toml'
_PRODUCT = "add the column `{key}` and import it with `mailer products import FILE.csv`"
_FROM_RETURNS = {
    "return_days": "days",
    "return_form_url": "form_url",
    "return_paid_by": "paid_by",
    "return_address": "address",
    "keep_below": "keep_below",
}
_NO_DELIVERY = "the order has none before it is delivered"
_ORDER = {
    "late": "the order is not late",
    "shipped_on": "the order has none before it is shipped",
    "expected_on": "the carrier has told of no date",
    "delivered_on": _NO_DELIVERY,
    "canceled_on": "the order is not canceled",
    "refund_state": "the shop's data say nothing of its payment (`payment_state`)",
    "refunded": "the shop's data tell of no refund",
    "refunded_on": "the shop's data tell of no refund with a date",
    "return_until": f'{_NO_DELIVERY}; and add `days` under [shop.returns."*"] in config.toml',
    "promised_on": "the shop named no day of delivery",
    "return_open": f'{_NO_DELIVERY}; and add `days` under [shop.returns."*"] in config.toml',
}
_ROOTS = {
    "customer": "the order has no name of its customer",
    "items": "the order has none",
    "parcels": "the order has none, or its carrier did not say",
    "shipping": 'add a table [[shop.shipping."*"]] (or for the country) in config.toml',
    "customs": 'add a table [[shop.customs."*"]] (or for the country) in config.toml',
    "offers": "add a table [[shop.offers]] that has not ended in config.toml",
    "size_table": "add a table [[shop.size_table]] in config.toml",
    "compensation": "add a table [[shop.compensation]] in config.toml; a tier counts once the delay has reached it",
    "promise": _SHOP.format(key="promise_hours"),
    "asked": "the mail does not say",
    "agent": "only a person who signs has one",
    "shipment": "the parcel has none, or its carrier did not say",
    "delay": "the incident has none",
    "return": "the return has none; `mailer returns show` tells what it has",
    "refund": "the order has no refund",
    "notice": "no shipping or delay notice has gone out for the order",
    "coupon": "the step of the flow names no pool, or the pool is empty: `coupon` in schedules/flows, `mailer coupons`",
    "links": "it is a page of ours: set `public_url` under [web] in config.toml; marketplaces forbid links",
}
_COLUMNS = {"url": "link", "size_chart_url": "size_chart"}


def where_to_add(path: str) -> str:
    """How this fact can be had, as in: add `reviews_url` under [shop] in config.toml."""
    root, _, rest = path.partition(".")
    name = rest.split(".")[0]
    match root:
        case "shop" if name in _FROM_RETURNS:
            return _RETURNS.format(key=_FROM_RETURNS[name])
        case "shop":
            return _SHOP.format(key=name)
        case "product":
            return _PRODUCT.format(key=_COLUMNS.get(name, name))
        case "order":
            return _ORDER.get(name, "the order says nothing of it; it comes with `mailer orders import`")
        case _:
            return _ROOTS.get(root, "nothing tells of it")


# Tables of which a part says enough, and keys that many shops rightly leave out.
_TABLES = ("shipping", "customs", "size_table")
_OFTEN_NONE = frozenset(
    {
        "shop.keep_below",
        "shop.free_shipping_from",
        "product.restock_on",
        "product.currency",
        "product.size_chart_url",
    }
)


def worth_adding(absent: Iterable[str], known: Collection[str]) -> list[str]:
    """What a person could add to make a reply better, as in: shop.since: add `since` under [shop] in config.toml."""
    roots = {path.split(".")[0] for path in known}
    wanted = []
    for path in sorted(absent):
        root = path.split(".")[0]
        if root in _TABLES and root not in roots:
            wanted.append(f"{root}: {where_to_add(path)}")
        # Of a product only when it is known which one.
        elif (root == "shop" or (root == "product" and root in roots)) and path not in _OFTEN_NONE:
            wanted.append(f"{path}: {where_to_add(path)}")
    return list(dict.fromkeys(wanted))
