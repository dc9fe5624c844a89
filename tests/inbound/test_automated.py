"""Machines give themselves away by headers; people never do, whatever list or phone their mail comes through."""

import pytest

from mailer.inbound.automated import automation
from mailer.model import Route


@pytest.mark.parametrize(
    ("headers", "route"),
    [
        ({"content-type": "multipart/report; report-type=delivery-status"}, Route.BOUNCE),
        ({"content-type": "Multipart/Report; boundary=x"}, Route.BOUNCE),
        ({"content-type": 'multipart/report; report-type="feedback-report"'}, Route.COMPLAINT),
        ({"auto-submitted": "auto-replied"}, Route.NONE),
        ({"auto-submitted": "auto-generated; type=x"}, Route.NONE),
        ({"auto-submitted": "Auto-Notified"}, Route.NONE),
        ({"return-path": "<>"}, Route.NONE),
        ({"return-path": " < > "}, Route.NONE),
        ({"x-autoreply": "yes"}, Route.NONE),
        ({"x-autorespond": "Out of office"}, Route.NONE),
        ({"x-autoresponder": "1"}, Route.NONE),
        ({"precedence": "auto_reply"}, Route.NONE),
    ],
)
def test_a_machines_mail_is_known_by_its_headers(headers: dict[str, str], route: Route) -> None:
    found = automation(headers)
    assert found is not None
    assert found[0] == route
    assert found[1]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"auto-submitted": "no"},
        {"auto-submitted": "No ; reason=x"},
        {"auto-submitted": ""},
        {"return-path": "<ana@customer.test>"},
        {"precedence": "bulk"},
        {"precedence": "list"},
        {"list-id": "<care.shop.test>"},
        {"x-auto-response-suppress": "All"},
        {"x-autoreply": "no"},
        {"subject": "Out of office"},
        {"content-type": "multipart/mixed; boundary=x"},
        {"content-type": "text/plain"},
    ],
)
def test_a_persons_mail_is_never_taken_for_a_machines(headers: dict[str, str]) -> None:
    assert automation(headers) is None
