"""config.toml, read once and checked whole; the environment and secret files win over it.

A key `[outbound] password` is `MAILER_OUTBOUND__PASSWORD` in the environment, and a file of that name in
$CREDENTIALS_DIRECTORY (systemd) as well. Unknown keys are mistakes, and all mistakes are told at once.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mailer.calendars import parse_zone
from mailer.delay_config import OrdersConfig, delay_problems
from mailer.errors import ConfigError
from mailer.feedback_config import FeedbackConfig
from mailer.flows_config import FlowsConfig, flows_problems
from mailer.health_config import AlarmRelay, HealthConfig, health_problems
from mailer.insight_config import InsightConfig
from mailer.offers_config import OffersConfig
from mailer.office import CalendarConfig, ClocksConfig, office_problems
from mailer.privacy_config import PrivacyConfig
from mailer.sections import Address, AddressOrDomain, CountryOrAll, HttpsUrl, Listen, PublicUrl, Section, Span
from mailer.shop_config import Shop
from mailer.sources_config import SourceConfig, sources_problems


def _after(value: str) -> str:
    kind, _, name = value.partition(":")
    if value != "none" and (kind not in ("keyword", "move") or not name):
        raise ValueError(f'"{value}" is not known; write "none", "keyword:NAME" or "move:FOLDER"')
    return value


def _sent_copy(value: str) -> str:
    way, _, folder = value.partition(":")
    if value not in ("none", "append") and (way != "append" or not folder):
        raise ValueError(f'"{value}" is not known; write "none", "append" or "append:FOLDER"')
    return value


After = Annotated[str, AfterValidator(_after)]
SentCopyWay = Annotated[str, AfterValidator(_sent_copy)]
Tls = Literal["implicit", "starttls", "none"]


class Db(Section):
    url: str = "sqlite:///mailer.db"


class Signing(Section):
    key_file: Path = Path("mailer.key")


class OAuthConfig(Section):
    token_url: HttpsUrl
    client_id: str
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    scope: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None


class MailboxConfig(Section):
    host: str
    port: int = 993
    tls: Tls = "implicit"
    ca_file: Path | None = None
    username: str
    password: SecretStr = SecretStr("")
    folder: str = "INBOX"
    storefront: str = "main"
    after: After = "none"
    sent: str = "auto"
    authserv_id: str = ""
    oauth: OAuthConfig | None = None


class Inbound(Section):
    mailboxes: dict[str, MailboxConfig] = Field(default_factory=dict)
    idle: Span = timedelta(seconds=25)
    read_timeout: Span = timedelta(seconds=15)
    history: Span = timedelta(days=90)
    largest: int = Field(default=25_000_000, ge=100_000)
    relays: tuple[str, ...] = ("marketplace.amazon.*", "members.ebay.*")


class SenderConfig(Section):
    address: Address
    name: str = ""


class Stops(Section):
    automatic_mail: bool = True
    null_sender: bool = True
    own_mark: bool = True
    per_address_day: int = Field(default=2, ge=0)
    per_address_week: int = Field(default=5, ge=0)
    per_conversation: int = Field(default=1, ge=0)
    in_all_per_hour: int = Field(default=100, ge=0)


class Replies(Section):
    sender: str = "care"
    undo: Span = timedelta(seconds=12)
    acknowledge: bool = False
    close_after: Span = timedelta(days=3)
    batch_cap: int = Field(default=25, ge=1, le=200)
    stops: Stops = Stops()
    clocks: ClocksConfig = ClocksConfig()


class DomainPace(Section):
    per_minute: int = Field(default=0, ge=0)


class Bounces(Section):
    limit_after: int = Field(default=1, ge=1)
    stop_after: int = Field(default=2, ge=1)
    within: Span = timedelta(days=30)
    soft_as_hard: int = Field(default=7, ge=1)


class Outbound(Section):
    host: str
    port: int = 587
    tls: Tls = "starttls"
    ca_file: Path | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    connections: int = Field(default=2, ge=1, le=20)
    timeout: Span = timedelta(seconds=30)
    body_timeout: Span = timedelta(seconds=600)
    lease: Span = timedelta(seconds=30)
    stop_after: Span = timedelta(seconds=60)
    give_up_after: Span = timedelta(hours=48)
    sightings_complete: bool = False
    per_minute: int = Field(default=0, ge=0)
    per_day: int = Field(default=0, ge=0)
    domains: dict[str, DomainPace] = Field(default_factory=dict)
    sent_copy: SentCopyWay = "none"
    envelope: Literal["plain", "signed"] = "plain"
    bounces: Bounces = Bounces()
    canary: int = Field(default=20, ge=0, le=1_000)
    canary_rest: Span = timedelta(minutes=15)
    canary_limit: int = Field(default=1, ge=0)
    automatic_per_hour: int = Field(default=2_000, ge=0)


class ConsentConfig(Section):
    feedback_needs_consent: tuple[CountryOrAll, ...] = ("DE", "AT")


class Rendering(Section):
    templates: Path = Path("templates")
    review: bool = False
    largest_file: int = Field(default=2_000_000, ge=10_000, le=10_000_000)
    largest_files: int = Field(default=5_000_000, ge=10_000, le=15_000_000)


class SchedulerConfig(Section):
    timetable: Path = Path("schedules/timetable.toml")


class Web(Section):
    console_listen: Listen = "127.0.0.1:8025"
    public_listen: Listen = "127.0.0.1:8026"
    console_url: str = ""
    public_url: PublicUrl = ""
    session: Span = timedelta(hours=12)
    second_factor: Literal["optional", "required"] = "optional"
    remote_pictures: bool = True
    test_mail_to: tuple[AddressOrDomain, ...] = ()


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


_Server = TypeVar("_Server", MailboxConfig, OAuthConfig, Outbound, AlarmRelay)


class Settings(BaseSettings):
    """Everything that config.toml may hold; each section is named after the room that reads it."""

    model_config = SettingsConfigDict(
        env_prefix="MAILER_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=False
    )

    shop: Shop
    db: Db = Db()
    signing: Signing = Signing()
    inbound: Inbound = Inbound()
    senders: dict[str, SenderConfig] = Field(default_factory=dict)
    replies: Replies = Replies()
    outbound: Outbound
    consent: ConsentConfig = ConsentConfig()
    orders: OrdersConfig = OrdersConfig()
    offers: OffersConfig = OffersConfig()
    rendering: Rendering = Rendering()
    scheduler: SchedulerConfig = SchedulerConfig()
    flows: FlowsConfig = FlowsConfig()
    web: Web = Web()
    feedback: FeedbackConfig = FeedbackConfig()
    health: HealthConfig = HealthConfig()
    insight: InsightConfig = InsightConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    log: Log = Log()
    calendars: dict[str, CalendarConfig] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
            sources.append(NestedSecretsSettingsSource(file_secret_settings, secrets_dir=directory))
        return (*sources, TomlConfigSettingsSource(settings_cls, toml_file=config_path()))

    @property
    def sender(self) -> SenderConfig:
        """Whom replies come from."""
        return self.senders[self.replies.sender]


def config_path() -> Path:
    """Where config.toml is: $MAILER_CONFIG, else the working directory."""
    return Path(os.environ.get("MAILER_CONFIG", "config.toml"))


def load() -> Settings:
    """The shop's settings, paths made absolute beside config.toml. Raises ConfigError with every mistake."""
    path = config_path()
    if not path.is_file():
        raise ConfigError(str(path), ["no such file; `mailer init` writes one, or set MAILER_CONFIG to its place"])
    problems = _unknown_environment()
    try:
        settings = Settings.model_validate({})
    except ValidationError as error:
        raise ConfigError(str(path), [_say(dict(entry)) for entry in error.errors()] + problems) from None
    problems += _cross_checks(settings)
    if problems:
        raise ConfigError(str(path), problems)
    return _anchored(settings, path.resolve().parent)


