"""The weeks before the demo: all that came was answered then, and what was handed over arrived."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from mailer.cli.setup import shipped_files
from mailer.clock import SystemClock
from mailer.demo.past import Past
from mailer.demo.people import customers
from mailer.demo.run import Wishes, _set_up
from mailer.demo.servers import mail_server
from mailer.model import Delivery, DeliveryState, Message, Role
from mailer.replies.tabs import Tab, counts
from mailer.web.auth import add_agent


def moments(session: Session) -> list[Message]:
    return list(session.exec(select(Message)))


@pytest.mark.journey
async def test_all_that_came_in_a_week_was_answered_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "")
    clock = SystemClock()
    async with mail_server("right", clock) as server:
        stage = await _set_up(tmp_path / "shop", shipped_files(), server, Wishes(None, 4.0, 1, 0), clock)
        now = clock.now()
        ana = stage.db.run_here(add_agent, "ana", Role.AGENT, now)
        came = await Past(stage.settings, stage.db, customers(), 1).live([ana], now, days=7)
        assert came >= 5
        standing = stage.db.read_here(counts)
        assert standing[Tab.TO_APPROVE] == standing[Tab.FAILED] == standing[Tab.QUARANTINE] == 0
        assert standing[Tab.CLOSED] + standing[Tab.WAITING] + standing[Tab.SENT] > 0
        mails = stage.db.read_here(moments)
        assert all(now - timedelta(days=8) < one.created_at < now for one in mails)
        sent = stage.db.read_here(lambda session: session.exec(select(Delivery.state)).all())
        assert len(server.delivered) == len(sent) and set(sent) == {DeliveryState.SENT}
        await stage.browser.close()
        stage.db.close()
