"""[feedback] in config.toml: what customers may do by our links without a person."""

from pydantic import Field

from mailer.sections import Amount, Section


class FeedbackConfig(Section):
    agree_below: Amount = "0.00"
    photos: int = Field(default=4, ge=0, le=20)
    photo_bytes: int = Field(default=10_000_000, ge=100_000, le=50_000_000)
