"""The conversations, orders and answers that a report's filters choose."""

from typing import Any

from sqlmodel import col, select

from mailer.insight.sheet import Filters
from mailer.model import Approval, Classification, Conversation, Delivery, DeliveryState, Direction, Message, Order

# The relay took it, whatever came back later.
ACCEPTED = (DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


def of_conversations(query: Any, filters: Filters) -> Any:
    """Narrow a query that reads Conversation to the filters' language, country, intent and storefront."""
    if filters.language:
        query = query.where(Conversation.language == filters.language)
    if filters.storefront:
        query = query.where(Conversation.storefront == filters.storefront)
    if filters.country:
        theirs = select(Order.id).where(Order.id == Conversation.order_id, Order.country == filters.country)
        query = query.where(theirs.exists())
    if filters.intent:
        wanted = (
            select(Message.id)
            .join(Classification, col(Classification.message_id) == Message.id)
            .where(Message.conversation_id == Conversation.id, Classification.intent == filters.intent)
        )
        query = query.where(wanted.exists())
    return query


def of_orders(query: Any, filters: Filters) -> Any:
    """Narrow a query that reads Order."""
    if filters.country:
        query = query.where(Order.country == filters.country)
    if filters.language:
        query = query.where(Order.language == filters.language)
    return query.where(Order.storefront == filters.storefront) if filters.storefront else query


def within(query: Any, moment: Any, filters: Filters) -> Any:
    """Only what happened in the filters' days."""
    return query.where(moment >= filters.begins, moment < filters.ends)


def received(*columns: Any) -> Any:
    """Mails of customers, with their conversations; machines' and those of before the first connect left out."""
    return (
        select(*columns)
        .select_from(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(Message.direction == Direction.IN, col(Message.state).in_(["received", "triaged"]))
    )


def answered(*columns: Any) -> Any:
    """Replies that the relay took, with their conversations."""
    return (
        select(*columns)
        .select_from(Delivery)
        .join(Message, col(Message.id) == Delivery.message_id)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(Delivery.kind == "reply", col(Delivery.state).in_(ACCEPTED))
    )


def agreed(*columns: Any) -> Any:
    """Approvals that were not taken back."""
    return select(*columns).select_from(Approval).where(col(Approval.undone_at).is_(None))
