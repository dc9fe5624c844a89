"""What happened, said once: any room writes an Event in the transaction of what made it happen."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from mailer.db import insert_once
from mailer.model import Event


def record_event(
    session: Session,
    kind: str,
    subject: tuple[str, int],
    *,
    key: str,
    order_id: int | None = None,
    address: str = "",
    at: datetime,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> bool:
    """Write a fact about a subject ("order", 17) unless its key is there already; whether it was new.

    `at` is when it happened, `now` when we learnt it. `order_id` and `address` say whom it concerns.
    """
    subject_kind, subject_id = subject
    event = Event(
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        order_id=order_id,
        address=address.lower(),
        key=key,
        occurred_at=at,
        recorded_at=now,
        data=data or {},
    )
    return insert_once(session, event)
