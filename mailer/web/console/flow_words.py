"""Flows in words: what starts them, what their conditions say, and why something was not sent."""

from mailer.web.languages import N_

STATUS = {"draft": N_("draft"), "manual": N_("manual"), "live": N_("live")}
STATUS_SAYS = {
    "draft": N_("Nothing is sent."),
    "manual": N_("Each mail waits until a person lets it go."),
    "live": N_("Mails go by themselves."),
}
KIND = {"transactional": N_("transactional"), "feedback": N_("feedback"), "marketing": N_("marketing")}
PER = {
    "order": N_("once for each order"),
    "shipment": N_("once for each parcel"),
    "customer": N_("once for each customer"),
    "conversation": N_("once for each conversation"),
    "delay": N_("once for each delay"),
    "return": N_("once for each return"),
}
EVENT = {
    "order.placed": N_("order placed"),
    "order.canceled": N_("order canceled"),
    "order.refunded": N_("order refunded"),
    "order.partly_refunded": N_("order refunded in part"),
    "order.shipped": N_("first parcel shipped"),
    "order.delivered": N_("last parcel delivered"),
    "shipment.shipped": N_("parcel shipped"),
    "shipment.scanned": N_("parcel with the carrier"),
    "shipment.canceled": N_("parcel canceled"),
    "shipment.delivered": N_("parcel delivered"),
    "shipment.pickup_ready": N_("parcel ready to be fetched"),
    "shipment.out_for_delivery": N_("parcel out for delivery"),
    "shipment.returning": N_("parcel on its way back"),
    "shipment.lost": N_("parcel lost"),
    "delay.opened": N_("parcel found late"),
    "delay.settled": N_("delay over"),
    "conversation.opened": N_("conversation opened"),
    "conversation.closed": N_("conversation closed"),
    "mail.replied": N_("customer answered"),
    "rating.received": N_("rating received"),
    "rating.low": N_("low rating received"),
    "review.received": N_("review received"),
    "choice.made": N_("customer chose"),
    "return.requested": N_("return requested"),
    "return.agreed": N_("return agreed"),
    "return.refused": N_("return refused"),
    "return.received": N_("return received"),
    "return.settled": N_("return settled"),
    "customer.opted_out": N_("customer opted out"),
}
CONDITION = {
    "customer.mailable": N_("mails can reach the customer"),
    "customer.marketing_consent": N_("agreed to offers"),
    "customer.orders == 1": N_("first order"),
    "order.marketplace": N_("marketplace order"),
    "order.source == 'amazon'": N_("order from Amazon"),
    "order.refunded": N_("refunded"),
    "order.partly_refunded": N_("refunded in part"),
    "order.canceled": N_("canceled"),
    "order.test": N_("test order"),
    "event.needs_person": N_("a person looks first"),
    "not run.rated": N_("not rated yet"),
    "not run.replied": N_("not answered yet"),
    "not run.rated and not run.replied": N_("neither rated nor answered yet"),
}
OPEN = {
    "conversation.open": N_("a conversation is open"),
    "return.open": N_("a return is open"),
    "delay.open": N_("a parcel is late"),
}
# What rows say, as far as it is always said the same way.
REASON = {
    "the flow is a draft": N_("the flow is a draft"),
    "a conversation of this customer is open": N_("a conversation of this customer is open"),
    "a return is open": N_("a return is open"),
    "a parcel is late": N_("a parcel is late"),
    "no consent to marketing": N_("no consent to marketing"),
    "no address is known": N_("no address is known"),
    "waits until a person releases it": N_("waits until a person lets it go"),
    "the file of its flow is gone": N_("the flow is gone"),
    "it has been in already": N_("it has been in already"),
}
CONDITION_SKIPS, RELEASE = "its condition is not true: ", "`mailer flows release "


def event_words(kind: str) -> str:
    """An Event in words; its own word where there are none."""
    return EVENT.get(kind, kind.replace(".", " ").replace("_", " "))


def condition_words(condition: str) -> str:
    """A condition in words; as it is written where there are none."""
    return CONDITION.get(condition, condition)


def reason_words(reason: str) -> str:
    """Why something was not sent, for a person: what the console says better than the row."""
    if reason.startswith(RELEASE):
        return REASON["waits until a person releases it"]
    if reason.startswith(CONDITION_SKIPS):
        return condition_words(reason.removeprefix(CONDITION_SKIPS))
    return REASON.get(reason, EVENT.get(reason, reason))


def is_condition(reason: str) -> bool:
    """Whether a step was skipped by its own condition."""
    return reason.startswith(CONDITION_SKIPS)


def mail_words(name: str) -> str:
    """The name of a mail, to be read."""
    return name.replace("_", " ")
