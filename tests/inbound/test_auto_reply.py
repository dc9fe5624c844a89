"""A machine's answer is known by its headers, or by a subject that only a machine begins so; a person's never is."""

import pytest

from tests.inbound.reports import mail, read

ANA = "Ana Costa <ana@customer.test>"
HELLO = "Thank you for your mail."

HEADERS = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "Auto-Replied (vacation)"},
    {"Auto_Submitted": "auto-replied; owner-email=ana@customer.test"},
    {"X_Autoreply": "yes"},
    {"X_Autorespond": "Out of office"},
    {"X_Autoresponder": "1"},
    {"X_Auto_Response_From": "ana@customer.test"},
    {"X_Autoreply_From": "ana@customer.test"},
    {"X_Mail_Autoreply": "dtc-autoreply"},
    {"Precedence": "auto_reply"},
    {"Precedence": "Auto-Reply"},
    {"Delivered_To": "Autoresponder"},
    {"X_MS_Exchange_Generated_Message_Source": "Mailbox Rules Agent"},
    {"X_MS_Exchange_Inbox_Rules_Loop": "ana@customer.test"},
    {"X_Message_Class": "IPM.Note.Rules.OofTemplate.Microsoft"},
    {"X_Mailer": "Auto-Reply 2.0"},
    {"X_FC_MachineGenerated": "true"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=" ".join)
def test_a_responder_gives_itself_away_by_a_header(headers: dict[str, str]) -> None:
    found = read(mail(HELLO, ANA, "Re: my order", **headers))
    assert (found.kind, found.route, found.is_auto_reply) == ("auto_reply", "none", True)
    assert found.automatic
    assert not found.may_auto_answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Auto_Submitted": "auto-notified"},
    ],
    ids=" ".join,
)
def test_a_machines_notification_is_automatic_too(headers: dict[str, str]) -> None:
    found = read(mail(HELLO, ANA, "Your ticket was closed", **headers))
    assert (found.kind, found.route, found.may_auto_answer) == ("auto_reply", "none", False)


def test_a_notification_through_a_list_is_the_lists() -> None:
    found = read(mail(HELLO, ANA, "Build 7 failed", Auto_Submitted="auto-generated", List_Id="<builds.host.test>"))
    assert (found.kind, found.route, found.is_auto_reply) == ("list", "none", False)


def test_what_a_timer_wrote_is_nobodys_answer() -> None:
    found = read(mail(HELLO, "Cron <cron@host.test>", "Cron nightly", X_Cron_Env="<SHELL=/bin/sh>"))
    assert (found.kind, found.route, found.may_auto_answer) == ("list", "none", False)


