"""[sources] before the first order: can the shop's own classes be used, does each shop answer, who mails twice?"""

from collections.abc import Collection, Iterator, Mapping

from mailer.clock import Clock
from mailer.config import Settings
from mailer.errors import MailerError
from mailer.flows.definition import Flow
from mailer.orders.own_source import hooks_of
from mailer.orders.poll import probe
from mailer.rendering.catalog import LIFECYCLE, Catalog
from mailer.sources_config import SourceConfig

# What platforms send by themselves until somebody switches it off there.
BY_DEFAULT = {
    "shopify": ("order_confirmation", "shipping_notice", "refund_paid"),
    "woocommerce": ("order_confirmation", "shipping_notice", "refund_paid"),
}


def sources_words(settings: Settings, flows: Collection[Flow], catalog: Catalog) -> str:
    """What [sources] says and what to think of, by what is in service. Raises MailerError with every mistake."""
    hooks_of(settings.sources)
    mails = _mails(catalog)
    if problems := list(_unknown_mails(settings.sources, mails)):
        raise MailerError("\n".join(problems))
    names = ", ".join(settings.sources) or "none; orders come from files and POST /api/orders only"
    return "\n".join([names, *doubles(settings.sources, flows)])


def doubles(sources: Mapping[str, SourceConfig], flows: Collection[Flow]) -> Iterator[str]:
    """Mails that customers get twice, or that a flow leaves to the platform: each with what to do."""
    for name, source in sources.items():
        for flow in flows:
            for step in flow.steps if flow.status in ("live", "manual") else ():
                if step.send in source.platform_sends:
                    yield (
                        f"flow {flow.id} leaves {step.send} out for orders of {name}: platform_sends says that the"
                        " platform mails it; to send ours, switch it off there and take it out of platform_sends"
                    )
                elif step.send in BY_DEFAULT.get(source.kind, ()):
                    yield (
                        f"customers of {name} may get {step.send} twice: flow {flow.id} is {flow.status}, and"
                        f" {source.kind} mails it too unless it is switched off there; if it is not, add"
                        f" platform_sends to [sources.{name}]"
                    )


async def source_words(name: str, source: SourceConfig, clock: Clock) -> str:
    """What a shop that we ask says to a small question. Raises MailerError with what to do."""
    return await probe(name, source, clock)


def _mails(catalog: Catalog) -> set[str]:
    return {file.rpartition(LIFECYCLE)[2].partition(".")[0] for file in catalog.lifecycle()}


def _unknown_mails(sources: Mapping[str, SourceConfig], mails: Collection[str]) -> Iterator[str]:
    for name, source in sources.items():
        for key in source.platform_sends:
            if key not in mails:
                yield f'[sources.{name}] platform_sends: there is no mail "{key}"; there are {", ".join(sorted(mails))}'
