"""Alarms by a second channel, and the probe of deliverability."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    pass
