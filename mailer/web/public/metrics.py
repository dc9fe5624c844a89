"""GET /metrics: how much lies where, for Prometheus."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from mailer.health.status import Status, status
from mailer.model import ConversationState, DeliveryState, RawMailState
from mailer.web.door import Door, door, is_local
from mailer.web.tokens import Scope, allows

router = APIRouter()

Here = Annotated[Door, Depends(door)]


@router.get("/metrics")
async def show_metrics(request: Request, here: Here) -> Response:
    """The figures in Prometheus' text form; from this machine, or with a token of scope `metrics`."""
    if not is_local(request, here.settings.web.console_url):
        authorization = request.headers.get("authorization", "")
        if not await here.db.read(allows, authorization, Scope.METRICS, now=here.clock.now()):
            return PlainTextResponse("needs a token of scope metrics\n", 401, {"www-authenticate": "Bearer"})
    found = await here.db.read(status, now=here.clock.now())
    return Response(exposition(found), media_type=CONTENT_TYPE_PLAIN_0_0_4)


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
