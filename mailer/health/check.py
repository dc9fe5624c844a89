"""Everything that can be tested before the first mail."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from mailer.calendars import parse_zone
from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import MailerError
from mailer.flows.check import around, check_flows, in_words
from mailer.flows.definition import Flow
from mailer.flows.files import in_service
from mailer.flows.parse import read_flows
from mailer.health.sources import source_words, sources_words
from mailer.inbound.folder import open_folder
from mailer.inbound.imap import Account, Connection
from mailer.migrations import HEAD, revision
from mailer.outbound.smtp import Relay, RelayAccount
from mailer.rendering.catalog import Catalog
from mailer.rendering.check import check_templates
from mailer.rendering.check_lifecycle import check_lifecycle
from mailer.rendering.file_folder import folder_catalog, with_folder
from mailer.rendering.shelf import service_catalog
from mailer.signing import read_keys

_BEFORE_THIS_WAS_WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Check:
    """One thing that was tested: whether it is well, and what was found or is to be done."""

    name: str
    ok: bool
    words: str


async def check_all(settings: Settings, db: Database, clock: Clock) -> list[Check]:
    """Test key file, clock, zone, database, templates, sources, every mailbox, shop and the relay; one by one."""
    flows, catalog = _in_service(settings, db)
    checks = [
        _tell("key file", lambda: _keys(settings)),
        _tell("clock", lambda: _clock(clock)),
        _tell("zone", lambda: _zone(settings, clock)),
        _tell("database", lambda: _database(db)),
        _tell("templates", lambda: _templates(catalog)),
        _tell("flows", lambda: _flows(settings, catalog)),
        _tell("sources", lambda: sources_words(settings, flows.values(), catalog)),
    ]
    for name in settings.inbound.mailboxes:
        checks.append(await _ask(f"mailbox {name}", partial(_mailbox, settings, name, clock)))
    if not settings.inbound.mailboxes:
        checks.append(Check("mailboxes", False, "config.toml names none; add [inbound.mailboxes.NAME]"))
    for name, source in settings.sources.items():
        if source.polled:
            checks.append(await _ask(f"source {name}", partial(source_words, name, source, clock)))
    checks.append(await _ask("relay", partial(_relay, settings)))
    return checks


def _tell(name: str, test: Callable[[], str]) -> Check:
    try:
        return Check(name, True, test())
    except MailerError as error:
        return Check(name, False, str(error))


async def _ask(name: str, test: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(name, True, await test())
    except MailerError as error:
        return Check(name, False, str(error))


def _keys(settings: Settings) -> str:
    count = len(read_keys(settings.signing.key_file).keys)
    return f"{settings.signing.key_file.name}, {count} key{'s' if count > 1 else ''}, readable by its owner only"


def _clock(clock: Clock) -> str:
    now = clock.now()
    if now < _BEFORE_THIS_WAS_WRITTEN:
        raise MailerError(f"the machine's clock says {now:%Y-%m-%d %H:%M} UTC; set it (timedatectl set-ntp true)")
    return f"{now:%Y-%m-%d %H:%M:%S} UTC"


def _zone(settings: Settings, clock: Clock) -> str:
    local = clock.now().astimezone(parse_zone(settings.shop.zone))
    return f"{settings.shop.zone}, where it is {local:%H:%M}"


def _database(db: Database) -> str:
    try:
        found = revision(db)
        with db.engine.execution_options(write=False).connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        raise MailerError(f"cannot be opened: {error.__cause__ or type(error).__name__}") from None
    where = db.url.render_as_string(hide_password=True)
    return f"{where}, schema {found or 'none yet; `mailer run` makes it'}{'' if found in (None, HEAD) else ' is old'}"


def _in_service(settings: Settings, db: Database) -> tuple[Mapping[str, Flow], Catalog]:
    """Flows and templates with what was published over them; the files alone where there is no database yet."""
    directory, templates = settings.flows.directory, settings.rendering.templates
    try:
        return db.read_here(in_service, directory), with_folder(
            db.read_here(service_catalog, templates, settings.web.public_url)
        )
    except SQLAlchemyError:
        return read_flows(directory)[0], folder_catalog(templates)


def _templates(catalog: Catalog) -> str:
    if problems := [*check_templates(catalog), *check_lifecycle(catalog)]:
        raise MailerError("\n".join(problems))
    mails = len([*catalog.names(), *catalog.lifecycle()])
    return f"{mails} mails, each reads well with and without what is optional"


def _flows(settings: Settings, catalog: Catalog) -> str:
    """A shop without the folder sends nothing by itself, and lacks nothing."""
    if not settings.flows.directory.is_dir():
        return f"none; there is no {settings.flows.directory}"
    checked = check_flows(settings.flows.directory, around(settings, catalog))
    if checked.problems:
        raise MailerError("\n".join(checked.problems))
    return in_words(checked)


async def _mailbox(settings: Settings, name: str, clock: Clock) -> str:
    account = Account.of(settings, name, clock)
    connection = Connection(account)
    try:
        folder = await connection.run(open_folder, account.folder)
    finally:
        await connection.close()
    return f'{account.host}:{account.port}, folder "{account.folder}", next UID {folder.uidnext}'


async def _relay(settings: Settings) -> str:
    relay = Relay(RelayAccount.of(settings))
    try:
        await relay.sign_in()
    finally:
        await relay.close()
    return f"{settings.outbound.host}:{settings.outbound.port}, lets us in"
