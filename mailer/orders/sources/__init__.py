"""The forms in which orders come as a file or as webhooks; one module each, and one line here."""

from collections.abc import Sequence

from mailer.errors import InputError
from mailer.orders.hook import HookSource
from mailer.orders.source import OrderSource
from mailer.orders.sources.aftership import AfterShip
from mailer.orders.sources.by_mail import ByMail
from mailer.orders.sources.easypost import EasyPost
from mailer.orders.sources.own_csv import OwnCsv
from mailer.orders.sources.seventeentrack import SeventeenTrack
from mailer.orders.sources.shippo import Shippo
from mailer.orders.sources.shopify import Shopify
from mailer.orders.sources.shopify_csv import ShopifyCsv
from mailer.orders.sources.woocommerce import WooCommerce

SOURCES: dict[str, OrderSource] = {
    OwnCsv.name: OwnCsv(),
    ShopifyCsv.name: ShopifyCsv(),
}

HOOKS: dict[str, HookSource] = {
    Shopify.name: Shopify(),
    WooCommerce.name: WooCommerce(),
    AfterShip.name: AfterShip(),
    SeventeenTrack.name: SeventeenTrack(),
    EasyPost.name: EasyPost(),
    Shippo.name: Shippo(),
    ByMail.name: ByMail(),
}


def source_for(header: Sequence[str]) -> OrderSource:
    """The form of a file with these column names. Raises InputError."""
    for source in SOURCES.values():
        if source.recognises(header):
            return source
    problem = "these column names are of no known form; needed are order_number, email, placed_at, or Shopify's export"
    raise InputError("line 1", [problem])