def _unknown_environment() -> list[str]:
    known = {f"MAILER_{section}".upper() for section in Settings.model_fields} | {"MAILER_CONFIG"}
    ours = (name for name in os.environ if name.startswith("MAILER_"))
    return [f"environment {name}: there is no such section" for name in ours if name.split("__")[0] not in known]


def _say(entry: dict[str, object]) -> str:
    location = entry["loc"]
    parts = [str(part) for part in location if part != "[key]"] if isinstance(location, tuple) else [str(location)]
    key = ".".join(parts)
    match entry["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key; see the commented config.toml for those that exist"
        case "missing":
            return f"{key}: missing"
        # Without a key it is the file, or a whole section in the environment, that is broken.
        case _:
            return f"{key or 'not readable'}: {str(entry['msg']).removeprefix('Value error, ')}"


def _cross_checks(settings: Settings) -> list[str]:
    problems = []
    if settings.replies.sender not in settings.senders:
        problems.append(f"replies.sender: there is no [senders.{settings.replies.sender}]")
    if settings.inbound.idle > timedelta(minutes=28):
        problems.append("inbound.idle: servers end IDLE after 29 minutes (RFC 2177); 25s finds dead connections soon")
    pools = {tier.coupon for tier in settings.shop.compensation if tier.coupon} - settings.offers.coupons.keys()
    problems += [f"shop.compensation: there is no [offers.coupons.{name}]" for name in sorted(pools)]
    problems += delay_problems(settings.orders.delay, settings.calendars)
    problems += flows_problems(settings.flows, settings.calendars)
    problems += sources_problems(settings.sources)
    problems += health_problems(settings.health)
    return problems + office_problems(settings.calendars, settings.replies.clocks, parse_zone(settings.shop.zone))


def _anchored(settings: Settings, root: Path) -> Settings:
    url = settings.db.url
    if url.startswith("sqlite:///"):
        url = f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    mailboxes = {name: _mailbox(name, box, root) for name, box in settings.inbound.mailboxes.items()}
    return settings.model_copy(
        update={
            "db": Db(url=url),
            "signing": Signing(key_file=root / settings.signing.key_file),
            "inbound": settings.inbound.model_copy(update={"mailboxes": mailboxes}),
            "outbound": _with_ca(settings.outbound, root),
            "rendering": Rendering(templates=root / settings.rendering.templates),
            "scheduler": SchedulerConfig(timetable=root / settings.scheduler.timetable),
            "flows": settings.flows.model_copy(update={"directory": root / settings.flows.directory}),
            "health": _health(settings.health, root),
        }
    )


def _health(health: HealthConfig, root: Path) -> HealthConfig:
    return health.model_copy(update={"alarm_relay": health.alarm_relay and _with_ca(health.alarm_relay, root)})


def _with_ca(section: _Server, root: Path) -> _Server:
    return section.model_copy(update={"ca_file": root / section.ca_file}) if section.ca_file else section


def _mailbox(name: str, box: MailboxConfig, root: Path) -> MailboxConfig:
    anchored = _with_ca(box, root)
    if box.oauth is None:
        return anchored
    token_file = root / (box.oauth.token_file or f"{name}.token")
    oauth = _with_ca(box.oauth, root).model_copy(update={"token_file": token_file})
    return anchored.model_copy(update={"oauth": oauth})
