"""Two languages say the same, or it is told what only one of them says."""

import pytest

from mailer.rendering.equal import Said, differences

EN = "Your order #1001 of Monday, November 16, 2026 costs 1,234.50 EUR. Parcel JD014600 comes with DHL: <https://t.test/a>"
SAME = {
    "de": "Ihre Bestellung #1001 vom Montag, 16. November 2026 kostet 1.234,50 EUR. JD014600, DHL: <https://t.test/a>",
    "fr": "Votre commande #1001 du lundi 16 novembre 2026 coûte 1\u202f234,50 EUR. JD014600, DHL : <https://t.test/a>",
    "es": "Su pedido #1001 del lunes, 16 de noviembre de 2026 cuesta 1234,50 EUR. JD014600, DHL: <https://t.test/a>",
    "zh": "您的订单 #1001（2026年11月16日）共 1,234.50 EUR。JD014600 DHL <https://t.test/a>",
    "ja": "ご注文 #1001（2026年11月16日月曜日）は 1,234.50 EUR です。JD014600 DHL <https://t.test/a>",
}


@pytest.mark.parametrize("locale", SAME)
def test_the_same_in_another_language_is_the_same(locale: str) -> None:
    assert differences(Said(EN, "en"), Said(SAME[locale], locale), ["DHL"]) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("#1001", "#1002", "order numbers"),
        ("16. November", "17. November", "days"),
        ("1.234,50", "1.234,05", "numbers"),
        ("DHL", "UPS", "names"),
        ("t.test/a", "t.test/b", "links"),
        ("JD014600", "JD014601", "order numbers"),
    ],
)
def test_what_only_one_side_says_is_told(old: str, new: str, kind: str) -> None:
    (found,) = differences(Said(EN, "en"), Said(SAME["de"].replace(old, new), "de"), ["DHL"])
    assert found.kind == kind
    assert found.left or found.right
