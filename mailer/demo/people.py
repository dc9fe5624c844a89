"""The demo's customers: who they are, what they speak, what became of their order, and who writes about what."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.model import Intent

LANGUAGES = ("en", "de", "zh", "fr", "es")
STATES = (
    "paid", "label_printed", "in_transit", "out_for_delivery", "delivered", "delivered_long_ago", "delayed", "overdue",
    "canceled", "refunded", "partly_refunded", "customs",
)  # fmt: skip
# Somebody who has not bought anything yet.
PROSPECT = "prospect"
FIRST_NUMBER = 1001

# For each language as many people as there are states, and three more who only ask: name and country.
_PEOPLE = {
    "en": (
        ("Ben Okafor", "GB"), ("Grace Kelly", "IE"), ("Jack Miller", "US"), ("Noah Smith", "US"),
        ("Olivia Brown", "GB"), ("Liam Murphy", "IE"), ("Ava Wilson", "CA"), ("Ruby Clarke", "AU"),
        ("Hiro Tanaka", "JP"), ("Karin Lund", "SE"), ("Ana Silva", "PT"), ("Priya Nair", "GB"), ("Tom Baker", "GB"),
        ("Emma Jansen", "NL"), ("Olga Nowak", "PL"),
    ),
    "de": (
        ("Dieter Braun", "DE"), ("Paul Weber", "AT"), ("Heike Schröder", "DE"), ("Jonas Keller", "CH"),
        ("Lena Hofmann", "DE"), ("Ursula Vogt", "DE"), ("Fatma Yılmaz", "DE"), ("Max Gruber", "AT"),
        ("Sophie Frei", "CH"), ("Timo Krause", "DE"), ("Ingrid Maier", "AT"), ("Nils Petersen", "DE"),
        ("Birgit Lorenz", "DE"), ("Felix Arnold", "DE"), ("Vera Huber", "AT"),
    ),
    "zh": (
        ("陈美", "CN"), ("王伟", "CN"), ("李娜", "CN"), ("张敏", "SG"), ("刘洋", "CN"), ("黄志强", "HK"),
        ("赵静", "CN"), ("周杰", "CN"), ("吴芳", "SG"), ("徐磊", "CN"), ("孙丽", "CN"), ("马超", "HK"),
        ("朱琳", "CN"), ("何平", "CN"), ("林小红", "SG"),
    ),
    "fr": (
        ("Chloé Martin", "FR"), ("Farid Haddad", "FR"), ("Julie Lambert", "BE"), ("Marc Favre", "CH"),
        ("Élise Tremblay", "CA"), ("Hugo Bernard", "FR"), ("Nadia Benali", "FR"), ("Luc Peeters", "BE"),
        ("Anne Rochat", "CH"), ("Théo Garnier", "FR"), ("Simone Roux", "FR"), ("Karim Diallo", "FR"),
        ("Manon Picard", "FR"), ("Yves Gagnon", "CA"), ("Inès Colin", "FR"),
    ),
    "es": (
        ("Inés Ortega", "ES"), ("Carlos Ruiz", "ES"), ("Lucía Gómez", "MX"), ("Diego Herrera", "AR"),
        ("María Campos", "ES"), ("Javier Molina", "ES"), ("Paula Ríos", "CL"), ("Andrés Peña", "CO"),
        ("Carmen Vidal", "ES"), ("Sergio Núñez", "MX"), ("Elena Soto", "ES"), ("Pablo Ibáñez", "ES"),
        ("Rosa Delgado", "ES"), ("Mateo Cruz", "MX"), ("Nuria Blanco", "ES"),
    ),
}  # fmt: skip

_ON_THE_WAY = ("paid", "label_printed", "in_transit", "out_for_delivery", "customs")
_RECEIVED = ("delivered", "delivered_long_ago")
_ANYBODY = (PROSPECT, *STATES)
# Whose order fits what is written; all others write about everything else.
_FITS: dict[str, tuple[str, ...]] = {
    Intent.COMPLAINT_DISPUTE: ("overdue", "delivered_long_ago", "delayed"),
    Intent.CANCEL_ORDER: ("paid", "label_printed", "in_transit"),
    Intent.CHANGE_ORDER: ("paid", "label_printed"),
    Intent.DELIVERY_DELAY: ("delayed", "overdue", "customs", "delivered"),
    Intent.DAMAGED_DEFECTIVE: _RECEIVED,
    Intent.WRONG_MISSING_ITEM: _RECEIVED,
    Intent.SIZE_NOT_FIT: _RECEIVED,
    Intent.RETURN_REFUND: _RECEIVED,
    Intent.EXCHANGE: _RECEIVED,
    Intent.REFUND_STATUS: ("canceled", "refunded", "partly_refunded"),
    Intent.PAYMENT_ISSUE: ("paid", "label_printed"),
    Intent.ORDER_STATUS: _ON_THE_WAY,
    "wrong_number": _ON_THE_WAY,
    "several_from": _ON_THE_WAY,
    Intent.SIZE_QUESTION: (PROSPECT,),
    Intent.STOCK: (PROSPECT, *STATES),
    Intent.PRODUCT_QUESTION: _ANYBODY,
    Intent.SHIPPING_QUESTION: (PROSPECT,),
    Intent.CUSTOMS_TAX: (PROSPECT, "customs"),
    Intent.DISCOUNT_PROMO: _ANYBODY,
    Intent.WEBSITE_SAFETY: (PROSPECT,),
    Intent.WHOLESALE: (PROSPECT,),
    Intent.SPAM_SALES: (PROSPECT,),
    Intent.OTHER: (PROSPECT,),
    "several_wishes": _RECEIVED,
    "second_mail": _ON_THE_WAY,
    "forged": ("paid", "label_printed"),
}


@dataclass(frozen=True)
class Customer:
    """Somebody of the demo, with a mailbox and perhaps an order."""

    name: str
    address: str
    language: str
    country: str
    state: str
    order_number: str = ""

    def fits(self, about: str) -> bool:
        """Whether this customer would write such a mail."""
        return self.state in _FITS.get(about, STATES)


def customers() -> list[Customer]:
    """Everybody who writes to this shop; who has an order comes in the sequence of the order numbers."""
    everybody = [one for language in LANGUAGES for one in _speakers(language)]
    buyers = [one for one in everybody if one.state != PROSPECT]
    numbers = {one.address: f"#{FIRST_NUMBER + position}" for position, one in enumerate(buyers)}
    return [
        Customer(one.name, one.address, one.language, one.country, one.state, numbers.get(one.address, ""))
        for one in (*buyers, *(one for one in everybody if one.state == PROSPECT))
    ]


def _speakers(language: str) -> Iterator[Customer]:
    for position, (name, country) in enumerate(_PEOPLE[language]):
        state = STATES[position] if position < len(STATES) else PROSPECT
        yield Customer(name, _address(name, language, position), language, country, state)


def _address(name: str, language: str, position: int) -> str:
    """The name in ASCII; a name in another script becomes a word with a number, as people choose it."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode().lower()
    return f"{'.'.join(plain.split()) or f'{language}{position + 1}'}@customers.test"
