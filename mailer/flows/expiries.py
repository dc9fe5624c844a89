"""After how long a step of a flow is not worth sending any more."""

from datetime import timedelta

from mailer.config import Settings
from mailer.flows.parse import read_flows


def expiries(settings: Settings) -> dict[tuple[str, str], timedelta]:
    """By flow and step, of the files as they are now."""
    flows, _ = read_flows(settings.flows.directory)
    return {(flow.id, step.id): step.expires for flow in flows.values() for step in flow.steps if step.expires}
