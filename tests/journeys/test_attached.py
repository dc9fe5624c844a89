"""A size chart from the folder of the templates to the customer's mailbox: by Postfix, byte for byte, both lines."""

import os
import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx2
import pytest

from mailer.signing import digest
from tests.faults.flow_campaign import at_once, with_facts
from tests.journeys.test_second_line import SECRET, flow_of, order, parcel, tell
from tests.rendering.pdfs import packed, pdf
from tests.rigs.fixtures import HASTY_OUTBOUND, ShopMaker
from tests.rigs.shop import Shop

pytestmark = pytest.mark.journey

NOTICE, REPLY = "lifecycle/shipping_notice.en.html", "replies/order_status.en.md"
# Bytes that no line of text holds, and more than a mail is usually long.
DATA = pdf(packed(os.urandom(300_000)))
SHA256 = digest(DATA)


@pytest.fixture
def shop(make_shop: ShopMaker) -> Shop:
    made = make_shop(
        outbound=HASTY_OUTBOUND | {"automatic_per_hour": "0", "canary": "0"},
        sections={"sources.storefront": {"kind": "shopify", "secrets": SECRET}},
    )
    config = made.folder / "config.toml"
    config.write_text(with_facts(config.read_text(), made))
    notice = made.folder / "schedules" / "flows" / "shipping_notice.toml"
    notice.write_text(at_once(notice.read_text()))
    templates = made.folder / "templates"
    folder = templates / "attachments" / SHA256
    folder.mkdir(parents=True)
    (folder / "Größen.pdf").write_bytes(DATA)
    with (templates / NOTICE).open("a", encoding="utf-8") as file:
        file.write(f'<p><a href="attached:{SHA256}/Größen.pdf">Size chart</a></p>\n')
        file.write(f'<p><a href="linked:{SHA256}/Größen.pdf">Size chart</a></p>\n')
    with (templates / REPLY).open("a", encoding="utf-8") as file:
        file.write(f"\n[Size chart](attached:{SHA256}/Größen.pdf)\n")
    made.mailer("templates", "check")
    made.run("--web")
    return made


def read(data: bytes) -> EmailMessage:
    return message_from_bytes(data, _class=EmailMessage, policy=policy.default)


def carried(mail: EmailMessage) -> list[tuple[str | None, bytes]]:
    return [(one.get_filename(), one.get_payload(decode=True)) for one in mail.iter_attachments()]


def test_a_pdf_arrives_as_it_lay_in_the_folder(shop: Shop) -> None:
    assert tell(shop, "orders/create", order(shop), key="w1") == 200
    assert tell(shop, "fulfillments/create", parcel(), key="w2") == 200
    notice = shop.wait(lambda: flow_of(shop, "shipping_notice"), within=60, what="the shipping notice", every=0.3)[0]
    mail = read(notice.data)
    assert carried(mail) == [("Größen.pdf", DATA)]
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "Size chart (Größen.pdf)" in text
    (link,) = re.findall(r"<(http\S+/files/\S+)>", text)
    given = httpx2.get(link)
    assert (given.status_code, given.content) == (200, DATA)
    assert given.headers["content-disposition"].startswith("attachment;")

    asked = shop.ask("ana", "#1001")
    shop.wait_delivery(shop.answer(asked), "sent")
    mails = [read(one.data) for one in shop.accepted()]
    answers = [one for one in mails if one["In-Reply-To"] == asked.message_id and one["Auto-Submitted"] is None]
    assert [carried(one) for one in answers] == [[("Größen.pdf", DATA)]]
