"""The email worker of an online shop: reads the support inbox, drafts, and sends what a person approved."""

__version__ = "0.1.0"
