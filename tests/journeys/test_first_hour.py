"""A stranger's first hour, on a real Dovecot with TLS and a real Postfix with STARTTLS and AUTH."""

import re
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from typing import Any

import pytest

from tests.rigs.dovecot import Dovecot
from tests.rigs.fixtures import HASTY_INBOUND
from tests.rigs.letters import Letter, answer_to, letter
from tests.rigs.postfix import Postfix
from tests.rigs.shop import AGENT, Plan, Shop

pytestmark = pytest.mark.journey

ORDERS = """\
order_number,email,placed_at,customer_name,item_title,item_variant,quantity,tracking_number,carrier,tracking_url,shipped_at,parcel_state,parcel_state_at,expected_on
#1001,{ana},2026-11-16T09:00:00+01:00,Ana Costa,Linen shirt,M,2,JD014,DHL,https://track.example/JD014,2026-11-18T08:00:00Z,in_transit,2026-11-20T08:15:00Z,2026-11-27
#1002,{ben},2026-11-19T09:00:00+01:00,Ben Okri,Linen scarf,,1,,,,,,,
#1003,{cleo},2026-11-02T09:00:00+01:00,Cleo Marsh,Linen dress,S,1,JD015,DHL,https://track.example/JD015,2026-11-03T08:00:00Z,delivered,2026-11-09T11:20:00Z,
"""


@pytest.fixture(scope="module")
def shop(dovecot: Dovecot, postfix: Postfix) -> Iterator[Shop]:
    """The folder after the README's first hour, up to the running daemon; each step is checked on the way."""
    plan = Plan(dovecot.ports.imaps, postfix.login_port, dovecot.ca_file, smtp_login=True, inbound=HASTY_INBOUND)
    shop = Shop(dovecot, postfix, plan)
    _first_hour(shop)
    yield shop
    shop.close()


def _first_hour(shop: Shop) -> None:
    shop.mailer("init")
    assert (shop.folder / "mailer.key").stat().st_mode & 0o777 == 0o600
    assert shop.mailer("check", code=None).returncode != 0, "the placeholders of a fresh config.toml are no servers"
    shop.write_config()
    link = shop.mailer("users", "add", AGENT, "--role", "admin").stdout
    assert re.search(r"http://127\.0\.0\.1:\d+/\S+", link)
    names = {name: shop.customer(name) for name in ("ana", "ben", "cleo")}
    (shop.folder / "orders.csv").write_text(ORDERS.format(**names))
    shop.mailer("orders", "import", "orders.csv")
    shop.mailer("check")
    shop.run("--no-web")


def _reply(shop: Shop, mail: Letter) -> EmailMessage:
    """The draft for this mail is approved; the mail as it lies with the customer."""
    shop.answer(mail)
    return _in_the_maildir(shop, mail)


def _in_the_maildir(shop: Shop, mail: Letter) -> EmailMessage:
    arrived: list[EmailMessage] = shop.wait(
        lambda: _arrived(shop, mail), within=30, what="the reply lies in the customer's Maildir"
    )
    assert len(arrived) == 1
    return arrived[0]


def _arrived(shop: Shop, mail: Letter) -> list[EmailMessage]:
    found = [BytesParser(policy=SMTP).parsebytes(taken.data) for taken in shop.accepted()]
    return [one for one in found if isinstance(one, EmailMessage) and one["In-Reply-To"] == mail.message_id]


