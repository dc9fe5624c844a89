"""What a reply does not say is found with its line; ordinary text and our own words are left alone."""

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.check import SHIPPED
from mailer.rendering.tone import Finding, languages, lint


def words(text: str, locale: str = "en") -> list[str]:
    return [one.words for one in lint(text, locale)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You should send it back.", "You should"),
        ("You must pay first.", "You must"),
        ("For that you need to sign in.", "you need to"),
        ("You have\nto sign in.", "You have to"),
        ("You failed to read the page.", "You failed"),
        ("As I said, it is late.", "As I said"),
        ("As I already said twice, it is late.", "As I already said"),
        ("This was your mistake.", "your mistake"),
        ("You didn’t read the page.", "You didn't read"),
        ("It has been decided to close the case.", "It has been decided"),
        ("Mistakes were made.", "Mistakes were made"),
        ("Your request will be processed.", "will be processed"),
        ("I am sorry for the trouble. Best regards", "I am sorry"),
        ("We apologize for any inconvenience.", "apologize"),
        ("We will write to you soon.", "soon"),
        ("I reply as soon as possible.", "as soon as possible"),
        ("You will hear from us shortly.", "shortly"),
        ("Thank you for your praise! Discover our new shirts.", "Discover our"),
        ("Thanks. Use code SMILE for more.", "Use code"),
        ("Could you change your review? We give you a voucher.", "change your review"),
        ("A voucher for a good review awaits.", "voucher for a good review"),
        ("Please send me your card number.", "send me your card number"),
        ("What is your CVV number?", "your CVV"),
        ("THIS CANNOT WAIT", "THIS CANNOT WAIT"),
        ("Thank you!!", "!!"),
        ("Really?!", "?!"),
    ],
)
def test_what_sounds_wrong_is_found(text: str, found: str) -> None:
    assert found in words(text)


