"""What happened to a passage, in words: the past that `mailer why` prints."""

from datetime import datetime

from sqlmodel import Session

from mailer.model import Enrollment, EnrollmentNote


def note(session: Session, enrollment: Enrollment, what: str, reason: str, *, step: str = "", now: datetime) -> None:
    """Keep what held a passage, moved it or let it go on."""
    session.add(EnrollmentNote(enrollment_id=enrollment.id or 0, at=now, what=what, step=step, reason=reason))
