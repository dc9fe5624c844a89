"""A shop's event becomes the right mail: signed webhooks in, Postfix out, and the customer's answer back in."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from mailer.clock import SystemClock
from mailer.replies.close import close_answered
from tests.faults.flow_campaign import at_once, with_facts
from tests.rigs.fixtures import HASTY_OUTBOUND, ShopMaker
from tests.rigs.letters import letter
from tests.rigs.shop import Shop

pytestmark = pytest.mark.journey

SECRET = "hush"
LIVE = ("shipping_notice", "review_invitation", "satisfaction_survey")


@pytest.fixture
def shop(make_shop: ShopMaker) -> Shop:
    made = make_shop(
        outbound=HASTY_OUTBOUND | {"automatic_per_hour": "0", "canary": "0"},
        sections={"sources.storefront": {"kind": "shopify", "secrets": SECRET}},
    )
    config = made.folder / "config.toml"
    config.write_text(with_facts(config.read_text(), made))
    for path in (made.folder / "schedules" / "flows").glob("*.toml"):
        if path.stem in LIVE:
            path.write_text(at_once(path.read_text()))
    made.run("--web")
    return made


def tell(shop: Shop, topic: str, payload: dict[str, Any], *, key: str, secret: str = SECRET) -> int:
    """A webhook as Shopify sends it; the status of the answer."""
    body = json.dumps(payload).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signature, "X-Shopify-Webhook-Id": key}
    address = f"http://127.0.0.1:{shop.public_port}/hooks/storefront"
    return httpx2.post(address, content=body, headers=headers).status_code


def order(shop: Shop, number: int = 1001, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": 5000 + number,
        "name": f"#{number}",
        "email": shop.customer("ana"),
        "customer_locale": "en",
        "currency": "EUR",
        "total_price": "59.00",
        "financial_status": "paid",
        "created_at": (now - timedelta(hours=3)).isoformat(),
        "updated_at": (now - timedelta(hours=3)).isoformat(),
        "customer": {"first_name": "Ana", "last_name": "Ruiz"},
        "shipping_address": {"country_code": "FR"},
        "line_items": [{"id": 9, "title": "Linen shirt", "sku": "LS-M", "quantity": 1}],
    } | more


def parcel(number: int = 1001) -> dict[str, Any]:
    shipped = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    tracking = {"tracking_company": "DHL", "tracking_number": f"JD{number}"}
    return {"id": 88, "order_id": 5000 + number, "status": "success", "created_at": shipped, **tracking}


def delivered(number: int = 1001) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {"id": 900, "fulfillment_id": 88, "order_id": 5000 + number, "status": "delivered", "happened_at": at}


def mails(shop: Shop, subject: str) -> list[Any]:
    """What Postfix took with these words in its subject."""
    return [one for one in shop.accepted() if re.search(subject, str(one.mail["Subject"]), re.IGNORECASE)]


def flow_of(shop: Shop, name: str) -> list[Any]:
    return [one for one in shop.accepted() if str(one.mail["Feedback-ID"] or "").startswith(f"{name}:")]


def test_webhooks_become_one_shipping_notice_and_one_invitation_that_a_question_holds(shop: Shop) -> None:
    assert tell(shop, "orders/create", order(shop), key="w1", secret="wrong") == 401
    # Shuffled, as platforms do: the parcel before its order; and each of them twice.
    for _ in range(2):
        assert tell(shop, "fulfillments/create", parcel(), key="w2") == 200
        assert tell(shop, "orders/create", order(shop), key="w1") == 200
    notice = shop.wait(lambda: flow_of(shop, "shipping_notice"), within=30, what="the shipping notice", every=0.3)[0]
    assert notice.recipient == shop.customer("ana")
    assert notice.mail["Auto-Submitted"] == "auto-generated"
    assert b"JD1001" in notice.data

    # The customer asks for something in an answer to it: that conversation knows the order, and holds what would come.
    asked = letter(
        shop.customer("ana"),
        text="Hello,\n\ncould you please send me the invoice for my order?\n\nAna\n",
        In_Reply_To=notice.message_id,
    )
    shop.dovecot.deliver(shop.mailbox, asked)
    shop.draft_for(asked)
    assert shop.rows("SELECT order_id IS NOT NULL FROM conversation WHERE flow_key = 'order:1'") == [(1,)]
    assert tell(shop, "fulfillment_events/create", delivered(), key="w3") == 200
    shop.wait(
        lambda: shop.rows("SELECT 1 FROM enrollment WHERE flow = 'review_invitation' AND state = 'paused'"),
        within=30,
        what="the invitation is held",
    )
    assert flow_of(shop, "review_invitation") == []
    why = shop.mailer("why", "1001").stdout
    assert "conversation" in why
    assert "review_invitation" in why

    # It is answered and settled; then the invitation goes, once, with a way out.
    # The delivery is news for the draft too: it is approved as it reads afterwards.
    shop.wait(
        lambda: shop.approve_all() or shop.states("conversation").get("waiting"), within=30, what="a draft is approved"
    )
    shop.wait(lambda: shop.states("conversation").get("waiting"), within=30, what="the answer is sent")
    _close_conversations(shop)
    invitation = shop.wait(lambda: flow_of(shop, "review_invitation"), within=45, what="the invitation", every=0.3)[0]
    assert invitation.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = re.search(r"<(http[^>]+)>", str(invitation.mail["List-Unsubscribe"]))
    assert way_out is not None

    # Looking at the way out changes nothing; one click without cookie or page does.
    assert httpx2.get(way_out[1]).status_code == 200
    assert shop.count("SELECT count(*) FROM suppression") == 0
    done = httpx2.post(way_out[1], data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, done.content) == (200, b"")
    assert shop.count("SELECT count(*) FROM suppression WHERE cause = 'opt_out'") >= 1
    assert shop.count("SELECT count(*) FROM delivery WHERE kind = 'feedback' AND state = 'queued'") == 0
    timeline = shop.mailer("orders", "show", "1001").stdout
    assert "JD1001" in timeline
    assert "review_invitation" in timeline


def _close_conversations(shop: Shop) -> None:
    """As the job does after three days without a word."""
    shop.database.run_here(close_answered, after=timedelta(0), now=SystemClock().now())
