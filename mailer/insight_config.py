"""[insight] in config.toml: how many answers are looked at again, and who gets the weekly digest."""

from pydantic import Field

from mailer.sections import Address, Section


class InsightConfig(Section):
    quality_share: float = Field(default=0.03, ge=0, le=1)
    digest_all: tuple[Address, ...] = ()
    digest_purchasing: tuple[Address, ...] = ()
    digest_editors: tuple[Address, ...] = ()
    digest_logistics: tuple[Address, ...] = ()
