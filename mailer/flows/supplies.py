"""What a flow can tell a mail, by what it is about: the parcel, the delay, the return, a coupon, the links."""

from collections.abc import Iterable, Iterator

from mailer.flows.definition import Flow, Step

# The roots that only a passage of such a subject has facts for.
_ABOUT = {"shipment": ("shipment", "delay"), "delay": ("delay",), "return": ("return",)}
_OPINIONS = ("feedback", "marketing")


def never_told(flows: Iterable[Flow], key: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of these facts, those that no flow which sends `lifecycle/KEY` can know, each with the reason.

    Nothing for a mail that no flow sends.
    """
    senders = [(flow, step) for flow in flows for step in flow.steps if step.send == key]
    for path in paths if senders else ():
        reasons = [_never(flow, step, path) for flow, step in senders]
        if all(reasons):
            yield path, reasons[0]


def _never(flow: Flow, step: Step, path: str) -> str:
    """Why this step cannot know it; empty when it can."""
    root, _, name = path.partition(".")
    if root == "asked":
        return "only answers to customers know what was asked"
    if root in _ABOUT and flow.trigger.per not in _ABOUT[root]:
        return f'the flow {flow.id} is about one {flow.trigger.per}, and only flows with per = "{root}" know it'
    if root == "coupon" and not step.coupon:
        return f"the flow {flow.id} gives no coupon at this step"
    return _never_linked(flow, name) if root == "links" else ""


def _never_linked(flow: Flow, name: str) -> str:
    per = flow.trigger.per
    if name in ("wait", "cancel") and per != "delay":
        return f'the flow {flow.id} is about one {per}; this link needs per = "delay"'
    if name.startswith("unsubscribe") and flow.kind not in _OPINIONS:
        return f"the flow {flow.id} is {flow.kind}, and such mails have no way out"
    return ""
