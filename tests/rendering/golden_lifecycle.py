"""What customers read in the mails of flows, kept as text for each template; two of them as HTML as well."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mailer.rendering.catalog import Catalog
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import LifecycleMail, LifecycleTrial, render_lifecycle

GOLDEN = Path(__file__).parent / "golden" / "lifecycle"
# Whose HTML is kept: all pieces of the kit stand in one of them.
WHOLE = ("shipping_notice.en", "delay_notice.de", "review_invitation.zh")
# What makes a mail say something else, by the key that it matters to.
_STATES: dict[str, dict[str, dict[str, object]]] = {
    "delay_notice": {
        "no_date": {"delay.expected_on": None},
        "not_shipped": {"delay.kind": "not_shipped", "delay.expected_on": None, "delay.reason": None},
        "no_page": {"links.wait": None, "links.cancel": None, "coupon.code": None},
    },
    "shipping_notice": {"one_parcel": {"shipment.count": 1}, "rest": {"shipment.count": None}},
    "return_received": {wish: {"return.wish": wish} for wish in ("exchange", "repair", "voucher")},
    "review_invitation": {"day_unknown": {"order.delivered_on": None}},
    "satisfaction_survey": {"no_page": {f"links.rate_{number}": None for number in range(1, 6)}},
}


def write(catalog: Catalog) -> set[Path]:
    """Write every file anew; which ones there are."""
    GOLDEN.mkdir(exist_ok=True)
    for name in catalog.lifecycle():
        place(name).write_text(golden(catalog, name), encoding="utf-8")
    for stem in WHOLE:
        whole(stem).write_text(page(catalog, stem), encoding="utf-8")
    return {place(name) for name in catalog.lifecycle()}


def place(name: str) -> Path:
    """Where the text of a template is kept: golden/lifecycle/refund_paid.de.txt."""
    return GOLDEN / f"{Path(name).name.removesuffix('.html')}.txt"


def whole(stem: str) -> Path:
    """Where its HTML is kept."""
    return GOLDEN / f"{stem}.html"


def golden(catalog: Catalog, name: str) -> str:
    """Subject, preheader and text in each state in which it says something else."""
    return "\n".join(
        f"== {state}\n{mail.subject}\n{mail.preheader}\n\n{mail.text}" for state, mail in mails(catalog, name)
    )


def page(catalog: Catalog, stem: str) -> str:
    """The HTML of a mail with all that may be known."""
    return next(mail.html for _, mail in mails(catalog, f"lifecycle/{stem}.html"))


def mails(catalog: Catalog, name: str) -> Iterator[tuple[str, LifecycleMail]]:
    """Each different mail that a template makes, with the first state that brings it forth."""
    template = catalog.read(name)
    key = Path(name).name.split(".")[0]
    seen = set[str]()
    for state, facts in states(catalog, name, key):
        mail = render_lifecycle(catalog, key, facts, {}, locales=[template.locale])
        said = f"{mail.subject}{mail.preheader}{mail.text}"
        if said not in seen:
            seen.add(said)
            yield state, mail


def states(catalog: Catalog, name: str, key: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """All that may be known, what this key depends on, informally, and as little as may be known."""
    trial = LifecycleTrial(catalog, catalog.read(name))
    full = {"shop.name": SAMPLES["shop.name"], **trial.declared}
    yield "full", full
    for state, changes in _STATES.get(key, {}).items():
        yield state, {**full, **changes}
    yield "informal", {**full, "formal": False}
    way_out = {"links.unsubscribe": full.get("links.unsubscribe")}
    yield "least", {path: value for path, value in full.items() if path in trial.needed} | way_out
