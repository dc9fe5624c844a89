"""Every mistake of the mails of flows is found before the first is sent: form, links, law, reviews."""

import shutil
from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.check_lifecycle import broken_html, check_lifecycle
from mailer.rendering.policy import languages
from mailer.rendering.tone import languages as tones
from tests.build import TEMPLATES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped pieces in English, with one mail only."""
    for name in ("layout.html", "kit.html", "words/en.toml", "blocks/footer.en.html", "blocks/greeting.en.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(TEMPLATES / name, tmp_path / name)
    (tmp_path / "lifecycle").mkdir()
    return tmp_path


def taken(folder: Path, name: str, *changes: tuple[str, str]) -> list[str]:
    """The mistakes of a shipped mail with these changes."""
    text = (TEMPLATES / "lifecycle" / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "lifecycle" / name).write_text(text, encoding="utf-8")
    return check_lifecycle(Catalog(folder))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('kind = "transactional"', 'kind = "reply"'), "line 2: front matter: kind is one of transactional, feedback"),
        (("preheader", "preheder"), "preheder is no key"),
        (("order {{ order.number }} is", "order {{ order.nubmer }} is"), "order.nubmer is read, but declared neither"),
        (("<h1>Your parcel", "<h1>You must XXX"), '"You must": It gives orders.'),
        (("<h1>Your parcel", "<h1>[NAME]"), '"[NAME]" is left over'),
        (("blocks/greeting.en.md", "blocks/greting.en.md"), "there is no block blocks/greting.en.md"),
        (("{% if shipment.number %}", "{% if true %}"), "it prints a value that is not known here"),
        (('"Track the parcel"', '""'), "the link to https://track.example/JD014 has no words to click on"),
        (("kit.button(shipment.url", 'kit.button(""'), "a link leads nowhere: its href is empty"),
        (("<h1>", '<img src="https://shop.example/a.png"><h1>'), "the picture https://shop.example/a.png has no words"),
        (
            ("Your order {{ order.number }} is", "Save 10 %: order {{ order.number }} is"),
            '"Save": the subject of a mail',
        ),
        (("<h1>", f"<p>{'word ' * 21_000}</p><h1>"), "Gmail hides what is beyond"),
        (("kit.timeline(", "kit.timline("), "line 29: kit.html has no timline; did you mean kit.timeline?"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(folder: Path, change: tuple[str, str], said: str) -> None:
    found = taken(folder, "shipping_notice.en.html", change)
    assert any(said in line for line in found), found
    assert all(line.startswith("templates/lifecycle/shipping_notice.en.html: ") for line in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("A comment is welcome", "Everybody who answers gets a gift"), '"gift": who is asked for an opinion'),
        (("A comment is welcome", "A positive rating helps us"), '"positive rating": it asks for praise'),
        (("A comment is welcome", "If you are happy, tell everybody"), '"If you are happy": it asks for praise'),
        (('shop.name = "Linen & Co"', 'shop.name = "Linen & Co"\ncoupon.code = "X"'), "it reads coupon.code"),
    ],
)
def test_an_opinion_is_not_paid_nor_sorted(folder: Path, change: tuple[str, str], said: str) -> None:
    found = taken(folder, "satisfaction_survey.en.html", change)
    assert any(said in line for line in found), found


def test_every_rating_leads_the_same_way(folder: Path) -> None:
    page = "https://care.shop.example/review/v?stars="
    others = [(f'links.review_{stars} = "{page}{stars}"\n', "") for stars in range(1, 5)]
    only = ('{{ kit.stars(links, "review") }}', '<a href="{{ links.review_5 }}">5</a>')
    found = taken(folder, "review_invitation.en.html", *others, only)
    assert any("every rating gets the same way" in line for line in found), found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("delay.expected_on = 2026-11-29\n", ""), "delay.expected_on"),
        (("We cannot name a new date yet", "It takes a while"), "that there is no new date yet"),
        (("The reason:", "Note:"), "it does not say the reason"),
        (("we refund all of it", "we pay you back"), "that all of the money is refunded"),
    ],
)
def test_a_notice_of_delay_tells_what_the_law_asks(folder: Path, change: tuple[str, str], said: str) -> None:
    found = taken(folder, "delay_notice.en.html", change)
    assert any(said in line for line in found), found


def test_marketing_has_a_way_out_and_an_address(folder: Path) -> None:
    assert taken(folder, "vip_month.en.html") == []
    footer = folder / "blocks/footer.en.html"
    text = footer.read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if not line.startswith(("links.unsubscribe ", "shop.postal_address ="))]
    footer.write_text(
        "\n".join(lines).replace("links.unsubscribe or ", "").replace("shop.postal_address or ", ""), encoding="utf-8"
    )
    change = ('shop.postal_address = "Linen & Co, Lagerweg 1, 10115 Berlin"\n', "")
    found = taken(folder, "vip_month.en.html", change)
    assert any("it reads no links.unsubscribe" in line for line in found), found
    assert any("it reads no shop.postal_address" in line for line in found), found


def test_what_a_mail_needs_does_not_depend_on_its_language(folder: Path) -> None:
    for name in ("words/de.toml", "blocks/footer.de.html", "blocks/greeting.de.md"):
        shutil.copy(TEMPLATES / name, folder / name)
    assert taken(folder, "refund_paid.en.html") == []
    assert taken(folder, "refund_paid.de.html") == []
    found = taken(
        folder,
        "refund_paid.de.html",
        ('kind = "transactional"', 'kind = "marketing"'),
        ('order.number = "#1001"\n', 'order.number = "#1001"\nshop.name = "L"\n'),
    )
    assert any("kind is another than in lifecycle/refund_paid.en.html" in line for line in found)
    assert any("[needs] holds other values than lifecycle/refund_paid.en.html" in line for line in found)


def test_the_kit_has_its_words_in_every_language(folder: Path) -> None:
    for name in ("blocks/footer.de.html", "blocks/greeting.de.md"):
        shutil.copy(TEMPLATES / name, folder / name)
    assert any("words/de.toml: cannot be read" in line for line in taken(folder, "refund_paid.de.html"))
    (folder / "words/de.toml").write_text('total = "Gesamt"\n', encoding="utf-8")
    shutil.copy(TEMPLATES / "lifecycle/refund_paid.en.html", folder / "lifecycle")
    found = check_lifecycle(Catalog(folder))
    assert any("templates/words/de.toml: there is no and_more, arrives_today" in line for line in found)


def test_policy_is_known_in_every_language_whose_tone_is() -> None:
    assert languages() == tones()


@pytest.mark.parametrize(
    ("html", "problems"),
    [
        ('<a href="https://a">x</a><img src="y" alt="z">', 0),
        ('<a href="https://a"> <b></b> </a>', 1),
        ('<a href="https://a" aria-label="x"></a>', 0),
        ('<a href="">x</a>', 1),
        ("<a>x</a>", 1),
        ('<img src="y">', 1),
        ('<img src="y" alt="">', 1),
        ('<a href="https://a" aria-hidden="true"></a>', 0),
    ],
)
def test_links_and_pictures_have_words(html: str, problems: int) -> None:
    assert len(broken_html(html)) == problems
