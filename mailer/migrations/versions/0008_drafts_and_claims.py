"""What agents do with the queue and with drafts: claims, versions, notes, views, snoozes."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    pass
