"""`mailer doctor` on a real Postfix and Dovecot: the mail is sent, found again and judged, and starts nothing."""

import pytest

from mailer.model import Probe, open_alarms
from tests.rigs.fixtures import ShopMaker

pytestmark = pytest.mark.journey


def test_a_mail_to_ourselves_is_found_and_judged(make_shop: ShopMaker) -> None:
    shop = make_shop(address="doctor-probe@loop.test")
    done = shop.mailer("doctor", "--to", shop.mailbox, "--wait", "30", code=None)
    assert done.returncode == 1, done.stderr
    assert "ok    folder     it lay in INBOX" in done.stdout
    # Nothing signs on this line, and no server says what it thinks of us.
    assert "FAIL  alignment  no DKIM signature" in done.stdout
    assert "?     SPF        the server's word on it is not known (authserv_id is not set)" in done.stdout
    made = shop.database.read_here(lambda session: session.get_one(Probe, 1))
    assert made.folder == "INBOX"
    assert [alarm.kind for alarm in shop.database.read_here(open_alarms)] == ["doctor"]


def test_a_mail_that_does_not_arrive_is_told(make_shop: ShopMaker) -> None:
    shop = make_shop(address="doctor-elsewhere@loop.test")
    done = shop.mailer("doctor", "--to", shop.customer("ana"), "--wait", "4", code=None)
    assert done.returncode == 1
    assert "FAIL  arrival    it was not found within 4 s" in done.stdout