SUBJECTS = [
    "Automatic reply: Re: my order",
    "Automatic Reply",
    "Auto-Reply: your mail",
    "Autoreply - Re: order",
    "[Auto-Reply] your mail",
    "Out of Office AutoReply: order",
    "Out of office reply",
    "Vacation reply",
    "Automatische Antwort: Ihre Bestellung",
    "Abwesenheitsnotiz: Ihre Bestellung",
    "Réponse automatique : votre commande",
    "Message d'absence",
    "Respuesta automática: su pedido",
    "Risposta automatica: ordine",
    "Automatisch antwoord: bestelling",
    "Afwezigheidsbericht",
    "Resposta automática: pedido",
    "Odpowiedź automatyczna: zamówienie",
    "Автоматический ответ: заказ",
    "Автоответ: заказ",
    "Autosvar: din ordre",
    "Automatiskt svar: order",
    "Automatisk svar: ordre",
    "自動応答: ご注文",
    "自動返信：ご注文の件",
    "自动回复: 您的订单",
    "自動回覆：訂單",
    "자동 응답: 주문",
    "자동회신: 주문",
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_that_only_responders_begin_with_is_enough(subject: str) -> None:
    found = read(mail(HELLO, ANA, subject))
    assert (found.kind, found.route, found.is_auto_reply) == ("auto_reply", "none", True)


AWAY = [
    ("Out of office", "I am out of the office until 3 May with limited access to mail."),
    ("Out of the office: Re: order", "I will be back on Monday."),
    ("OOO", "I'm away until 3 May."),
    ("On vacation", "I am on vacation and will return on Monday."),
    ("Abwesenheit", "Ich bin bis zum 3. Mai nicht im Büro und lese keine Mails."),
    ("Abwesenheitsnotiz vom 3. bis 9. Mai", "Ich bin im Urlaub."),
    ("Urlaub", "Ich bin im Urlaub und ab 3. Mai wieder erreichbar."),
    ("Absence", "Je suis absent jusqu'au 3 mai."),
    ("Fuera de la oficina", "Estoy fuera de la oficina hasta el 3 de mayo."),
    ("Fuori ufficio", "Sono assente fino al 3 maggio."),
    ("Afwezig", "Ik ben afwezig tot 3 mei."),
    ("Ausência", "Estou ausente até 3 de maio."),
    ("Nieobecność", "Jestem nieobecny do 3 maja."),
    ("В отпуске", "Я в отпуске до 3 мая."),
    ("Frånvarande", "Jag är på semester till 3 maj."),
    ("Ikke på kontoret", "Jeg er på ferie til 3. maj."),
    ("不在", "ただいま休暇をいただいております。"),
    ("휴가", "휴가 중입니다."),
]


@pytest.mark.parametrize(("subject", "text"), AWAY, ids=[one[0] for one in AWAY])
def test_a_subject_that_people_use_too_needs_a_text_that_agrees(subject: str, text: str) -> None:
    assert read(mail(text, ANA, subject)).kind == "auto_reply"
    assert read(mail("Where is my order 1001", ANA, subject)).kind == "person"


def test_a_null_return_path_agrees_with_such_a_subject() -> None:
    assert read(mail("I got it.", ANA, "Out of office", Return_Path="<>")).kind == "auto_reply"


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Re: Automatic reply: your order", {}),
        ("Fwd: Out of Office AutoReply", {}),
        ("Automatic reply machines for sale", {}),
        ("Out of office chair order 1001", {}),
        ("Automatic reply to my question is rude", {}),
        ("Automatic reply, again", {}),
        ("Vacation dress, wrong size", {}),
        ("Absence of the second parcel", {}),
        ("Automatic reply: my order", {"Auto_Submitted": "no"}),
        ("Automatic reply: my order", {"List_Id": "<care.shop.test>"}),
        ("Urlaubskleid Größe 38", {}),
        ("Auto parts, order 1001", {}),
        ("My auto-reply complaint", {}),
        ("Ferien: wann kommt mein Paket", {}),
    ],
)
def test_a_subject_alone_is_never_enough_when_something_speaks_against_it(
    subject: str, headers: dict[str, str]
) -> None:
    found = read(mail("I wait for my parcel. I am away from home until Monday.", ANA, subject, **headers))
    assert found.kind in ("person", "list")
    assert found.route == "triage"


@pytest.mark.parametrize("value", ["no", "No", "no; reason=x", "no (a person)", ""])
def test_auto_submitted_no_is_a_persons_word(value: str) -> None:
    found = read(mail(HELLO, ANA, "Where is my order", Auto_Submitted=value))
    assert (found.kind, found.automatic, found.may_auto_answer) == ("person", None, True)


BROAD = [
    {"Precedence": "bulk"},
    {"Precedence": "list"},
    {"Precedence": "junk"},
    {"List_Id": "<care.shop.test>"},
    {"List_Unsubscribe": "<mailto:out@host.test>"},
    {"X_Google_Group_Id": "123"},
    {"X_Auto_Response_Suppress": "All"},
    {"X_Auto_Response_Suppress": "OOF, AutoReply"},
    {"Return_Path": "<>"},
    {"Feedback_ID": "a:b:c"},
]


@pytest.mark.parametrize("headers", BROAD, ids=" ".join)
def test_what_must_not_be_answered_by_a_machine_is_still_read_by_a_person(headers: dict[str, str]) -> None:
    found = read(mail("Where is my order 1001?", ANA, "My order", **headers))
    assert (found.route, found.is_auto_reply, found.automatic) == ("triage", False, None)
    assert not found.may_auto_answer
    assert found.kind == ("person" if {"X_Auto_Response_Suppress", "Return_Path"} & headers.keys() else "list")


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@host.test",
        "noreply@host.test",
        "DoNotReply@host.test",
        "bounce-7@host.test",
        "mailer-daemon@host.test",
        "root@host.test",
        "postmaster@host.test",
        "users-request@list.test",
        "listserv@host.test",
        "",
    ],
)
def test_nobody_is_answered_by_a_machine_behind_such_an_address(sender: str) -> None:
    found = read(mail("Your parcel is on its way.", sender, "Parcel"))
    assert not found.may_auto_answer
    assert not found.is_auto_reply


def test_a_plain_mail_of_a_person_may_be_answered() -> None:
    found = read(mail("Where is my order 1001?", ANA, "My order"))
    assert (found.kind, found.route, found.may_auto_answer) == ("person", "triage", True)
