"""How a conversation that begins with one of our pages is called, in the customer's language: our reply's subject."""

_SUBJECTS = {
    "en": {"rating": "Rating", "arrived": "Parcel not arrived", "choice": "Cancellation", "return": "Return"},
    "de": {
        "rating": "Bewertung",
        "arrived": "Paket nicht angekommen",
        "choice": "Stornierung",
        "return": "Rücksendung",
    },
    "zh": {"rating": "评价", "arrived": "未收到包裹", "choice": "取消订单", "return": "退货"},
    "fr": {"rating": "Évaluation", "arrived": "Colis non arrivé", "choice": "Annulation", "return": "Retour"},
    "es": {"rating": "Valoración", "arrived": "Paquete no recibido", "choice": "Cancelación", "return": "Devolución"},
    "it": {"rating": "Valutazione", "arrived": "Pacco non arrivato", "choice": "Annullamento", "return": "Reso"},
    "nl": {
        "rating": "Beoordeling",
        "arrived": "Pakket niet aangekomen",
        "choice": "Annulering",
        "return": "Retour",
    },
    "ja": {
        "rating": "評価について",
        "arrived": "未着のお荷物について",
        "choice": "キャンセルについて",
        "return": "返品について",
    },
}


def subject_of(matter: str, language: str | None, number: str = "") -> str:
    """As in "Return (#1001)"; English where we have no words of a language."""
    words = _SUBJECTS.get((language or "en").split("-")[0].lower(), _SUBJECTS["en"])[matter]
    return f"{words} ({number})" if number else words
