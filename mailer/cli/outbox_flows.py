"""What `mailer outbox` asks of flows: whether one exists."""

from sqlmodel import Session, select

from mailer.errors import NotFound
from mailer.model import Enrollment, FlowText


def known_flow(session: Session, flow: str) -> None:
    """Raises NotFound for a flow that was never in service and that nobody passes through."""
    passing = select(Enrollment.id).where(Enrollment.flow == flow).limit(1)
    if session.get(FlowText, flow) is None and session.exec(passing).first() is None:
        raise NotFound(f"there is no flow {flow}; `mailer flows list` names them")
