"""A mail to ourselves that nobody takes, or that nobody lets us look for, is an alarm until the next one passes."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.demo.servers import MailServer
from mailer.errors import ConfigError
from mailer.health.advice import advice
from mailer.health.doctor import keep, probe
from mailer.health.verdict import Finding
from mailer.model import Alarm, Probe, open_alarms
from tests.health.test_check import CARE, server, shop

__all__ = ["server"]

SHORT = timedelta(seconds=2)


def alarms(session: Session) -> list[Alarm]:
    return list(open_alarms(session))


async def test_a_relay_that_refuses_is_an_alarm_with_what_to_do(
    tmp_path: Path, db: Database, clock: FrozenClock, server: MailServer
) -> None:
    made = await probe(db, clock, shop(tmp_path, server, password="wrong"), "support", patience=SHORT)
    assert [one["name"] for one in made.findings] == ["relay"]
    assert made.arrived_at is None
    [alarm] = await db.read(alarms)
    assert (alarm.kind, alarm.subject) == ("doctor", "support")
    assert alarm.words.startswith("relay: it did not take the mail; see what `mailer check` says of it. ")
    assert "The relay refuses our login." in alarm.words
    assert "the relay's or the mailbox's login" in advice(alarm.kind)


async def test_a_relay_that_does_not_answer_is_one_too(tmp_path: Path, db: Database, clock: FrozenClock) -> None:
    await probe(db, clock, shop(tmp_path, None), "support", patience=SHORT)
    [alarm] = await db.read(alarms)
    assert "The relay does not answer." in alarm.words


@pytest.mark.parametrize(("changes", "said"), [({"password": "wrong"}, "did not let us in"), ({"port": 9}, "refused")])
async def test_a_mailbox_that_refuses_is_an_alarm(
    tmp_path: Path, db: Database, clock: FrozenClock, server: MailServer, changes: dict[str, Any], said: str
) -> None:
    made = await probe(db, clock, shop(tmp_path, server, mailbox=changes), "support", patience=SHORT)
    assert [one["name"] for one in made.findings] == ["mailbox"]
    [alarm] = await db.read(alarms)
    assert alarm.words.startswith("mailbox: we cannot look into it; see what `mailer check` says of it. ")
    assert said in alarm.words


async def test_the_next_mail_that_passes_settles_it(
    tmp_path: Path, db: Database, clock: FrozenClock, server: MailServer
) -> None:
    await probe(db, clock, shop(tmp_path, None), "support", patience=SHORT)
    found = await probe(db, clock, shop(tmp_path, server), "support", to=CARE, patience=timedelta(seconds=20))
    assert found.folder == "INBOX"
    well = [{**one, "ok": True} for one in found.findings]
    await db.run(keep, Probe(mailbox="other", sent_at=clock.now(), findings=well), now=clock.now())
    assert len(await db.read(alarms)) == 1
    await db.run(keep, Probe(mailbox="support", sent_at=clock.now(), findings=well), now=clock.now())
    assert await db.read(alarms) == []


async def test_what_cannot_be_known_is_no_alarm(db: Database, clock: FrozenClock) -> None:
    unknown = [asdict(Finding("SPF", None, "not known"))]
    await db.run(keep, Probe(mailbox="support", sent_at=clock.now(), findings=unknown), now=clock.now())
    assert await db.read(alarms) == []


async def test_a_mailbox_that_does_not_exist_is_a_mistake(tmp_path: Path, db: Database, clock: FrozenClock) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        await probe(db, clock, shop(tmp_path, None), "none")
