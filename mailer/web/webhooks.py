"""What an admin sees of the sources that deliver to us: address, secret, last deliveries, what was turned away."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.config import Settings
from mailer.model import PollCursor, Refusal, SourcePayload

_LAST = 10


@dataclass(frozen=True)
class SourceDoor:
    """One source, or what came under a name that no source has."""

    name: str
    kind: str
    address: str
    secrets: int
    deliveries: Sequence[SourcePayload]
    refusals: Sequence[Refusal]
    cursor: PollCursor | None


def doors(session: Session, settings: Settings) -> list[SourceDoor]:
    """Every [sources.NAME], and last what was turned away under other names."""
    refusals = session.exec(select(Refusal).order_by(col(Refusal.last_at).desc())).all()
    found = [
        SourceDoor(
            name=name,
            kind=source.kind,
            address=f"{settings.web.public_url or f'http://{settings.web.public_listen}'}/hooks/{name}",
            secrets=len(source.secrets),
            deliveries=_last_of(session, name),
            refusals=[one for one in refusals if one.source == name],
            cursor=session.get(PollCursor, name),
        )
        for name, source in settings.sources.items()
    ]
    strangers = [one for one in refusals if one.source not in settings.sources]
    return [*found, *([SourceDoor("", "", "", 0, [], strangers, None)] if strangers else [])]


def _last_of(session: Session, name: str) -> Sequence[SourcePayload]:
    wanted = select(SourcePayload).where(SourcePayload.source == name)
    return session.exec(wanted.order_by(col(SourcePayload.id).desc()).limit(_LAST)).all()
