"""What a mail of a flow may not say is found in each language, and what a notice of delay says is known in each."""

import pytest

from mailer.rendering.check import SHIPPED
from mailer.rendering.policy import Told, breaches

ALL_STARS = frozenset(f"links.review_{number}" for number in range(1, 6))
WAYS_OUT = frozenset({"links.unsubscribe", "shop.postal_address"})


def told(locale: str, text: str = "", *, head: str = "", kind: str = "feedback", key: str = "x") -> list[str]:
    mail = Told(key, locale, kind, (head,), text, text, f"<p>{text}</p>", ALL_STARS | WAYS_OUT)
    return list(breaches(mail))


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "You get a voucher for it."),
        ("de", "Dafür gibt es einen Gutschein."),
        ("zh", "评价后送优惠券。"),
        ("fr", "Un bon d'achat en échange."),
        ("es", "Le damos un cupón a cambio."),
        ("es", "Con su código promocional."),
        ("it", "Un buono sconto in cambio."),
        ("nl", "Daarvoor krijgt u een kortingscode."),
        ("ja", "お礼にクーポンを差し上げます。"),
    ],
)
def test_an_opinion_is_not_paid_for(locale: str, text: str) -> None:
    assert any("offered nothing" in one for one in told(locale, text))


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Please give us five stars."),
        ("de", "Geben Sie uns fünf Sterne."),
        ("zh", "请给五星好评。"),
        ("fr", "Donnez-nous cinq étoiles."),
        ("fr", "Si vous êtes satisfait, écrivez un avis."),
        ("es", "Si está satisfecha, escriba una reseña."),
        ("es", "Denos cinco estrellas."),
        ("it", "Se è soddisfatta, scriva una recensione."),
        ("it", "Ci dia tante stelle."),
        ("nl", "Bent u tevreden? Schrijf een review."),
        ("nl", "Geef ons veel sterren."),
        ("ja", "ご満足いただけましたら、レビューをお書きください。"),
        ("ja", "高評価をお願いします。"),
    ],
)
def test_everybody_is_asked_the_same(locale: str, text: str) -> None:
    assert any("ask everybody the same" in one for one in told(locale, text))


@pytest.mark.parametrize(
    ("locale", "head"),
    [
        ("en", "Your order, and 20 % off"),
        ("de", "Ihre Bestellung und unser Angebot"),
        ("zh", "您的订单和限时优惠"),
        ("fr", "Votre commande et nos soldes"),
        ("es", "Su pedido y nuestras rebajas"),
        ("it", "Il Suo ordine e i nostri saldi"),
        ("nl", "Uw bestelling en onze uitverkoop"),
        ("ja", "ご注文とセールのお知らせ"),
    ],
)
def test_the_subject_about_an_order_sells_nothing(locale: str, head: str) -> None:
    assert any("sells nothing" in one for one in told(locale, head=head, kind="transactional"))
    assert told(locale, head=head, kind="marketing") == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("fr", "Combien d'étoiles ? 5 étoiles sur 5. Un bon contact, une remarque : tout compte."),
        ("es", "¿Cuántas estrellas merece? 5 de 5 estrellas. Los elogios y las críticas cuentan lo mismo."),
        ("it", "Quante stelle darebbe? 5 stelle su 5. Lodi e critiche contano allo stesso modo."),
        ("nl", "Hoeveel sterren geeft u? 5 van 5 sterren. Lof en kritiek tellen even zwaar."),
        ("ja", "星いくつでしょうか。星5つ（5つのうち）。お褒めの言葉も厳しいご意見も同じように扱います。"),
    ],
)
def test_a_plain_question_is_left_alone(locale: str, text: str) -> None:
    assert told(locale, text) == []


@pytest.mark.parametrize("locale", SHIPPED)
def test_a_notice_of_delay_says_what_the_law_asks(locale: str) -> None:
    missing = [one for one in told(locale, "Hello.", kind="transactional", key="delay_notice") if "does not say" in one]
    assert len(missing) == 4
