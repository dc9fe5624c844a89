"""What the timetable may call. A job only moves rows; what it names in schedules/timetable.toml is its key here."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col

from mailer.calendars import parse_zone
from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.health import alarm, trouble
from mailer.health.doctor import probe
from mailer.health.machine import measure
from mailer.health.tell import tell_alarms
from mailer.inbound import reconcile
from mailer.insight import digest, quality
from mailer.model import AgentSession, JobSlot, SignInLink
from mailer.offers.compensation import withdraw_untold
from mailer.orders import routes
from mailer.orders.poll import poll_due
from mailer.orders.waiting import wake_those_whose_order_is_there
from mailer.outbound.deliver import rescue
from mailer.outbound.jump import stop_for_restore
from mailer.outbound.unknown import settle_unknown
from mailer.privacy import retention
from mailer.rendering.catalog import Catalog
from mailer.rendering.file_folder import bring_folder
from mailer.rendering.press import Press
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import due_revisions
from mailer.rendering.shelf import TemplateShelf
from mailer.rendering.standing import caught_up
from mailer.replies.case import House
from mailer.replies.clocks import Clocks
from mailer.replies.close import close_answered
from mailer.replies.due import start_missing, warn
from mailer.replies.holding import hold_waiting
from mailer.replies.refunds import look_after_refunds
from mailer.replies.snooze import wake_due
from mailer.signing import read_keys

log = structlog.get_logger()

_KEEP_SLOTS = timedelta(days=30)
_KEEP_SESSIONS = timedelta(days=7)


@dataclass(frozen=True)
class Means:
    """What a job works with."""

    db: Database
    clock: Clock
    settings: Settings
    # The time in which orders and flows live; None: the clock's.
    story: Clock | None = None
    # The templates in service; None: the files.
    templates: Catalog | None = None

    @property
    def catalog(self) -> Catalog:
        """What mails are written from."""
        return self.templates or Catalog(self.settings.rendering.templates)


Job = Callable[[Means], Awaitable[None]]


async def rescue_deliveries(means: Means) -> None:
    """Take deliveries back from workers whose lease is over."""
    rescued = await means.db.run(rescue, now=means.clock.now())
    if rescued:
        log.warning("deliveries_rescued", count=rescued)


async def look_for_unknown(means: Means) -> None:
    """Settle deliveries that nobody knows about, by what was seen of them."""
    complete = means.settings.outbound.sightings_complete
    await means.db.run(settle_unknown, sightings_complete=complete, now=means.clock.now())


async def look_for_restore(means: Means) -> None:
    """Stop sending when the folder of sent mail shows what this database does not know: an old backup was put back."""
    domain = means.settings.sender.address.rpartition("@")[2]
    await means.db.run(stop_for_restore, domain, now=means.clock.now())


async def look_after_waiting_payloads(means: Means) -> None:
    """Let webhooks be read that were put to wait while their order was being written."""
    await means.db.run(wake_those_whose_order_is_there)


async def reconcile_mailboxes(means: Means) -> None:
    """Ask the owner of each mailbox to compare server and ledger."""
    await means.db.run(reconcile.ask_all, now=means.clock.now())


async def look_for_silence(means: Means) -> None:
    """Raise an alarm for a mailbox that is more silent than it ever is."""
    await means.db.run(alarm.look_for_silence, parse_zone(means.settings.shop.zone), now=means.clock.now())


async def look_for_trouble(means: Means) -> None:
    """Turn what is wrong into alarms, and tell the alarms by the second channel of [health]."""
    machine = await asyncio.to_thread(measure, means.db, now=means.clock.now())
    least_free = means.settings.health.disk_free_mb * 1_000_000
    await means.db.run(trouble.look_for_trouble, machine, least_free=least_free, now=means.clock.now())
    if told := await tell_alarms(means.db, means.clock, means.settings):
        log.info("alarms_told", count=told)


async def probe_ourselves(means: Means) -> None:
    """A mail to ourselves through each mailbox, where [health] asks for it; what is wrong with it is an alarm."""
    if means.settings.health.probe:
        for name in means.settings.inbound.mailboxes:
            await probe(means.db, means.clock, means.settings, name)


async def draw_samples(means: Means) -> None:
    """Draw the sent answers that colleagues look at again."""
    share = means.settings.insight.quality_share
    if drawn := await means.db.run(quality.draw, share=share, now=means.clock.now()):
        log.info("samples_drawn", count=drawn)


async def send_digest(means: Means) -> None:
    """The weekly digest to the addresses of [insight]."""
    settings, now = means.settings, means.clock.now()
    found = await means.db.read(digest.digests, settings, now=now)
    if found:
        sent = await digest.send(settings, read_keys(settings.signing.key_file), found, now=now)
        log.info("digests_sent", count=sent)


async def forget_old(means: Means) -> None:
    """Forget closed conversations that are older than [privacy] keeps them, a batch at a time."""
    terms = retention.Terms(means.settings.privacy.keep, means.settings.privacy.keep_by_intent)
    forgotten = 0
    while count := await means.db.run(retention.forget_old, terms, now=means.clock.now()):
        forgotten += count
    if forgotten:
        log.info("conversations_forgotten", count=forgotten)


async def look_after_clocks(means: Means) -> None:
    """Warn of deadlines that are near, draft a holding reply where a person is late, and look after refunds owed."""
    clocks = Clocks.of(means.settings)
    await means.db.run(look_after_refunds, clocks, now=means.clock.now())
    if missing := await means.db.run(start_missing, clocks, now=means.clock.now()):
        log.warning("clocks_were_missing", count=missing)
    if silent := await means.db.run(warn, clocks, now=means.clock.now()):
        house = House.of(means.settings, read_keys(means.settings.signing.key_file))
        await hold_waiting(means.db, means.clock, means.catalog, house, silent)


async def wake_snoozed(means: Means) -> None:
    """Wake conversations whose time has come, or whose deadline is near."""
    await means.db.run(wake_due, now=means.clock.now())


async def look_after_offers(means: Means) -> None:
    """Take back compensations of which no customer heard, so that they count against nobody."""
    if taken_back := await means.db.run(withdraw_untold, now=means.clock.now()):
        log.info("compensations_withdrawn", count=taken_back)


async def learn_routes(means: Means) -> None:
    """Learn from the parcels that arrived how long the next ones will take."""
    now = means.clock.now()
    times = await means.db.read(routes.parcel_times, home=means.settings.shop.country or "", now=now)
    known = await means.db.run(routes.learn_routes, times, now=now)
    log.info("routes_learned", ways=len(times), known=known)


async def reconcile_orders(means: Means) -> None:
    """Ask the shops that have an address in [sources] what changed; webhooks get lost."""
    await poll_due(means.db, means.clock, means.settings.sources)


async def close_conversations(means: Means) -> None:
    """Close conversations in which the customer has nothing more to say."""
    after = means.settings.replies.close_after
    closed = await means.db.run(close_answered, after=after, now=means.clock.now())
    if closed:
        log.info("conversations_closed", count=closed)


async def purge(means: Means) -> None:
    """Forget old strokes of the timetable, and sessions and links that nobody can use any more."""
    await means.db.run(forget, now=means.clock.now())


def forget(session: Session, *, now: datetime) -> None:
    """Delete what has no use left."""
    session.exec(delete(JobSlot).where(col(JobSlot.slot) < now - _KEEP_SLOTS))
    session.exec(delete(AgentSession).where(col(AgentSession.expires_at) < now - _KEEP_SESSIONS))
    session.exec(delete(SignInLink).where(col(SignInLink.expires_at) < now - _KEEP_SESSIONS))


async def publish_templates(means: Means) -> None:
    """Publish what is scheduled, checked again; and let files hold that have caught up with what was published."""
    now, rendering = means.clock.now(), means.settings.rendering
    await bring_folder(means.db, rendering.templates, rendering.largest_file, now=now)
    files = Catalog(rendering.templates)
    if same := await means.db.run(caught_up, files, now=now):
        log.info("files_caught_up", count=len(same))
    if await means.db.read(due_revisions, now=now):
        renderer = Renderer(children=1)
        shelf = TemplateShelf.of(means.db, means.clock, means.settings)
        published = await Press(means.db, means.clock, shelf, renderer).publish_due()
        await asyncio.to_thread(renderer.close)
        log.info("templates_published", count=published)


JOBS: dict[str, Job] = {
    "rescue_deliveries": rescue_deliveries,
    "look_for_unknown": look_for_unknown,
    "look_for_restore": look_for_restore,
    "look_after_waiting_payloads": look_after_waiting_payloads,
    "reconcile_mailboxes": reconcile_mailboxes,
    "look_for_silence": look_for_silence,
    "look_for_trouble": look_for_trouble,
    "probe_ourselves": probe_ourselves,
    "draw_samples": draw_samples,
    "send_digest": send_digest,
    "forget_old": forget_old,
    "look_after_clocks": look_after_clocks,
    "wake_snoozed": wake_snoozed,
    "learn_routes": learn_routes,
    "look_after_offers": look_after_offers,
    "reconcile_orders": reconcile_orders,
    "close_conversations": close_conversations,
    "publish_templates": publish_templates,
    "purge": purge,
}
