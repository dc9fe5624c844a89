"""The nouns: tables, their states, and what one row knows of itself.

Read first: message and conversation (a customer's mail), draft (our answer), delivery (its way out). A state's
sentence says who moves a row out of it. Rows are built by verbs only; outside data is parsed before it gets here.
Importing this package registers every table.
"""

from mailer.model.agent import Agent, AgentSession, ApiToken, RecoveryCode, Role, SignInLink
from mailer.model.alarm import Alarm, open_alarms, raise_alarm, recent_alarms, settle_alarm
from mailer.model.audit import AuditEntry
from mailer.model.automatic import AutomaticAnswer
from mailer.model.base import Row
from mailer.model.bounce import Bounce, Complaint, ReportState, note_report
from mailer.model.claim import Claim, SavedView
from mailer.model.classification import Classification, Correction, Level
from mailer.model.conversation import (
    ClockKind,
    ClockPause,
    Conversation,
    ConversationState,
    Regrouping,
    ReplyClock,
    Snooze,
)
from mailer.model.customer import Customer
from mailer.model.delivery import Attempt, Delivery, DeliveryState
from mailer.model.draft import Approval, Disclosure, Dismissal, Draft, DraftState, Fault, Together
from mailer.model.draft_version import DraftVersion, SeenChange
from mailer.model.erasure import Erasure
from mailer.model.event import Event, EventTaken
from mailer.model.feedback import (
    Choice,
    Compensation,
    Coupon,
    LinkVisit,
    Rating,
    Refund,
    ReturnRequest,
    ReturnState,
    Review,
)
from mailer.model.flow import (
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    EventReader,
    FlowForward,
    FlowRevision,
    FlowStep,
    FlowText,
    RevisionState,
    StepOutcome,
)
from mailer.model.hold import Hold, HoldScope, SendAnyway
from mailer.model.incident import Incident, IncidentKind, IncidentState, Trouble, TroubleKind
from mailer.model.intent import BY_WORDS, CHANGES, Intent, in_precedence
from mailer.model.mailbox import Mailbox, RawMail, RawMailState, Sighting
from mailer.model.message import Blob, Direction, Message, MessageState, Route, SentCopy
from mailer.model.note import Mention, Note
from mailer.model.order import Order, OrderLine, ParcelState, Scan, Shipment, number_key
from mailer.model.pace import Canary, Circuit, Heartbeat, Pace
from mailer.model.probe import Probe
from mailer.model.product import Product, ShopFact
from mailer.model.quality import QualitySample
from mailer.model.search import SearchEntry, SearchTodo
from mailer.model.slot import JobPlan, JobSlot
from mailer.model.source import (
    Consent,
    ParcelRoute,
    PayloadState,
    PollCursor,
    Refusal,
    SourcePayload,
    note_refusal,
)
from mailer.model.suppression import Stream, Suppression, SuppressionCause, lift_undeliverable
from mailer.model.template import (
    Comparison,
    Measure,
    TemplateEdition,
    TemplateFile,
    TemplateImage,
    TemplateRevision,
    TemplateState,
)

__all__ = [
    "BY_WORDS",
    "CHANGES",
    "Agent",
    "AgentSession",
    "Alarm",
    "ApiToken",
    "Approval",
    "Attempt",
    "AuditEntry",
    "AutomaticAnswer",
    "Blob",
    "Bounce",
    "Canary",
    "Choice",
    "Circuit",
    "Claim",
    "Classification",
    "ClockKind",
    "ClockPause",
    "Comparison",
    "Compensation",
    "Complaint",
    "Consent",
    "Conversation",
    "ConversationState",
    "Correction",
    "Coupon",
    "Customer",
    "Delivery",
    "DeliveryState",
    "Direction",
    "Disclosure",
    "Dismissal",
    "Draft",
    "DraftState",
    "DraftVersion",
    "Enrollment",
    "EnrollmentNote",
    "EnrollmentState",
    "Erasure",
    "Event",
    "EventReader",
    "EventTaken",
    "Fault",
    "FlowForward",
    "FlowRevision",
    "FlowStep",
    "FlowText",
    "Heartbeat",
    "Hold",
    "HoldScope",
    "Incident",
    "IncidentKind",
    "IncidentState",
    "Intent",
    "JobPlan",
    "JobSlot",
    "Level",
    "LinkVisit",
    "Mailbox",
    "Measure",
    "Mention",
    "Message",
    "MessageState",
    "Note",
    "Order",
    "OrderLine",
    "Pace",
    "ParcelRoute",
    "ParcelState",
    "PayloadState",
    "PollCursor",
    "Probe",
    "Product",
    "QualitySample",
    "Rating",
    "RawMail",
    "RawMailState",
    "RecoveryCode",
    "Refund",
    "Refusal",
    "Regrouping",
    "ReplyClock",
    "ReportState",
    "ReturnRequest",
    "ReturnState",
    "Review",
    "RevisionState",
    "Role",
    "Route",
    "Row",
    "SavedView",
    "Scan",
    "SearchEntry",
    "SearchTodo",
    "SeenChange",
    "SendAnyway",
    "SentCopy",
    "Shipment",
    "ShopFact",
    "Sighting",
    "SignInLink",
    "Snooze",
    "SourcePayload",
    "StepOutcome",
    "Stream",
    "Suppression",
    "SuppressionCause",
    "TemplateEdition",
    "TemplateFile",
    "TemplateImage",
    "TemplateRevision",
    "TemplateState",
    "Together",
    "Trouble",
    "TroubleKind",
    "in_precedence",
    "lift_undeliverable",
    "note_refusal",
    "note_report",
    "number_key",
    "open_alarms",
    "raise_alarm",
    "recent_alarms",
    "settle_alarm",
]
