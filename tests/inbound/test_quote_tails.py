"""What programs and people put under their words is told from the words; what may be words is kept."""

import pytest

from mailer.inbound.quote import Label, label, own_words

OWN = "Where is my parcel?"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my iPad.",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from my Verizon, Samsung Galaxy smartphone",
        "Sent from my T-Mobile 4G LTE Device",
        "Sent from my Huawei phone",
        "Sent from Mail for Windows 10",
        "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows",
        "Sent from Yahoo Mail on Android",
        "Sent from Outlook for Android",
        "Get Outlook for iOS",
        "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "Get [Outlook for iOS](https://aka.ms/o0ukef)",
        "Sent with Proton Mail secure email.",
        "Sent via BlackBerry from T-Mobile",
        "*Sent from my iPhone*",
        "Von meinem iPhone gesendet",
        "Von meinem iPad gesendet",
        "Von meinem Samsung Galaxy Smartphone gesendet.",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Gesendet mit der GMX Mail App",
        "Gesendet von Outlook für Android",
        "Gesendet von Mail für Windows 10",
        "Holen Sie sich Outlook für iOS",
        "Envoyé de mon iPhone",
        "Envoyé depuis mon appareil Galaxy",
        "Envoyé depuis l'application Mail Orange",
        "Envoyé à partir de Outlook pour iOS<https://aka.ms/o0ukef>",
        "Envoyé depuis Yahoo Mail pour Android",
        "Enviado desde mi iPhone",
        "Enviado desde mi dispositivo Samsung",
        "Enviado desde Correo para Windows",
        "Inviato da iPhone",
        "Inviato dal mio iPhone",
        "Inviato da Yahoo Mail su Android",
        "Verstuurd vanaf mijn iPhone",
        "Verzonden vanaf mijn Galaxy",
        "Verzonden vanuit Mail voor Windows via Outlook",
        "Enviado do meu iPhone",
        "Enviado do Yahoo Mail no Android",
        "Enviado a partir do meu telemóvel Samsung",
        "Wysłane z iPhone'a",
        "Wysłane z mojego iPhone'a",
        "Wysłane z programu Outlook dla systemu Android",
        "Отправлено с iPhone",
        "Отправлено с моего iPhone",
        "Отправлено из мобильной Почты Mail.ru",
        "Skickat från min iPhone",
        "Hämta Outlook för Android",
        "Sendt fra min iPhone",
        "Hent Outlook til iOS",
        "iPhoneから送信",
        "Androidデバイスから送信 Outlook から送信",
        "发自我的iPhone",
        "发自我的 iPhone",
        "发自我的小米手机",
        "从我的 iPhone 发送",
        "發自我的 iPhone",
        "나의 iPhone에서 보냄",
        "Lähetetty iPhonesta",
        "Odesláno z iPhonu",
    ],
)
def test_a_telephones_line_is_a_signature(line: str) -> None:
    labelled = label(f"{OWN}\n\n{line}\n")
    assert labelled.own_words == OWN
    assert labelled.signature == line
    assert own_words(f"{line}\n\n{OWN}") == OWN
    assert own_words(f"{OWN}\n\n--\n{line}\n") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my desk, it is slower than by hand.",
        "Sent from my old address last week",
        "When was it sent?\nSent from Lisbon",
        "The parcel was sent from my iPhone app",
        "Get me my money back",
        "Von meinem Mann bestellt",
        "Von meinem iPhone aus geht es nicht",
        "Gesendet von Berlin nach Hamburg",
        "Enviado desde Madrid",
        "Inviato da Roma",
        "Wysłane z Warszawy",
        "Отправлено с почты вчера, где оно?",
        "내 주문은 어디에 있나요",
        "发自内心地感谢",
        "-----",
        "Regards the parcel: where is it?",
        "Best size for me?",
        "Saludos,\nquisiera saber dónde está mi pedido.",
        "Saludos\n\nMi pedido no llega",
        "Cordialement vous avez ignoré ma demande",
        "Danke\nAnna",
        "Thanks for nothing\nAna",
        "Regards,\nAna",
        "It is confidential that I ordered this. Please tell nobody.",
        "I received this message in error. It is not my order.",
        "Here is the list:\n--\none shirt, blue\ntwo shirts, red?\n",
        "🎉\n\n—\nJohn Doe\nCEO at Pandaland",
        "Please ship to\n____\nAna Silva, Rua 1, Porto",
        "Wert: 100\n=====\nBitte erstatten.",
    ],
)
def test_what_may_be_a_customers_words_is_kept(text: str) -> None:
    assert own_words(text) == text.strip()


