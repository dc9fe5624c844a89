"""After how long a step of a flow is not worth sending any more."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from mailer.flows.files import in_service


def expiries(session: Session, directory: Path) -> dict[tuple[str, str], timedelta]:
    """By flow and step, of the flows in service."""
    flows = in_service(session, directory).values()
    return {(flow.id, step.id): step.expires for flow in flows for step in flow.steps if step.expires}
