"""What may a machine ask about us? healthz (is it well?) and metrics (how much of what?)."""
