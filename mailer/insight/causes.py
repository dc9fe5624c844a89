"""Why do things come back? Reasons of returns by product."""

from collections import defaultdict

from sqlmodel import Session, col, select

from mailer.insight.chosen import of_orders, within
from mailer.insight.sheet import Column, Filters, Sheet, share
from mailer.model import Order, ReturnRequest
from mailer.wording import N_


def by_product(session: Session, filters: Filters) -> Sheet:
    """Items that customers asked to send back in these days, by product and reason."""
    query = select(ReturnRequest).join(Order, col(Order.id) == ReturnRequest.order_id)
    counted: dict[tuple[str, str], int] = defaultdict(int)
    products: dict[str, int] = defaultdict(int)
    for request in session.exec(of_orders(within(query, col(ReturnRequest.requested_at), filters), filters)).all():
        for item in request.items:
            product, reason = str(item.get("title") or "not named"), str(item.get("reason") or "not said")
            quantity = int(item.get("quantity") or 1)
            counted[product, reason.replace("_", " ")] += quantity
            products[product] += quantity
    ranked = sorted(counted.items(), key=lambda one: (-products[one[0][0]], one[0][0], -one[1]))
    return Sheet(
        "returns",
        N_("Reasons of returns by product"),
        N_("Items in requests to send something back that were made in these days; the share is within the product."),
        [Column(N_("Product")), Column(N_("Reason")), Column(N_("Items"), "count"), Column(N_("Share"), "share")],
        [[product, reason, count, share(count, products[product])] for (product, reason), count in ranked],
    )
