"""[sources.NAME] of config.toml: the systems that tell us of orders and parcels, and what each may say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatch
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from mailer.sections import Section, Span

# What POST /hooks/NAME understands; "api" is the generic JSON API, "mail" the signed blocks in a shop's own mails.
KINDS = ("shopify", "woocommerce", "aftership", "17track", "easypost", "shippo", "api", "mail")

# Those whose REST API we ask what changed.
POLLED = ("shopify", "woocommerce")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _kind(value: str) -> str:
    module, _, name = value.partition(":")
    if value not in KINDS and not (module and name):
        raise ValueError(f'"{value}" is not known; there are {", ".join(KINDS)}, and "module:Class" of your own')
    return value


def _secrets(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _not_empty(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if any(not secret.get_secret_value().strip() for secret in value):
        raise ValueError("an empty secret signs for everybody; leave it out")
    return value


def _shop_url(value: str) -> str:
    """The shop's address, with the path under which it lives; without TLS only on this machine, for tests."""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    plain = value.isascii() and value.isprintable() and not any(char in value for char in ' <>"?#@')
    if value and not (parts.hostname and plain and (parts.scheme == "https" or local)):
        raise ValueError(f'"{value}" is not the address of a shop; write it as in https://shop.example.com')
    return value.rstrip("/")


def _country(value: str) -> str:
    if value and not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError(f'"{value}" is not a country; write two capitals as in DE')
    return value


Kind = Annotated[str, AfterValidator(_kind)]
Secrets = Annotated[tuple[SecretStr, ...], AfterValidator(_not_empty), BeforeValidator(_secrets)]
Country = Annotated[str, AfterValidator(_country)]
ShopUrl = Annotated[str, AfterValidator(_shop_url)]


class SourceConfig(Section):
    kind: Kind
    secrets: Secrets = ()
    storefront: str = Field(default="main", min_length=1, max_length=40)
    marketplace: bool = False
    sandbox: bool = False
    shipped_when: Literal["fulfilled", "first_scan"] = "fulfilled"
    country: Country = ""
    tracking_meta_keys: tuple[str, ...] = ("_wc_shipment_tracking_items", "_tracking_number")
    largest: int = Field(default=2_000_000, ge=1_000, le=5_000_000)
    url: ShopUrl = ""
    token: SecretStr = SecretStr("")
    token_secret: SecretStr = SecretStr("")
    api_version: str = Field(default="2026-07", pattern=r"^\d{4}-\d{2}$|^unstable$")
    poll: Span = timedelta(minutes=15)
    platform_sends: tuple[str, ...] = ()

    @property
    def polled(self) -> bool:
        """Whether we ask the shop ourselves what changed."""
        return bool(self.url)

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets as text; two while one replaces the other."""
        return tuple(secret.get_secret_value() for secret in self.secrets)


# What a source says of which config.toml says nothing, as a CSV file.
_PLAIN = SourceConfig(kind="api")


@dataclass(frozen=True)
class SourceBook:
    """All that config.toml says of sources; `relays` are the domains behind which marketplaces hide their buyers."""

    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    relays: Sequence[str] = ()

    def of(self, name: str) -> SourceConfig:
        """What holds for a source."""
        return self.sources.get(name, _PLAIN)

    def is_marketplace(self, source: str, address: str) -> bool:
        """Whether an order is a marketplace's: by its source, or by the relay in the buyer's address."""
        domain = address.rpartition("@")[2].lower()
        return self.of(source).marketplace or any(fnmatch(domain, pattern.lower()) for pattern in self.relays)


def sources_problems(sources: Mapping[str, SourceConfig]) -> list[str]:
    """What is wrong with the sections as a whole: every mistake with its key."""
    return [*_names(sources), *(problem for name, one in sources.items() for problem in _of_one(name, one))]


def _names(sources: Mapping[str, SourceConfig]) -> list[str]:
    return [
        f"sources.{name}: it stands in the address POST /hooks/{name}; use small letters, digits, - and _ only"
        for name in sources
        if not _NAME.fullmatch(name)
    ]


def _of_one(name: str, source: SourceConfig) -> list[str]:
    problems = []
    if source.url and source.kind not in POLLED:
        problems.append(f"sources.{name}.url: only {' and '.join(POLLED)} are asked by us; leave url out")
    if source.url and not source.token.get_secret_value():
        problems.append(f"sources.{name}.token: missing; the shop answers nobody without it")
    if source.url and source.kind == "woocommerce" and not source.token_secret.get_secret_value():
        problems.append(f"sources.{name}.token_secret: missing; it is the consumer secret beside the consumer key")
    if source.kind == "mail" and not source.secrets:
        problems.append(f"sources.{name}.secrets: missing; without a secret anybody could send orders by mail")
    return problems
