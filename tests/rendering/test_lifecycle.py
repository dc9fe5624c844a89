"""A mail of a flow: its parts, its language, and that no stranger's words do anything in it."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog
from mailer.rendering.check_lifecycle import broken_html
from mailer.rendering.lifecycle import LARGEST_HTML, LifecycleMail, render_lifecycle
from mailer.rendering.render import MissingFacts
from tests.build import TEMPLATES

CATALOG = Catalog(TEMPLATES)
FACTS: dict[str, object] = {
    "shop.name": "Linen & Co",
    "shop.postal_address": "Linen & Co, Lagerweg 1, 10115 Berlin",
    "order.number": "#1001",
    "order.currency": "EUR",
    "customer.first_name": "Ana",
    "shipment.state": "in_transit",
    "shipment.carrier": "DHL",
    "shipment.number": "JD014",
    "shipment.url": "https://www.dhl.com/track?id=JD014&lang=en",
    "shipment.expected_on": "2026-11-27",
    "shipment.items.0.title": "Linen shirt (M)",
    "shipment.items.0.quantity": 2,
}
LINKS = {"unsubscribe": "https://care.shop.example/unsubscribe/u", "review": "https://care.shop.example/review/v"}
LINKS |= {f"review_{stars}": f"https://care.shop.example/review/v?stars={stars}" for stars in range(1, 6)}


def shipping(locales: tuple[str, ...] = ("en",), **changes: object) -> LifecycleMail:
    facts = {**FACTS, **{path.replace("__", "."): value for path, value in changes.items()}}
    return render_lifecycle(CATALOG, "shipping_notice", facts, LINKS, locales=locales)


def test_a_mail_has_all_its_parts() -> None:
    mail = shipping()
    assert mail.subject == "Your order #1001 is on its way"
    assert mail.preheader == "Expected on Friday, November 27, 2026"
    assert (mail.kind, mail.sender, mail.locale, mail.wanted_locale) == ("transactional", "care", "en", None)
    assert mail.template == "lifecycle/shipping_notice.en.html"
    assert mail.html.startswith("<!DOCTYPE html>")
    assert '<html lang="en" dir="ltr"' in mail.html
    assert 'content="light dark"' in mail.html
    assert "@media (prefers-color-scheme: dark)" in mail.html
    assert f"<title>{mail.subject}</title>" in mail.html
    assert 'href="https://www.dhl.com/track?id=JD014&amp;lang=en"' in mail.html
    assert "Track the parcel\n<https://www.dhl.com/track?id=JD014&lang=en>\n" in mail.text
    assert "Linen shirt (M) 2 ×\n" in mail.text
    assert broken_html(mail.html) == []


def test_what_it_was_made_from_is_named_with_its_hash() -> None:
    made_from = shipping().made_from
    assert {*made_from} == {
        *("lifecycle/shipping_notice.en.html", "layout.html", "kit.html", "words/en.toml"),
        *("blocks/greeting.en.md", "blocks/footer.en.html"),
    }
    assert all(CATALOG.sha256(name) == sha256 for name, sha256 in made_from.items())


def test_the_paths_are_those_that_it_may_read() -> None:
    paths = set(shipping().paths)
    assert {"shipment.expected_on", "shipment.items.*.title", "order.number", "shop.postal_address"} <= paths
    assert "parcels.*.state" not in paths


@pytest.mark.parametrize(
    ("locales", "locale", "wanted", "day"),
    [
        (("de-CH", "en"), "de", None, "Freitag, 27. November 2026"),
        (("pt-BR", "fr", "en"), "fr", "pt-BR", "vendredi 27 novembre 2026"),
        (("zh-CN",), "zh", None, "2026年11月27日星期五"),
    ],
)
def test_the_first_language_that_there_is(locales: tuple[str, ...], locale: str, wanted: str | None, day: str) -> None:
    mail = shipping(locales)
    assert (mail.locale, mail.wanted_locale) == (locale, wanted)
    assert day in mail.text
    assert f'<html lang="{locale}' in mail.html


def test_who_is_addressed_informally() -> None:
    formal = shipping(("de",))
    informal = render_lifecycle(CATALOG, "shipping_notice", FACTS, LINKS, locales=["de"], formal=False)
    by_fact = render_lifecycle(CATALOG, "shipping_notice", {**FACTS, "formal": False}, LINKS, locales=["de"])
    assert "Ihre Bestellung" in formal.subject
    assert "Deine Bestellung" in informal.subject
    assert informal == by_fact
    assert not re.search(r"\bIhre?n?\b", informal.text)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(MissingFacts) as raised:
        render_lifecycle(CATALOG, "review_invitation", {}, {}, locales=["en"])
    assert {"items.0.title", "shop.postal_address", "links.review_5", "links.unsubscribe"} <= set(raised.value.paths)
    assert any("public_url" in words for words in raised.value.missing)


def test_a_survey_without_a_way_out_is_not_written() -> None:
    stars = {f"rate_mail_{value}": f"mailto:care+rate-r@shop.example?subject={value}" for value in range(1, 6)}
    with pytest.raises(MissingFacts) as raised:
        render_lifecycle(CATALOG, "satisfaction_survey", FACTS, stars, locales=["en"])
    assert raised.value.paths == ("links.unsubscribe",)
    by_mail = {**stars, "unsubscribe_mail": "mailto:care+unsubscribe-u@shop.example?subject=unsubscribe"}
    mail = render_lifecycle(CATALOG, "satisfaction_survey", FACTS, by_mail, locales=["en"])
    assert "4 of 5 stars <mailto:care+rate-r@shop.example?subject=4>\n" in mail.text
    assert "<mailto:care+unsubscribe-u@shop.example?subject=unsubscribe>" in mail.text


def test_stars_lead_to_pages_where_there_are_pages() -> None:
    mail = render_lifecycle(CATALOG, "review_invitation", {**FACTS, "items.0.title": "Hat"}, LINKS, locales=["en"])
    for stars in range(1, 6):
        assert f'href="https://care.shop.example/review/v?stars={stars}"' in mail.html
        assert f'aria-label="{stars} of 5 stars"' in mail.html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://shop.example/x",
        "//shop.example",
        "data:text/html,x",
        "https://a b",
        "",
        "ftp://x",
    ],
)
def test_a_link_that_is_none_of_ours_is_a_mistake(url: str) -> None:
    with pytest.raises(InputError, match=r"links.review: only https and mailto"):
        render_lifecycle(CATALOG, "shipping_notice", FACTS, {**LINKS, "review": url}, locales=["en"])


def test_a_page_on_this_machine_may_be_linked() -> None:
    links = {name: url.replace("https://care.shop.example", "http://127.0.0.1:8026") for name, url in LINKS.items()}
    mail = render_lifecycle(CATALOG, "review_invitation", {**FACTS, "items.0.title": "Hat"}, links, locales=["en"])
    assert "http://127.0.0.1:8026/review/v" in mail.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://evil.example", 'https://a.example/"><script>'])
def test_a_tracking_link_that_is_none_is_left_out(url: str) -> None:
    mail = shipping(shipment__url=url)
    assert "Track the parcel" not in mail.text
    assert "evil" not in mail.html
    assert "script" not in mail.html


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% include 'layout.html' %}{{ ''.__class__ }}",
    "a\r\nBcc: all@evil.example\r\n\r\nhi",
    "Win at https://evil.example/now www.evil.example",
    "jj0jj <!--jj1jj-->",
    "\u202eabc\u0000",
)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("path", ["customer.first_name", "shipment.items.0.title", "shipment.carrier", "order.number"])
def test_what_strangers_typed_stays_words(path: str, words: str) -> None:
    mail = shipping(**{path.replace(".", "__"): words})
    for line in (mail.subject, mail.preheader):
        assert "\n" not in line
        assert "\r" not in line
    assert "<script" not in mail.html
    assert "<img" not in mail.html
    assert "evil.example" not in mail.html.replace("all@evil.example", "")
    assert "https://evil" not in mail.text
    assert "49" not in mail.text.replace("{{7*7}}", "")
    assert "Bcc: all" not in [line[:8] for line in mail.text.split("\n")]
    assert mail.html.count("<body") == 1
    assert broken_html(mail.html) == []


@pytest.mark.parametrize("name", ["evil.com prize", "x" * 61, "call me@evil.example", "https://evil.example"])
def test_a_name_that_speaks_for_us_is_left_out(name: str) -> None:
    assert "Hello,\n" in shipping(customer__first_name=name).text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_title_and_no_name_breaks_a_mail(title: str, name: str) -> None:
    mail = shipping(shipment__items__0__title=title, customer__first_name=name, order__number=title or "1")
    plain = shipping(shipment__items__0__title="T", customer__first_name="N")
    assert mail.html.count("<a ") == plain.html.count("<a ")
    assert mail.html.count("<table") in (plain.html.count("<table"), plain.html.count("<table") - 1)
    assert len(mail.subject.splitlines()) <= 1


def test_an_order_of_many_items_is_not_clipped() -> None:
    many = {f"shipment.items.{place}.title": f"Item {place} {'long ' * 40}" for place in range(500)}
    mail = render_lifecycle(CATALOG, "shipping_notice", {**FACTS, **many}, LINKS, locales=["en"])
    assert "Item 19" in mail.text
    assert "Item 20" not in mail.text
    assert "and 480 more" in mail.text
    assert len(mail.html.encode()) < LARGEST_HTML / 2


def test_a_mail_that_gmail_would_clip_is_a_mistake(tmp_path: Path) -> None:
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    path = folder / "lifecycle/refund_paid.en.html"
    path.write_text(f"{path.read_text(encoding='utf-8')}<p>{'word ' * 21_000}</p>\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"bytes of HTML; Gmail hides"):
        render_lifecycle(Catalog(folder), "refund_paid", {**FACTS, "refund.amount": "5.00"}, {}, locales=["en"])


def test_a_storefront_has_its_own_layout_and_words(tmp_path: Path) -> None:
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    own = folder / "storefronts/outlet"
    own.mkdir(parents=True)
    layout = (folder / "layout.html").read_text(encoding="utf-8")
    (own / "layout.html").write_text(layout.replace("#1d5c52", "#aa0033"), encoding="utf-8")
    catalog = Catalog(folder)
    theirs = render_lifecycle(catalog, "shipping_notice", FACTS, LINKS, locales=["en"], storefront="outlet")
    ours = render_lifecycle(catalog, "shipping_notice", FACTS, LINKS, locales=["en"])
    # Also in the style attributes of the kit's pieces, which stand in everybody's file.
    assert "#aa0033" in theirs.html
    assert "#1d5c52" not in theirs.html
    assert theirs.html.replace("#aa0033", "#1d5c52") == ours.html
    assert "storefronts/outlet/layout.html" in theirs.made_from


def test_more_facts_come_from_the_flow() -> None:
    extra = {"coupon.code": "THANKS-7Q4M", "coupon.until": "2027-02-28"}
    mail = render_lifecycle(CATALOG, "vip_month", FACTS, LINKS, locales=["en"], extra=extra)
    assert "valid until Sunday, February 28, 2027" in mail.text
    assert "\nTHANKS-7Q4M\n" in mail.text
    assert mail.kind == "marketing"
    with pytest.raises(MissingFacts):
        render_lifecycle(CATALOG, "vip_month", FACTS, LINKS, locales=["en"])


def test_a_link_that_no_person_sees_is_in_no_text() -> None:
    unseen = "https://care.shop.example/unseen/s"
    mail = render_lifecycle(CATALOG, "shipping_notice", FACTS, {**LINKS, "unseen": unseen}, locales=["en"])
    assert unseen not in mail.text
    assert re.search(rf'<a href="{unseen}"[^>]*display:\s*none', mail.html)
    assert "unseen" not in shipping().html


def test_a_template_that_stumbles_is_told_with_its_line(tmp_path: Path) -> None:
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    path = folder / "lifecycle/refund_paid.en.html"
    text = path.read_text(encoding="utf-8").replace("<h1>", "{{ refund.nothing.more }}\n<h1>")
    path.write_text(text, encoding="utf-8")
    line = text[: text.index("{{ refund.nothing")].count("\n") + 1
    with pytest.raises(InputError, match=rf"templates/lifecycle/refund_paid.en.html: line {line}: "):
        render_lifecycle(Catalog(folder), "refund_paid", {**FACTS, "refund.amount": "5.00"}, {}, locales=["en"])
