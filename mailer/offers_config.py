"""[offers] of config.toml: how often and how much we make good, and where codes of coupons come from."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from mailer.sections import Amount, Section, Span

# Fewer drawn characters could be guessed.
_FEWEST = 6
_PATTERN = re.compile(r"[A-Za-z0-9#-]{6,40}")


def _pattern(value: str) -> str:
    if value and not (_PATTERN.fullmatch(value) and value.count("#") >= _FEWEST):
        raise ValueError(f'"{value}" needs letters, digits and -, and {_FEWEST} # or more, as in VIP-########')
    return value


class CouponPool(Section):
    """Codes of one kind: imported, or made by a pattern that the shop accepts."""

    pattern: Annotated[str, AfterValidator(_pattern)] = ""
    valid_for: Span = timedelta(days=30)


class OffersConfig(Section):
    period: Span = timedelta(days=90)
    budget: Amount = "0"
    coupons: dict[str, CouponPool] = Field(default_factory=dict)
