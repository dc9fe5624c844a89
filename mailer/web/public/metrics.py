"""GET /metrics: how much lies where, for Prometheus."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from mailer.health.status import Status, status
from mailer.model import ConversationState, DeliveryState, RawMailState
from mailer.web.door import Door, door
from mailer.web.tokens import Scope, allows

router = APIRouter()

Here = Annotated[Door, Depends(door)]


@router.get("/metrics")
async def show_metrics(request: Request, here: Here) -> Response:
    """The figures in Prometheus' text form; from this machine, or with a token of scope `metrics`."""
    if not is_local(request, here.settings.web.console_url):
        authorization = request.headers.get("authorization", "")
        if not await here.db.read(allows, authorization, Scope.METRICS):
            return PlainTextResponse("needs a token of scope metrics\n", 401, {"www-authenticate": "Bearer"})
    found = await here.db.read(status, now=here.clock.now())
    return Response(exposition(found), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def is_local(request: Request, console_url: str) -> bool:
    """Whether this comes from this machine and from no proxy on it, through which all the world would look local."""
    proxied = console_url and not _is_loopback(urlsplit(console_url).hostname or "")
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return request.client is not None and _is_loopback(request.client.host) and not proxied and not forwarded


def exposition(found: Status) -> bytes:
    """The figures as Prometheus reads them; every state is told, also those that nothing is in."""
    registry = CollectorRegistry()
    registry.register(_Collected(found))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, found: Status) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        found = self._found
        due_at = found.next_due_at.timestamp() if found.next_due_at else 0
        yield _by_state("mailer_conversations", "Conversations by state.", ConversationState, found.conversations)
        yield _by_state("mailer_deliveries", "Outgoing mails by state.", DeliveryState, found.deliveries)
        yield _by_state("mailer_raw_mails", "Received mails by state.", RawMailState, found.raw_mail)
        yield _one("mailer_oldest_due_timestamp_seconds", "When the next answer is due, Unix time; 0 for none.", due_at)
        yield _one("mailer_overdue_conversations", "Conversations past their deadline.", found.overdue)
        yield _one("mailer_problems", "What a person must look at; /healthz says it in words.", len(found.problems))


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _by_state(name: str, words: str, states: type[StrEnum], counted: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=["state"])
    for state in states:
        family.add_metric([state.value], counted.get(state.value, 0))
    return family


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
