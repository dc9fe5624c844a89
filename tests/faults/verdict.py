"""What the end of a campaign must show, counted from outside: Dovecot's bytes, Postfix's Maildir, and the rows."""

from collections import Counter

from tests.rigs.machine import sha256
from tests.rigs.shop import Shop


def every_mail_once(shop: Shop, *, expected: int) -> None:
    """Each mail in the mailbox is one RawMail row and one Message row with the SHA-256 of the server's bytes."""
    on_server = Counter(sha256(data) for data in shop.dovecot.mails(shop.mailbox).values())
    stored = Counter(row[0] for row in shop.rows("SELECT sha256 FROM raw_mail"))
    read = Counter(row[0] for row in shop.rows("SELECT sha256 FROM message WHERE direction = 'in'"))
    assert sum(on_server.values()) == expected
    assert stored == on_server
    assert read == on_server


def every_reply_once(shop: Shop) -> Counter[str]:
    """Each delivery that is `sent` lies with Postfix once, an `unknown` one at most once and with its reason.

    Returns how many deliveries ended in which state.
    """
    taken = Counter(mail.message_id for mail in shop.accepted())
    query = """
        SELECT message.internet_message_id, delivery.state, delivery.reason
        FROM delivery JOIN message ON message.id = delivery.message_id
    """
    deliveries = shop.rows(query)
    for message_id, state, reason in deliveries:
        match state:
            case "sent":
                assert taken[message_id] == 1, f"{message_id} is sent, and Postfix took it {taken[message_id]} times"
            case "unknown":
                assert taken[message_id] <= 1, f"{message_id} is unknown, and Postfix took it twice"
                assert reason, f"{message_id} is unknown without a reason"
            case _:
                assert taken[message_id] == 0, f"{message_id} is {state}, and Postfix took it"
    assert set(taken) <= {message_id for message_id, _, _ in deliveries}, "Postfix took a mail that is no delivery"
    return Counter(state for _, state, _ in deliveries)


def every_approval_once(shop: Shop) -> None:
    """Each approved draft has one delivery that was not taken back, and no customer has two mails."""
    query = """
        SELECT draft.id, count(delivery.id) FROM draft LEFT JOIN delivery
        ON delivery.draft_id = draft.id AND delivery.state <> 'canceled'
        WHERE draft.state = 'approved' GROUP BY draft.id
    """
    assert {count for _, count in shop.rows(query)} <= {1}
    recipients = Counter(mail.recipient for mail in shop.accepted())
    assert [customer for customer, count in recipients.items() if count > 1] == []