@pytest.mark.parametrize(
    "text",
    [
        "I have asked the carrier where your parcel is, and I write to you by Friday, 27 November.",
        "I am sorry for the wait. I have sent a new one today.",
        "I am sorry that the lamp is broken. You choose: a new one, or your money back.",
        "I will write as soon as I have the number, on 3 December at the latest.",
        "You will hear from me soon, by 27 November.",
        "There is nothing you need to do.",
        "I never need your card number or a password, so please leave them out of your mails.",
        "Your review stays as you wrote it, and whether you ever edit it is for you alone to decide.",
        "The parcel is with DHL in the USA. VAT is paid.",
        "Thank you! The sizes are S, M, L and XL.",
        "If it does not fit, reply with your size.",
        "Your order left us on Monday. It comes with UPS on Thursday.",
        "",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert lint(text, "en") == []


def test_a_finding_says_line_words_reason_and_better_words() -> None:
    (one,) = lint("Hello,\n\nyou\nshould wait.\n", "en")
    assert one == Finding(
        3, "you should", "It gives orders.", 'Say what you do yourself, or ask: "Could you send me ...?"'
    )


def test_findings_stand_in_the_order_of_lines() -> None:
    found = lint("Wait!!\nYou must.\n\nI write soon.\nYou should.", "en")
    assert [one.line for one in found] == sorted(one.line for one in found)
    assert len(found) == 4


def test_a_language_without_words_finds_nothing() -> None:
    assert lint("You must!!", "xx") == []
    assert words("You must.", "en-GB") == ["You must"]


def test_every_shipped_language_has_its_words() -> None:
    assert set(SHIPPED) <= set(languages())


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de", "Sie müssen den Artikel zurücksenden."),
        ("de", "Wir melden uns baldmöglichst."),
        ("fr", "Vous devez renvoyer l'article."),
        ("fr", "Nous vous répondrons dès que possible."),
        ("es", "Debe devolver el artículo."),
        ("es", "Le responderemos lo antes posible."),
        ("zh", "您必须先退货。"),
        ("zh", "我们会尽快回复。"),
        ("it", "Lei deve rispedire l'articolo."),
        ("it", "Le risponderemo al più presto."),
        ("nl", "U moet het artikel terugsturen."),
        ("nl", "Wij antwoorden zo snel mogelijk."),
        ("ja", "商品を返送していただく必要があります。"),
        ("ja", "できるだけ早くご返信いたします。"),
    ],
)
def test_each_language_finds_orders_and_vague_promises(locale: str, text: str) -> None:
    assert lint(text, locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("it", "Ha dimenticato di allegare la foto."),
        ("it", "Come già detto, il pacco è partito."),
        ("it", "La sua richiesta è stata presa in carico."),
        ("it", "Ci scusiamo per il disagio. Cordiali saluti"),
        ("it", "Approfitti della nuova collezione."),
        ("it", "Potrebbe modificare la sua recensione?"),
        ("it", "Uno sconto per la recensione."),
        ("it", "Mi mandi i dati della carta."),
        ("nl", "U hebt het adres verkeerd opgegeven."),
        ("nl", "Zoals eerder gezegd is het pakket onderweg."),
        ("nl", "Uw verzoek wordt behandeld."),
        ("nl", "Onze excuses voor het ongemak. Met vriendelijke groet"),
        ("nl", "Gebruik de code ZOMER."),
        ("nl", "Wilt u de review aanpassen?"),
        ("nl", "Een kortingscode voor uw review."),
        ("nl", "Stuur mij uw wachtwoord."),
        ("ja", "お客様の入力ミスです。"),
        ("ja", "先ほども申し上げたとおりです。"),
        ("ja", "関係部署で検討されます。"),
        ("ja", "ご不便をおかけし申し訳ございません。"),
        ("ja", "今なら期間限定です。"),
        ("ja", "レビューを変更していただけますか。"),
        ("ja", "レビューのお礼にクーポンを差し上げます。"),
        ("ja", "カード番号を教えてください。"),
    ],
)
def test_blame_excuses_selling_and_bought_reviews_are_found(locale: str, text: str) -> None:
    assert lint(text, locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("it", "Mi dispiace per l'attesa. Ho chiesto al corriere dove si trova il pacco."),
        ("it", "Le scrivo entro venerdì 27 novembre 2026. Potrebbe mandarmi una foto?"),
        ("it", "Non posso vedere la sua password e non la chiedo mai."),
        ("nl", "Het spijt me dat het pakket er nog niet is. Ik heb de vervoerder gevraagd waar het is."),
        ("nl", "U hoort uiterlijk vrijdag 27 november van mij. Zou u mij een foto kunnen sturen?"),
        ("nl", "Uw wachtwoord kan ik niet zien, en ik vraag er nooit naar."),
        ("ja", "お待たせして申し訳ございません。配送会社に問い合わせました。"),
        ("ja", "11月27日までにご連絡いたします。お写真をお送りいただけますか。"),
        ("ja", "パスワードは私からは見えず、お尋ねすることも決してございません。"),
    ],
)
def test_ordinary_words_of_each_language_are_left_alone(locale: str, text: str) -> None:
    assert lint(text, locale) == []


@given(st.text(max_size=400), st.sampled_from(SHIPPED))
def test_any_text_is_read(text: str, locale: str) -> None:
    for one in lint(text, locale):
        assert 1 <= one.line <= text.count("\n") + 1
        assert one.why
        assert one.better


@pytest.mark.parametrize("text", ["you " * 20_000, "sorry " * 15_000, "a" * 100_000, "I am\n" * 20_000, "!" * 90_000])
def test_a_long_text_is_read_at_once(text: str) -> None:
    for locale in SHIPPED:
        lint("", locale)
        start = process_time()
        lint(text, locale)
        assert process_time() - start < 3


def test_our_own_documents_are_mostly_silent() -> None:
    """Plain prose that nobody wrote as a reply: few findings."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert len(lint(text, "en")) < 5
