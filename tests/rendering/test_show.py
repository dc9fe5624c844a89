"""What is shown is what is sent: by the same functions, byte for byte."""

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import render_lifecycle
from mailer.rendering.render import compose_reply, to_html
from mailer.rendering.show import STATES, About, show
from tests.build import TEMPLATES

CATALOG = Catalog(TEMPLATES)
FACTS = {path: value for path, value in SAMPLES.items() if not path.startswith("links.")}
LINKS = {path.removeprefix("links."): str(value) for path, value in SAMPLES.items() if path.startswith("links.")}


@pytest.mark.parametrize("name", list(CATALOG.lifecycle()))
def test_a_mail_of_a_flow_is_shown_as_it_is_sent(name: str) -> None:
    key, locale, _ = name.removeprefix("lifecycle/").rsplit(".", 2)
    sent = render_lifecycle(CATALOG, key, FACTS, LINKS, locales=[locale])
    shown = show(CATALOG, name, About(FACTS, links=LINKS))
    assert (shown.subject, shown.preheader, shown.text, shown.html) == (
        *(sent.subject, sent.preheader),
        *(sent.text, sent.html),
    )


@pytest.mark.parametrize("key", ["order_status", "delivery_delay", "size_question"])
def test_a_reply_is_shown_as_it_is_sent(key: str) -> None:
    sent = compose_reply(CATALOG, [key], ["en"], {**FACTS, "formal": True})
    shown = show(CATALOG, f"replies/{key}.en.md", About(FACTS))
    assert (shown.text, shown.html) == (sent.text, to_html(sent.text))


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_an_order_can_be_shown(state: str) -> None:
    assert show(CATALOG, "replies/order_status.en.md", About(state=state)).text


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("blocks/parcel.en.md", "replies/"),
        ("blocks/closing.de.md", "replies/order_status.de.md"),
        ("blocks/frame.en.md", "replies/order_status.en.md"),
        ("blocks/footer.fr.html", "lifecycle/shipping_notice.fr.html"),
        ("kit.html", "lifecycle/shipping_notice.en.html"),
        ("words/ja.toml", "lifecycle/shipping_notice.ja.html"),
    ],
)
def test_a_piece_is_shown_within_a_mail(name: str, whole: str) -> None:
    assert show(CATALOG, name, About()).template.startswith(whole)
