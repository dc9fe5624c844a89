"""A small flow for tests, and the way to change a line of it."""

from mailer.flows.definition import Flow
from mailer.flows.parse import parse_flow

SMALL = """\
name = "Small"
status = "live"
kind = "feedback"
[trigger]
event = "order.delivered"
per = "order"
[enter]
only_if = ["customer.mailable"]
skip_if = ["order.refunded"]
[exit]
on = ["order.canceled"]
pause = ["conversation.open"]
give_up_after = "45d"
[send]
between = "09:00-20:00"
timezone = "recipient"
cap = "1 per 24h"
[[step]]
id = "ask"
wait = "3d"
send = "review_invitation"
if = "not run.rated"
"""


def text_with(*changes: tuple[str, str]) -> str:
    """The small flow with lines changed; each has to be there."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def flow_with(*changes: tuple[str, str]) -> Flow:
    return parse_flow("small", text_with(*changes))
