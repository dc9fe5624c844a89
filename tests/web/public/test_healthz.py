"""GET /healthz on both applications."""

from datetime import datetime

import pytest
from fastapi import FastAPI
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Blob, Mailbox, RawMail, RawMailState
from tests.web.conftest import browser_on


def broken_mailbox(session: Session, now: datetime) -> None:
    session.add(Mailbox(name="support", last_error="LOGIN failed", last_error_at=now))


def unread_mail(session: Session, now: datetime) -> None:
    mailbox = Mailbox(name="support", last_poll_at=now)
    session.add(mailbox)
    session.add(Blob.of("0" * 64, b"?"))
    session.flush()
    session.add(
        RawMail(
            mailbox_id=mailbox.id or 0,
            uidvalidity=1,
            uid=1,
            sha256="0" * 64,
            size=1,
            internal_date=now,
            stored_at=now,
            state=RawMailState.QUARANTINED,
        )
    )


@pytest.mark.parametrize("listener", ["console", "public"])
async def test_a_supervisor_is_told_whether_all_is_well(
    db: Database, clock: FrozenClock, request: pytest.FixtureRequest, listener: str
) -> None:
    app: FastAPI = request.getfixturevalue(listener)
    async with browser_on(app) as supervisor:
        well = await supervisor.get("/healthz")
        assert (well.status_code, well.json()) == (200, {"ok": True, "faults": [], "for_people": []})
        await db.run(broken_mailbox, clock.now())
        unwell = await supervisor.get("/healthz")
        assert unwell.status_code == 503
        assert "support" in unwell.json()["faults"][0]


async def test_work_for_people_is_no_fault_and_the_world_is_told_no_reasons(
    db: Database, clock: FrozenClock, public: FastAPI
) -> None:
    await db.run(unread_mail, clock.now())
    async with browser_on(public) as supervisor:
        well = await supervisor.get("/healthz")
        assert well.status_code == 200
        assert "quarantine" in well.json()["for_people"][0]
        from_outside = await supervisor.get("/healthz", headers={"x-forwarded-for": "203.0.113.9"})
        assert from_outside.json() == {"ok": True}
