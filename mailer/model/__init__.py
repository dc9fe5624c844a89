"""The nouns: tables, their states, and what one row knows of itself.

Read first: message and conversation (a customer's mail), draft (our answer), delivery (its way out). A state's
sentence says who moves a row out of it. Rows are built by verbs only; outside data is parsed before it gets here.
Importing this package registers every table.
"""

from mailer.model.agent import Agent, AgentSession, ApiToken, Role, SignInLink
from mailer.model.base import Row
from mailer.model.classification import Classification, Level
from mailer.model.conversation import Conversation, ConversationState, ReplyClock
from mailer.model.customer import Customer
from mailer.model.delivery import Attempt, Delivery, DeliveryState
from mailer.model.draft import Approval, Disclosure, Dismissal, Draft, DraftState
from mailer.model.event import Event, EventTaken
from mailer.model.mailbox import Mailbox, RawMail, RawMailState, Sighting
from mailer.model.message import Blob, Direction, Message, MessageState, Route, SentCopy
from mailer.model.order import Order, OrderLine, ParcelState, Scan, Shipment, number_key
from mailer.model.slot import JobSlot

__all__ = [
    "Agent",
    "AgentSession",
    "ApiToken",
    "Approval",
    "Attempt",
    "Blob",
    "Classification",
    "Conversation",
    "ConversationState",
    "Customer",
    "Delivery",
    "DeliveryState",
    "Direction",
    "Disclosure",
    "Dismissal",
    "Draft",
    "DraftState",
    "Event",
    "EventTaken",
    "JobSlot",
    "Level",
    "Mailbox",
    "Message",
    "MessageState",
    "Order",
    "OrderLine",
    "ParcelState",
    "RawMail",
    "RawMailState",
    "ReplyClock",
    "Role",
    "Route",
    "Row",
    "Scan",
    "SentCopy",
    "Shipment",
    "Sighting",
    "SignInLink",
    "number_key",
]
