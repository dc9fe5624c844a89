"""What do customers write about? By intent, language, country and product."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col

from mailer.insight.chosen import of_conversations, received, within
from mailer.insight.sheet import Column, Filters, Sheet, share
from mailer.model import Classification, Conversation, Message, Order, OrderLine
from mailer.wording import N_

_MOST = 50
_INTENT = N_("Mails of customers that were received in these days, by what each wants first; corrections count.")
_LANGUAGE = N_("Mails of customers that were received in these days, by the language of the conversation.")
_COUNTRY = N_("Mails of customers that were received in these days, by the country of the order.")
_PRODUCT = N_("Mails of customers that were received in these days, once for each product of their order.")


def by_intent(session: Session, filters: Filters) -> Sheet:
    """By what the mail wants first."""
    query = received(Classification.intent).join(Classification, col(Classification.message_id) == Message.id)
    return _counted(session, filters, "intents", N_("Volume by intent"), _INTENT, query)


def by_language(session: Session, filters: Filters) -> Sheet:
    """By the conversation's language."""
    query = received(Conversation.language)
    return _counted(session, filters, "languages", N_("Volume by language"), _LANGUAGE, query)


def by_country(session: Session, filters: Filters) -> Sheet:
    """By the order's country; mails without an order are counted as such."""
    query = received(Order.country).outerjoin(Order, col(Order.id) == Conversation.order_id)
    return _counted(session, filters, "countries", N_("Volume by country"), _COUNTRY, query)


def by_product(session: Session, filters: Filters) -> Sheet:
    """By each product of the order; a mail about an order of two counts for both."""
    query = received(OrderLine.title).join(OrderLine, col(OrderLine.order_id) == Conversation.order_id)
    return _counted(session, filters, "products", N_("Volume by product"), _PRODUCT, query)


def _counted(session: Session, filters: Filters, key: str, title: str, by: str, query: Any) -> Sheet:
    found = session.exec(of_conversations(within(query, col(Message.received_at), filters), filters)).all()
    return Sheet(
        key,
        title,
        by,
        [Column(N_("What")), Column(N_("Mails"), "count"), Column(N_("Share"), "share")],
        _rows(found),
        chart="bars",
        drawn=("Mails",),
    )


def _rows(found: Iterable[str | None]) -> list[list[str | int | float | None]]:
    counted = Counter((one or "not known").replace("_", " ") for one in found)
    whole = counted.total()
    return [[name, count, share(count, whole)] for name, count in counted.most_common(_MOST)]