def _words(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_customer_who_asks_for_their_order_has_the_answer_in_their_thread(shop: Shop) -> None:
    mail = shop.ask("ana", "#1001", subject="Where is my order #1001?")
    shop.draft_for(mail)
    assert shop.customer("ana") in shop.mailer("queue").stdout
    conversation = str(_conversation(shop, mail.message_id))
    assert "JD014" in shop.mailer("show", conversation).stdout
    shop.mailer("approve", conversation, "--as", AGENT)
    reply = _in_the_maildir(shop, mail)
    assert reply["To"].addresses[0].addr_spec == shop.customer("ana")
    assert reply["From"] == "Linen & Co <care@shop.test>"
    assert reply["Subject"] == "Re: Where is my order #1001?"
    assert reply["References"].split() == [mail.message_id]
    for kind in ("plain", "html"):
        assert "#1001" in _words(reply, kind)
        assert "JD014" in _words(reply, kind)
    assert "https://track.example/JD014" in _words(reply)
    _is_a_persons_mail(reply)
    _is_what_was_approved(shop, reply)
    assert shop.mailer("status", code=None).stdout


def _is_a_persons_mail(reply: EmailMessage) -> None:
    """One of each header that signers and threads live by, and none of those by which machines know machines."""
    for name in ("Message-ID", "Date", "From", "To", "Subject", "In-Reply-To", "References", "MIME-Version"):
        assert len(reply.get_all(name, [])) == 1, name
    for name in ("Auto-Submitted", "Precedence", "List-Id", "Bcc", "Sender", "DKIM-Signature", "X-Mailer"):
        assert name not in reply
    assert reply["Message-ID"].endswith("@shop.test>")


def _is_what_was_approved(shop: Shop, reply: EmailMessage) -> None:
    """What the relay took ends with the very bytes that lie in our table."""
    query = "SELECT packed FROM blob JOIN message ON message.sha256 = blob.sha256 WHERE internet_message_id = :id"
    frozen = zlib.decompress(shop.rows(query, id=str(reply["Message-ID"]))[0][0]).replace(b"\r\n", b"\n")
    taken = next(mail.data for mail in shop.accepted() if mail.message_id == reply["Message-ID"])
    assert taken.endswith(frozen)


def test_an_order_not_shipped_and_one_delivered_get_their_own_words(shop: Shop) -> None:
    waiting = _reply(shop, shop.ask("ben", "#1002"))
    assert "not shipped" in _words(waiting)
    delivered = _reply(shop, shop.ask("cleo", "#1003"))
    assert "delivered" in _words(delivered)


def test_without_an_order_number_the_senders_own_order_is_found(shop: Shop) -> None:
    reply = _reply(shop, shop.ask("ben"))
    assert "#1002" in _words(reply)


def test_with_a_wrong_order_number_the_senders_own_order_is_told_and_the_number_named(shop: Shop) -> None:
    reply = _reply(shop, shop.ask("ben", "#77123"))
    assert "#1002" in _words(reply)
    assert "77123" in _words(reply)


def test_a_stranger_who_asks_for_an_order_of_somebody_else_learns_nothing(shop: Shop) -> None:
    reply = _reply(shop, shop.ask("mallory", "#1001", name="Ana Costa"))
    for kind in ("plain", "html"):
        for secret in ("1001", "JD014", "DHL", "Linen shirt", "27", shop.customer("ana")):
            assert secret not in _words(reply, kind)
    assert reply["To"].addresses[0].addr_spec == shop.customer("mallory")


def test_a_reply_to_address_gets_nothing(shop: Shop) -> None:
    reply = _reply(shop, shop.ask("ana", "#1001", Reply_To=shop.customer("mallory")))
    assert reply["To"].addresses[0].addr_spec == shop.customer("ana")


# Gmail names the whole chain and keeps the subject; Outlook and Apple Mail are content with the last two.
CLIENTS = {
    "Gmail": {"In_Reply_To": "last", "References": "all"},
    "Outlook": {"In_Reply_To": "last", "References": "last"},
    "Apple Mail": {"References": "all"},
    "a phone that only says In-Reply-To": {"In_Reply_To": "last"},
}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_customers_answer_to_our_mail_joins_its_conversation(shop: Shop, client: str) -> None:
    first = shop.ask("ana", "#1001", subject="Order 1001")
    ours = _reply(shop, first)
    chain = {"all": f"{first.message_id} {ours['Message-ID']}", "last": str(ours["Message-ID"])}
    headers: dict[str, Any] = {name: chain[which] for name, which in CLIENTS[client].items()}
    text = "Thank you, but where is my order now?\n\n> Your order #1001 is on its way\n"
    again = letter(shop.customer("ana"), "RE: Order 1001", text, **headers)
    shop.dovecot.deliver(shop.mailbox, again)
    second = _reply(shop, again)
    assert _conversation(shop, again.message_id) == _conversation(shop, first.message_id)
    assert second["Subject"] == "RE: Order 1001"
    assert second["References"].split()[-1] == again.message_id
    assert str(ours["Message-ID"]) in second["References"].split()


def test_the_chain_grows_with_every_turn_and_begins_with_the_first_mail(shop: Shop) -> None:
    first = shop.ask("ana", "#1001")
    ours = _reply(shop, first)
    again = answer_to(ours, shop.customer("ana"), "Where is my order now?\n")
    shop.dovecot.deliver(shop.mailbox, again)
    second = _reply(shop, again)
    assert second["References"].split() == [first.message_id, str(ours["Message-ID"]), again.message_id]


def test_nobody_joins_a_conversation_of_another(shop: Shop) -> None:
    first = shop.ask("ana", "#1001")
    ours = _reply(shop, first)
    intruder = answer_to(ours, shop.customer("mallory"), "Where is my order?\n")
    shop.dovecot.deliver(shop.mailbox, intruder)
    shop.draft_for(intruder)
    assert _conversation(shop, intruder.message_id) != _conversation(shop, first.message_id)


def _conversation(shop: Shop, message_id: str) -> int:
    query = "SELECT conversation_id FROM message WHERE internet_message_id = :id"
    return int(shop.rows(query, id=message_id)[0][0])


def test_sigterm_ends_the_daemon_at_once_and_status_knows_what_happened(shop: Shop) -> None:
    code, seconds = shop.daemon.terminate()
    assert code == 0, shop.daemon.log()
    assert seconds < 5
    status = shop.mailer("status", code=None).stdout
    assert "support" in status
    shop.run("--no-web")
