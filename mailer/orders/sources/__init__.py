"""The forms in which orders come as a file; one module each, and one line here."""

from collections.abc import Sequence

from mailer.errors import InputError
from mailer.orders.source import OrderSource
from mailer.orders.sources.own_csv import OwnCsv
from mailer.orders.sources.shopify_csv import ShopifyCsv

SOURCES: dict[str, OrderSource] = {
    OwnCsv.name: OwnCsv(),
    ShopifyCsv.name: ShopifyCsv(),
}


def source_for(header: Sequence[str]) -> OrderSource:
    """The form of a file with these column names. Raises InputError."""
    for source in SOURCES.values():
        if source.recognises(header):
            return source
    problem = "these column names are of no known form; needed are order_number, email, placed_at, or Shopify's export"
    raise InputError("line 1", [problem])
