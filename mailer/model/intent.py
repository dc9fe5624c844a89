"""What a mail may want: thirty intents, in the order in which one of several is the first (PRODUCT, section 1)."""

from collections.abc import Iterable
from enum import StrEnum


class Intent(StrEnum):
    """One wish. The order of the members is their precedence."""

    COMPLAINT_DISPUTE = "complaint_dispute"  # a quarrel: chargeback, platform dispute, lawyer, open anger
    UNSUBSCRIBE_PRIVACY = "unsubscribe_privacy"  # no more mails, my data, erase me
    CANCEL_ORDER = "cancel_order"  # the order is not wanted any more
    CHANGE_ORDER = "change_order"  # other items or another address
    DELIVERY_DELAY = "delivery_delay"  # late, not received, marked delivered but not here
    DAMAGED_DEFECTIVE = "damaged_defective"  # it came broken, or broke
    WRONG_MISSING_ITEM = "wrong_missing_item"  # another thing came, something is missing, not as described
    SIZE_NOT_FIT = "size_not_fit"  # it came and does not fit
    RETURN_REFUND = "return_refund"  # send it back, money back
    EXCHANGE = "exchange"  # another size, colour or thing instead
    REFUND_STATUS = "refund_status"  # where is my money
    PAYMENT_ISSUE = "payment_issue"  # declined, charged twice, cannot pay
    ORDER_STATUS = "order_status"  # where is it, when does it come
    INVOICE = "invoice"  # a document for the books
    ACCOUNT_HELP = "account_help"  # sign-in, password, account data
    SIZE_QUESTION = "size_question"  # which size before the order
    STOCK = "stock"  # is it there, when is it back
    PRODUCT_QUESTION = "product_question"  # what it is, is made of, can do
    COMBINED_SHIPPING = "combined_shipping"  # several things, one shipping fee
    SHIPPING_QUESTION = "shipping_question"  # do you ship to, how long, how much
    CUSTOMS_TAX = "customs_tax"  # duty and VAT
    DISCOUNT_PROMO = "discount_promo"  # code, sale, better price
    WEBSITE_SAFETY = "website_safety"  # is this shop real
    WHOLESALE = "wholesale"  # many, for resale
    REVIEW_RELATED = "review_related"  # about a review that they wrote or are to write
    POSITIVE_FEEDBACK = "positive_feedback"  # thanks, praise
    SPAM_SALES = "spam_sales"  # somebody wants to sell to us
    AUTO_REPLY = "auto_reply"  # a machine, known by headers, never by words
    BOUNCE = "bounce"  # a returned mail, known by structure, never by words
    OTHER = "other"  # none of these; a person reads it


# What its wording alone may tell of.
BY_WORDS = tuple(one for one in Intent if one not in (Intent.AUTO_REPLY, Intent.BOUNCE, Intent.OTHER))
# What changes something needs a confirmed sender (PRODUCT, rule 5).
CHANGES = frozenset(
    {
        Intent.CANCEL_ORDER,
        Intent.CHANGE_ORDER,
        Intent.RETURN_REFUND,
        Intent.EXCHANGE,
        Intent.ACCOUNT_HELP,
        Intent.UNSUBSCRIBE_PRIVACY,
    }
)

_RANK = {intent: rank for rank, intent in enumerate(Intent)}


def in_precedence(intents: Iterable[str]) -> list[Intent]:
    """Each of these intents once, the one that counts most first."""
    return sorted({Intent(one) for one in intents}, key=_RANK.__getitem__)
