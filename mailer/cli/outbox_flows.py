"""What `mailer outbox` asks of flows: whether one exists, and how long their steps are worth sending."""

from datetime import timedelta

from sqlmodel import Session, select

from mailer.config import Settings
from mailer.errors import NotFound
from mailer.flows.parse import read_flows
from mailer.model import Enrollment, FlowText


def known_flow(session: Session, flow: str) -> None:
    """Raises NotFound for a flow that was never in service and that nobody passes through."""
    passing = select(Enrollment.id).where(Enrollment.flow == flow).limit(1)
    if session.get(FlowText, flow) is None and session.exec(passing).first() is None:
        raise NotFound(f"there is no flow {flow}; `mailer flows list` names them")


def expiries(settings: Settings) -> dict[tuple[str, str], timedelta]:
    """After how long a step is not worth sending any more, by flow and step."""
    flows, _ = read_flows(settings.flows.directory)
    return {(flow.id, step.id): step.expires for flow in flows.values() for step in flow.steps if step.expires}
