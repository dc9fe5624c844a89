"""How often a template was sent, and how often people wrote again after it; unknown while there are too few."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.insight.templates import FEWEST, Use, key_of, use_of_templates
from mailer.model import Delivery, DeliveryState, Draft, Message
from tests.web.build import case


def answered(
    session: Session, now: datetime, number: int, *, ago: timedelta, again: timedelta | None = None, kind: str = "reply"
) -> None:
    """A reply made from order_status that left so long ago, after which the customer wrote again after so long."""
    found = case(
        session, now, address=f"a{number}@shop.test", number=f"#{number}", received_at=now - timedelta(days=40)
    )
    session.get_one(Draft, found.draft).template = "replies/order_status.en.md"
    ours = session.get_one(Message, found.message)
    at = now - ago
    sent = Delivery(
        key=f"k{number}", message_id=found.message, draft_id=found.draft, recipient="x", state=DeliveryState.SENT
    )
    sent.kind, sent.queued_at, sent.next_attempt_at, sent.settled_at = kind, at, at, at
    session.add(sent)
    if again is not None:
        more = ours.model_dump(exclude={"id", "raw_mail_id", "internet_message_id", "received_at"})
        mail = Message(**more, internet_message_id=f"<again{number}@x>", received_at=at + again)
        session.add(mail)
    session.flush()


def test_who_writes_again_within_three_days_was_not_helped(db: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        for number in range(FEWEST):
            again = timedelta(hours=10) if number < 5 else timedelta(hours=80) if number < 9 else None
            answered(session, now, number, ago=timedelta(days=10), again=again)
        answered(session, now, 100, ago=timedelta(days=1))
        answered(session, now, 101, ago=timedelta(days=31))

    db.run_here(fill)
    use = db.read_here(use_of_templates, now=now)["replies/order_status"]
    assert (use.sent, use.judged, use.again) == (FEWEST + 1, FEWEST, 5)
    assert use.again_rate == pytest.approx(5 / FEWEST)


def test_of_few_mails_no_rate_is_told() -> None:
    assert Use(sent=FEWEST, judged=FEWEST - 1, again=3).again_rate is None


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("replies/stock.en.md", "replies/stock"),
        ("storefronts/kids/replies/stock.pt-BR.md", "replies/stock"),
        ("lifecycle/vip_month.de.html", "lifecycle/vip_month"),
        ("order_status", "replies/order_status"),
    ],
)
def test_a_file_is_its_key(template: str, key: str) -> None:
    assert key_of(template) == key
