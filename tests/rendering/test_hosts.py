"""Links of strangers lead to carriers and to the shop, or nowhere; words of strangers are no links."""

import pytest

from mailer.rendering.hosts import TRACKING_HOSTS, hosts_of, is_name, own_link, safe_link, without_links

HOSTS = {*TRACKING_HOSTS, "shop.example"}


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://www.dhl.com/track?id=1", True),
        ("https://shop.example/a", True),
        ("https://SHOP.example/a", True),
        ("https://cdn.shop.example:443/a.jpg", True),
        ("http://www.dhl.com/track", False),
        ("https://dhl.com.evil.example/", False),
        ("https://evildhl.com/", False),
        ("https://dhl.com@evil.example/", False),
        ("https://user:word@dhl.com/", False),
        ("https://dhl.com:8443/", False),
        ("https://dhl.com:x/", False),
        ("https://evil.example\\@dhl.com/", False),
        ("https://dhl.com/<script>", False),
        ("https://dhl.com/ x", False),
        ("https://[::1", False),
        ("javascript:alert(1)//dhl.com", False),
        ("//dhl.com", False),
        ("", False),
        (None, False),
    ],
)
def test_where_a_link_of_a_webhook_may_lead(url: str | None, good: bool) -> None:
    assert safe_link(url, HOSTS) == (url if good else None)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://care.shop.example/rate/a?value=1", True),
        ("mailto:care+rate-a@shop.example?subject=4", True),
        ("http://127.0.0.1:8026/rate/a", True),
        ("http://localhost/rate/a", True),
        ("http://care.shop.example/rate/a", False),
        ("mailto:a@b.example\r\nBcc: c@d.example", False),
        ("javascript:alert(1)", False),
        ("https://", False),
    ],
)
def test_which_links_are_our_own(url: str, good: bool) -> None:
    assert own_link(url) is good


def test_the_shop_names_its_hosts_in_its_own_links() -> None:
    shop = {
        "account_url": "https://www.shop.example/a",
        "x": {"de": "https://laden.example/"},
        "y": [{"url": "https://o.example"}],
        "n": 3,
    }
    assert {*hosts_of(shop)} == {"shop.example", "laden.example", "o.example"}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Shirt (M)", "Shirt (M)"),
        ("Shirt https://evil.example/x now", "Shirt now"),
        ("www.evil.example Shirt", "Shirt"),
        ("//evil.example", ""),
        ("a // b", "a // b"),
    ],
)
def test_words_without_links(words: str, left: str) -> None:
    assert without_links(words) == left


@pytest.mark.parametrize("name", ["Ana", "J. R. Tolk", "O'Neil-Smith", "王小明", "María José", "Dr. Ann 3"])
def test_names_are_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["win.example", "see evil.com now", "a@b", "https://x", "www.x", "x" * 61])
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)