@pytest.mark.parametrize(
    "block",
    [
        "-- \nAna Silva",
        "--\nAna Silva\nRua 1\nPorto",
        "-- \nAna Silva\n\nLisbon office\n+351 123 456 789",
        "Regards",
        "Best regards,\nAna",
        "Kind regards\n\nAna Silva",
        "Kind Regards, Ana Silva",
        "Yours sincerely,\n\nAna Silva\nHead of Nothing\nhttps://ana.example\nTel: +351 123 456 789",
        "Thanks,\nAna Silva\nana@x.test",
        "Mit freundlichen Grüßen\nAnna Müller",
        "Mit freundlichen Grüßen\n\nAnna Müller\nTel. 0176 1234567",
        "Viele Grüße, Anna",
        "LG\nAnna",
        "Cordialement,\nAnne Dupont",
        "Bien cordialement\n\nAnne",
        "Un saludo,\nAna",
        "Atentamente\nAna de la Cruz",
        "Cordiali saluti\nAnna Rossi",
        "Met vriendelijke groet,\n\nAnna de Vries",
        "Atenciosamente,\nAna",
        "Pozdrawiam,\nAnna Nowak",
        "С уважением,\nАнна Иванова",
        "Med vänliga hälsningar\nAnna",
        "Med venlig hilsen\nAnna Hansen",
        "Mvh\nAnna",
        "敬具\n山田花子",
        "此致\n敬礼",
        "________________\nriders mailing list\nriders@lists.example\nhttps://lists.example/riders",
    ],
)
def test_a_signature_is_folded(block: str) -> None:
    labelled = label(f"{OWN}\n\n{block}\n")
    assert labelled.own_words == OWN
    assert labelled.signature == block.strip()
    quoted = "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co <care@shop.test> wrote:\n> Sent."
    assert own_words(f"{OWN}\n\n{block}\n\n{quoted}") == OWN
    assert own_words(f"{quoted}\n\n{OWN}\n\n{block}") == OWN


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hello.\n\nRegards,\nAna\n\nPS: please cancel the red one.", "Hello.\n\n\nPS: please cancel the red one."),
        ("Hello.\n\n-- \nAna\n\nPS please cancel.", "Hello.\n\n\nPS please cancel."),
        ("Hello.\n\n-- \nAna\n\nAnd where is the blue one?", "Hello.\n\n\nAnd where is the blue one?"),
        ("-- \nAna\n\nWhere is it?\n\nIt is late.", "Where is it?\n\nIt is late."),
        ("Hello.\n\nRegards,\nAna\nOrder 12345", "Hello.\n\nOrder 12345"),
        ("Hello.\n\nRegards,\nAna\nOrder: 1234567", "Hello.\n\nOrder: 1234567"),
        ("Hello.\n\nRegards,\nAna\n#1234567", "Hello.\n\n#1234567"),
        ("Sent from my iPhone\n\nWhere is it?", "Where is it?"),
        ("Where is it?\n\nSent from my iPhone\n\nIt is late.", "Where is it?\n\n\nIt is late."),
    ],
)
def test_words_below_a_signature_are_kept(text: str, own: str) -> None:
    assert own_words(text) == own


@pytest.mark.parametrize(
    "notice",
    [
        "This e-mail is confidential and intended solely for the use of the person to whom it is addressed. If you\n"
        "have received this e-mail in error please notify the sender.",
        "CONFIDENTIALITY NOTICE: The contents of this email message and any attachments are intended solely for the\n"
        "addressee(s) and may contain confidential and/or privileged information.",
        "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der\n"
        "richtige Adressat sind, informieren Sie bitte sofort den Absender und vernichten Sie diese Mail.",
        "Ce message est confidentiel et réservé à l'attention exclusive de son destinataire. Toute diffusion non\n"
        "autorisée est interdite.",
        "Este mensaje es confidencial y va dirigido a su destinatario. Si lo ha recibido por error, queda\n"
        "prohibida su copia.",
        "Le informazioni contenute in questo messaggio sono riservate e ai soli destinatari. Se ricevuto per errore\n"
        "ne è vietata la diffusione.",
        "Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde. Gebruik door anderen is niet\n"
        "toegestaan.",
        "Please consider the environment before printing this email.",
        "Virus-free. www.avast.com",
    ],
)
def test_legal_text_is_folded(notice: str) -> None:
    labelled = label(f"{OWN}\n\n{notice}\n")
    assert labelled.own_words == OWN
    assert {one for one, line in labelled.lines if line in notice.split("\n")} == {Label.DISCLAIMER}
    assert own_words(f"{OWN}\n\n-- \nAna\n\n{notice}\n") == OWN
