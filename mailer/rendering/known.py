"""Every fact that a template may read, with a sample: what `mailer templates check` knows, and previews show.

One customer, one order, one shop. `read_facts` makes no other; what people write in front matter is compared with it.
"""

from typing import Any

from mailer.rendering.context import flatten
from mailer.rendering.fact import general

# A template reads these without declaring them.
ALWAYS = ("shop.name", "agent.name", "formal", "locale")
# What the frame is filled with.
FRAMED = ("opening", "answers")
# What the templates of lifecycle mails are given beside facts.
OF_THE_KIT = ("kit", "words", "kind", "caller", "images")

_TREE: dict[str, Any] = {
    "formal": True,
    "agent": {"name": "Mia"},
    "order": {
        "number": "#1001",
        "state": "in_transit",
        "placed_on": "2026-11-02",
        "total": "59.00",
        "currency": "EUR",
        "payment_state": "paid",
        "country": "DE",
        "promised_on": "2026-11-25",
        "shipped_on": "2026-11-18",
        "expected_on": "2026-11-27",
        "late": True,
        "delivered_on": "2026-11-20",
        "canceled_on": "2026-11-05",
        "refund_state": "full",
        "refunded": "59.00",
        "refunded_on": "2026-11-10",
        "return_until": "2026-12-20",
        "return_open": True,
    },
    "customer": {"first_name": "Ana", "last_name": "Ruiz", "full_name": "Ana Ruiz"},
    "items": [
        {
            "title": "Linen shirt (M)",
            "quantity": 1,
            "sku": "LS-M",
            "price": "49.00",
            "image_url": "https://shop.example/pictures/linen-shirt.jpg",
        },
        {"title": "Wool scarf", "quantity": 2, "sku": "WS", "price": "5.00"},
    ],
    "parcels": [
        {
            "state": "in_transit",
            "carrier": "DHL",
            "number": "JD014",
            "url": "https://track.example/JD014",
            "expected_on": "2026-11-27",
            "late": True,
            "state_on": "2026-11-20",
            "shipped_on": "2026-11-18",
            "last_scan_at": "2026-11-20T08:15:00+00:00",
            "last_place": "Leipzig",
        }
    ],
    "shipment": {
        "carrier": "DHL",
        "number": "JD014",
        "url": "https://track.example/JD014",
        "state": "in_transit",
        "expected_on": "2026-11-27",
        "shipped_on": "2026-11-18",
        "position": 1,
        "count": 2,
        "rest_follows": True,
        "items": [
            {
                "title": "Linen shirt (M)",
                "quantity": 1,
                "image_url": "https://shop.example/pictures/linen-shirt.jpg",
            }
        ],
    },
    "delay": {
        "kind": "eta_slip",
        "reason": "a storm stopped the flights out of Leipzig",
        "promised_on": "2026-11-25",
        "expected_on": "2026-11-29",
        "days_late": 4,
    },
    "return": {
        "state": "agreed",
        "keep": False,
        "wish": "refund",
        "send_to": "Linen & Co, Returns, Lagerweg 1, 10115 Berlin",
        "label_url": "https://track.example/label/17",
        "items": [{"title": "Linen shirt (M)", "quantity": 1}],
    },
    "refund": {"amount": "59.00", "currency": "EUR", "on": "2026-11-20"},
    "notice": {"kind": "delay", "sent_on": "2026-11-19", "expected_on": "2026-11-27"},
    "coupon": {"code": "THANKS-7Q4M", "until": "2027-02-28"},
    "links": {
        **{f"rate_{value}": f"https://care.shop.example/rate/r?value={value}" for value in range(1, 6)},
        **{f"rate_mail_{value}": f"mailto:care+rate-r@shop.example?subject={value}" for value in range(1, 6)},
        **{f"review_{stars}": f"https://care.shop.example/review/v?stars={stars}" for stars in range(1, 6)},
        "review": "https://care.shop.example/review/v",
        "arrived_yes": "https://care.shop.example/rate/a?value=1",
        "arrived_no": "https://care.shop.example/rate/a?value=0",
        "wait": "https://care.shop.example/choice/c?answer=wait",
        "cancel": "https://care.shop.example/choice/c?answer=cancel",
        "return": "https://care.shop.example/return/t",
        "unsubscribe": "https://care.shop.example/unsubscribe/u",
        "unsubscribe_mail": "mailto:care+unsubscribe-u@shop.example?subject=unsubscribe",
        "unseen": "https://care.shop.example/unseen/s",
    },
    "shop": {
        "name": "Linen & Co",
        "since": 2012,
        "guarantee_days": 60,
        "reviews_url": "https://reviews.example/linen-co",
        "postal_address": "Linen & Co, Lagerweg 1, 10115 Berlin",
        "refund_days": 5,
        "refund_bank_days": 3,
        "return_days": 30,
        "return_form_url": "https://shop.example/return",
        "return_paid_by": "shop",
        "return_address": "Linen & Co, Returns, Lagerweg 1, 10115 Berlin",
        "keep_below": "10.00",
        "currency": "EUR",
        "processing_days_min": 1,
        "processing_days_max": 3,
        "free_shipping_from": "80.00",
        "combined_shipping": "one_fee",
        "account_url": "https://shop.example/account",
        "privacy_url": "https://shop.example/privacy",
        "size_chart_url": "https://shop.example/sizes",
        "payment_methods": "PayPal, Visa, Mastercard",
        "repair_days": 14,
        "wholesale_from": 50,
        "wholesale_url": "https://shop.example/wholesale",
        "warranty_months": 24,
    },
    "shipping": {
        "country": "DE",
        "methods": [
            {"name": "DHL Parcel", "price": "4.90", "currency": "EUR", "days_min": 2, "days_max": 4},
            {"name": "DHL Express", "price": "12.90", "currency": "EUR", "days_min": 1, "days_max": 1},
        ],
    },
    "customs": {"country": "CH", "paid_by": "customer", "seen_low": 8, "seen_high": 12},
    "offers": [
        {
            "name": "Linen week",
            "discount": "-15 %",
            "benefit": "all shirts",
            "benefit2": "in every size",
            "url": "https://shop.example/linen-week",
            "ends_on": "2026-11-30",
        },
        {"name": "LINEN20", "discount": "-20 %", "url": "https://shop.example/linen20", "ends_on": "2026-12-06"},
    ],
    "product": {
        "title": "Linen shirt",
        "url": "https://shop.example/shirt",
        "details": "100 % linen; 40 °C",
        "stock": 12,
        "restock_on": "2026-12-01",
        "price": "59.00",
        "currency": "EUR",
        "size_chart_url": "https://shop.example/shirt#sizes",
        "sizes": [
            {"size": "M", "measures": "104 / 72 cm"},
            {"size": "L", "measures": "110 / 74 cm"},
        ],
    },
    "size_table": [{"eu": "38", "us": "8", "uk": "10", "jp": "11"}, {"eu": "40", "us": "10", "uk": "12", "jp": "13"}],
    "compensation": {"offer": "10 %", "after_days": 7},
    "promise": {"by": "2026-11-24", "hours": 48},
    "asked": {
        "unknown_number": "#9999",
        "has_photo": True,
        "size": "M",
        "colour": "blue",
        "product": "Linen shirt",
        "reason": "too_small",
        "country": "DE",
        "quantity": 200,
        "company": "Nordic Rooms AB",
    },
}

# Path to sample, as `read_facts` tells them: dates as text.
SAMPLES: dict[str, object] = flatten(_TREE)
# The patterns: `parcels.*.carrier`.
KNOWN = frozenset(general(path) for path in SAMPLES)
