"""Which facts no flow can tell a mail, and why."""

import pytest

from mailer.flows.parse import read_flows
from mailer.flows.supplies import never_told
from mailer.rendering.catalog import Catalog
from mailer.rendering.context import flatten
from tests.build import TEMPLATES

FLOWS = read_flows(TEMPLATES.parent / "schedules" / "flows")[0]


@pytest.mark.parametrize(
    ("key", "path", "why"),
    [
        ("shipping_notice", "shipment.url", ""),
        ("shipping_notice", "order.number", ""),
        ("shipping_notice", "delay.kind", "is about one shipment"),
        ("shipping_notice", "links.cancel", 'needs per = "delay"'),
        ("shipping_notice", "links.unsubscribe", "such mails have no way out"),
        ("shipping_notice", "coupon.code", "gives no coupon"),
        ("shipping_notice", "asked.size", "only answers to customers"),
        ("delay_notice", "delay.kind", ""),
        ("delay_notice", "shipment.state", ""),
        ("delay_notice", "links.cancel", ""),
        ("return_received", "return.wish", ""),
        ("review_invitation", "links.unsubscribe", ""),
        ("review_invitation", "shipment.carrier", "is about one order"),
        ("vip_month", "coupon.code", ""),
        ("sent_by_no_flow", "delay.kind", ""),
    ],
)
def test_what_a_flow_cannot_know(key: str, path: str, why: str) -> None:
    found = dict(never_told(FLOWS.values(), key, [path]))
    assert (path in found) is bool(why)
    assert why in found.get(path, "")


def test_no_shipped_mail_reads_what_its_flows_cannot_know() -> None:
    catalog = Catalog(TEMPLATES)
    for name in catalog.lifecycle():
        template = catalog.read(name)
        paths = {**flatten(template.needs), **flatten(template.optional)}
        key = name.rpartition("/")[2].partition(".")[0]
        assert list(never_told(FLOWS.values(), key, paths)) == [], name
