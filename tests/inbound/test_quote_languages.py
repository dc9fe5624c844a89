"""What the mail programs of the world put above a mail that they quote, in the languages that shops hear most."""

import pytest

from mailer.inbound.quote import Label, label, own_words

OWN = "Where is my parcel?\nIt should have come on Friday."
QUOTE = "Your order has left our house.\nIt will arrive within three days."
SHOP = "Linen & Co <care@shop.test>"

# The program, and what stands above the quote; `|` is where it was folded.
ATTRIBUTIONS = [
    ("gmail en", f"On Sun, Nov 22, 2026 at 9:00 AM {SHOP} wrote:"),
    ("gmail en folded", "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co|<care@shop.test> wrote:"),
    ("gmail en folded late", "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co <care@shop.test>|wrote:"),
    ("gmail en folded in the address", "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co <|care@shop.test> wrote:"),
    ("gmail en folded thrice", "On Sun, Nov 22, 2026 at|9:00 AM Linen & Co|<care@shop.test> wrote:"),
    ("gmail en british", f"On Sun, 22 Nov 2026 at 09:00, {SHOP} wrote:"),
    ("gmail en british pm", f"On Sun, 22 Nov 2026, 9:00 pm {SHOP} wrote:"),
    ("gmail en old", f"2026-11-22 9:00 GMT+01:00 {SHOP}:"),
    ("gmail en bare address", "On Sun, Nov 22, 2026 at 9:00 AM <care@shop.test> wrote:"),
    ("apple en", f"On 22 Nov 2026, at 09:00, {SHOP} wrote:"),
    ("apple en us", f"On Nov 22, 2026, at 9:00 AM, {SHOP} wrote:"),
    ("yahoo en", f"On Sunday, November 22, 2026 at 09:00:00 AM GMT+1, {SHOP} wrote:"),
    ("yahoo android en", "On Sun, Nov 22, 2026 at 9:00, Linen & Co|<care@shop.test> wrote:"),
    ("evolution en", f"On Sun, 2026-11-22 at 09:00 +0100, {SHOP} wrote:"),
    ("163 en", 'At 2026-11-22 09:00:00, "Linen & Co" <care@shop.test> wrote:'),
    ("aol en", f"On Sunday, November 22, 2026, {SHOP} wrote:"),
    ("zoho en", "---- On Sun, 22 Nov 2026 09:00:00 +0100 care@shop.test wrote ----"),
    ("zoho en bracketed", f"On Sun, 22 Nov 2026 09:00:00 +0100 {SHOP} wrote"),
    ("horde en", f"Quoting {SHOP}:"),
    ("seamonkey en", f"{SHOP} wrote on 11/22/2026 9:00 AM:"),
    ("gmail de", f"Am So., 22. Nov. 2026 um 09:00 Uhr schrieb {SHOP}:"),
    ("gmail de folded", "Am So., 22. Nov. 2026 um 09:00 Uhr schrieb Linen & Co <|care@shop.test>:"),
    ("gmail de phone", f"{SHOP} schrieb am So., 22. Nov. 2026, 09:00:"),
    ("gmail de phone folded", "Linen & Co <care@shop.test> schrieb am So., 22. Nov.|2026, 09:00:"),
    ("apple de", f"Am 22.11.2026 um 09:00 schrieb {SHOP}:"),
    ("thunderbird de", f"Am 22.11.26 um 09:00 schrieb {SHOP}:"),
    ("evolution de", f"Am Sonntag, dem 22.11.2026 um 09:00 +0100 schrieb {SHOP}:"),
    ("yahoo de", f"Am Sonntag, 22. November 2026 um 09:00:00 MEZ hat {SHOP} Folgendes geschrieben:"),
    ("horde de", f"Zitat von {SHOP}:"),
    ("gmail fr", f"Le dim. 22 nov. 2026 à 09:00, {SHOP} a écrit :"),
    ("gmail fr folded", "Le dim. 22 nov. 2026 à 09:00, Linen & Co <care@shop.test> a|écrit :"),
    ("gmail fr no-break space", f"Le dim. 22 nov. 2026 à 09:00, {SHOP} a écrit\xa0:"),
    ("apple fr", f"Le 22 nov. 2026 à 09:00, {SHOP} a écrit :"),
    ("thunderbird fr", f"Le 22/11/2026 à 09:00, {SHOP} a écrit :"),
    ("yahoo fr", f"Le dimanche 22 novembre 2026 à 09:00:00 UTC+1, {SHOP} a écrit :"),
    ("gmail es", f"El dom, 22 nov 2026 a las 9:00, {SHOP} escribió:"),
    ("gmail es folded", "El dom, 22 nov 2026 a las 9:00, Linen & Co (<care@shop.test>)|escribió:"),
    ("apple es", f"El 22 nov 2026, a las 9:00, {SHOP} escribió:"),
    ("yahoo es", f"El domingo, 22 de noviembre de 2026 09:00:00 CET, {SHOP} escribió:"),
    ("gmail it", f"Il giorno dom 22 nov 2026 alle ore 09:00 {SHOP} ha scritto:"),
    ("gmail it folded", "Il giorno dom 22 nov 2026 alle ore 09:00 Linen & Co <|care@shop.test> ha scritto:"),
    ("apple it", f"Il giorno 22 nov 2026, alle ore 09:00, {SHOP} ha scritto:"),
    ("thunderbird it", f"Il 22/11/2026 09:00, {SHOP} ha scritto:"),
    ("aquamail it", 'In data 22 novembre 2026 09:00:00 "Linen & Co" <care@shop.test> ha scritto:'),
    ("gmail nl", f"Op zo 22 nov 2026 om 09:00 schreef {SHOP}:"),
    ("apple nl", f"Op 22 nov 2026, om 09:00 heeft {SHOP} het volgende geschreven:"),
    ("thunderbird nl", f"Op 22-11-2026 om 09:00 schreef {SHOP}:"),
    ("yahoo nl", f"Op zondag 22 november 2026 09:00:00 CET schreef {SHOP}:"),
    ("gmail pt", f"Em dom., 22 de nov. de 2026 às 09:00, {SHOP} escreveu:"),
    ("gmail pt folded", "Em dom., 22 de nov. de 2026 às 09:00, Linen & Co <|care@shop.test> escreveu:"),
    ("gmail pt portugal", f"{SHOP} escreveu no dia domingo, 22/11/2026 à(s) 09:00:"),
    ("apple pt", f"Em 22 de nov. de 2026, à(s) 09:00, {SHOP} escreveu:"),
    ("apple pt portugal", f"No dia 22/11/2026, às 09:00, {SHOP} escreveu:"),
    ("gmail pl", f"niedz., 22 lis 2026 o 09:00 {SHOP} napisał(a):"),
    ("thunderbird pl", f"W dniu 22.11.2026 o 09:00, {SHOP} pisze:"),
    ("onet pl", f"W dniu 2026-11-22 09:00:00 użytkownik {SHOP} napisał:"),
    ("apple pl", f"Wiadomość napisana przez {SHOP} w dniu 22 lis 2026, o godz. 09:00:"),
    ("wp pl", f"Dnia 22 listopada 2026 09:00 {SHOP} napisał(a):"),
    ("gmail ru", f"вс, 22 нояб. 2026 г. в 09:00, {SHOP}:"),
    ("apple ru", f"22 нояб. 2026 г., в 09:00, {SHOP} написал(а):"),
    ("mail.ru", f"Воскресенье, 22 ноября 2026, 9:00 +03:00 от {SHOP}:"),
    ("yandex", '22.11.2026, 09:00, "Linen & Co" <care@shop.test>:'),
    ("thunderbird ru", f"22.11.2026 09:00, {SHOP} пишет:"),
    ("gmail sv", f"Den sön 22 nov. 2026 kl 09:00 skrev {SHOP}:"),
    ("apple sv", f"22 nov. 2026 kl. 09:00 skrev {SHOP}:"),
    ("thunderbird sv", f"Den 2026-11-22 kl. 09:00, skrev {SHOP}:"),
    ("gmail da", f"Den søn. 22. nov. 2026 kl. 09.00 skrev {SHOP}:"),
    ("apple da", f"Den 22. nov. 2026 kl. 09.00 skrev {SHOP}:"),
    ("gmail nb", f"søn. 22. nov. 2026 kl. 09:00 skrev {SHOP}:"),
    ("gmail ja", f"2026年11月22日(日) 9:00 {SHOP}:"),
    ("apple ja", f"2026/11/22 9:00、{SHOP}のメール:"),
    ("apple ja full", f"2026年11月22日 9:00、{SHOP}のメール："),
    ("thunderbird ja", f"On 2026/11/22 9:00, {SHOP} wrote:"),
    ("yahoo ja", f"2026年11月22日日曜日 09:00:00 JST、{SHOP} のメッセージ:"),
    ("gmail zh", f"{SHOP} 于2026年11月22日周日 09:00写道："),
    ("gmail zh folded", "Linen & Co <care@shop.test>|于2026年11月22日周日 09:00写道："),
    ("gmail zh taiwan", f"{SHOP} 於 2026年11月22日 週日 上午9:00寫道："),
    ("apple zh", f"在 2026年11月22日，09:00，{SHOP} 写道："),
    ("apple zh taiwan", f"{SHOP} 於 2026年11月22日 上午9:00 寫道："),
    ("163 zh", '在 2026-11-22 09:00:00，"Linen & Co" <care@shop.test> 写道：'),
    ("qq web zh", f"{SHOP} 在 2026年11月22日 周日 09:00 写道："),
    ("gmail ko", f"2026년 11월 22일 (일) 오전 9:00, {SHOP}님이 작성:"),
    ("apple ko", f"2026. 11. 22. 오전 9:00, {SHOP} 작성:"),
    ("gmail fi", f"su 22. marrask. 2026 klo 9.00 {SHOP} kirjoitti:"),
    ("gmail uk", f"нд, 22 лист. 2026 р. о 09:00 {SHOP} пише:"),
    ("gmail cs", f"ne 22. 11. 2026 v 9:00 odesílatel {SHOP} napsal:"),
    ("gmail hu", f"{SHOP} ezt írta (időpont: 2026. nov. 22., V, 9:00):"),
    ("gmail tr", f"{SHOP}, 22 Kas 2026 Paz, 09:00 tarihinde şunu yazdı:"),
]

# Names only: enough where the quote below is marked.
NAMES_ONLY = [
    ("gmail until 2013", "2026/11/22 Linen & Co <care@shop.test>"),
    ("gmail until 2013 folded", "2026/11/22 Linen & Co of Lisbon and Porto|<care@shop.test>"),
    ("thunderbird en", "On 11/22/26 9:00 AM, Linen & Co wrote:"),
    ("thunderbird en old", "Linen & Co wrote:"),
    ("seamonkey en", "Linen & Co wrote on 11/22/2026 9:00 AM:"),
    ("thunderbird de", "Am 22.11.26 um 09:00 schrieb Linen & Co:"),
    ("thunderbird fr", "Le 22/11/2026 à 09:00, Linen & Co a écrit :"),
    ("thunderbird es", "El 22/11/26 a las 9:00, Linen & Co escribió:"),
    ("thunderbird it", "Il 22/11/2026 09:00, Linen & Co ha scritto:"),
    ("thunderbird nl", "Op 22-11-2026 om 09:00 schreef Linen & Co:"),
    ("thunderbird pt", "Em 22/11/2026 09:00, Linen & Co escreveu:"),
    ("thunderbird pl", "W dniu 22.11.2026 o 09:00, Linen & Co pisze:"),
    ("thunderbird ru", "22.11.2026 09:00, Linen & Co пишет:"),
    ("thunderbird sv", "Den 2026-11-22 kl. 09:00, skrev Linen & Co:"),
    ("thunderbird da", "Den 22.11.2026 kl. 09.00 skrev Linen & Co:"),
    ("thunderbird zh", "在 2026/11/22 9:00, Linen & Co 写道:"),
    ("thunderbird ja", "2026/11/22 9:00, Linen & Co さんは書きました:"),
    ("thunderbird ko", "2026-11-22 오전 9:00에 Linen & Co 이(가) 쓴 글:"),
]

# The program, and the four lines that it puts above a mail quoted without marks.
BLOCKS = [
    (
        "outlook en",
        "From: Linen & Co <care@shop.test>\nSent: Sunday, 22 November 2026 09:00\nTo: Ana\nSubject: Your order",
    ),
    (
        "outlook en with cc",
        "From: care@shop.test <care@shop.test>\nSent: Sunday\nTo: Ana\nCc: Bo\nSubject: Your order\nImportance: High",
    ),
    (
        "outlook en old",
        "From: Linen & Co [mailto:care@shop.test]\nSent: Sunday, November 22, 2026 9:00 AM\nTo: Ana\nSubject: Order",
    ),
    ("outlook bold", "*From:* Linen & Co <care@shop.test>\n*Sent:* Sunday\n*To:* Ana\n*Subject:* Your order"),
    (
        "outlook bold twice",
        "**From:** Linen & Co <care@shop.test>\n**Date:** Sunday\n**To:** Ana\n**Subject:** Your order",
    ),
    ("outlook spaced", "From: Linen & Co <care@shop.test>\n\nSent: Sunday\n\nTo: Ana\n\nSubject: Your order"),
    ("outlook folded", "From: Linen & Co\n<care@shop.test>\nSent: Sunday\nTo: Ana;\nBo; Cyril\nSubject: Your order"),
    ("outlook without to", "From: Linen & Co\nDate: Sunday, 22 November 2026\nSubject: Your order"),
    ("outlook in one line", "From: Linen & Co <care@shop.test> Sent: Sunday To: Ana <ana@x.test> Subject: Your order"),
    (
        "outlook de",
        "Von: Linen & Co <care@shop.test>\nGesendet: Sonntag, 22. November 2026 09:00\nAn: Ana\nBetreff: Bestellung",
    ),
    ("outlook phone de", "Von: Linen & Co\nDatum: Sonntag, 22. November 2026 um 09:00\nAn: Ana\nBetreff: Bestellung"),
    (
        "outlook fr",
        "De : Linen & Co <care@shop.test>\nEnvoyé : dimanche 22 novembre 2026 09:00\nÀ : Ana\nObjet : Commande",
    ),
    (
        "outlook fr no-break",
        "De\xa0: Linen & Co <care@shop.test>\nEnvoyé\xa0: dimanche\nÀ\xa0: Ana\nObjet\xa0: Commande",
    ),
    (
        "orange fr",
        "Message du : 22/11/2026 09:00\nDe : Linen & Co <care@shop.test>\nA : ana@x.test\nCopie à :\nSujet : Commande",
    ),
    ("outlook es", "De: Linen & Co <care@shop.test>\nEnviado el: domingo, 22 de noviembre\nPara: Ana\nAsunto: Pedido"),
    (
        "outlook es web",
        "De: Linen & Co\nEnviado: domingo, 22 de noviembre de 2026 9:00\nPara: Ana\nCC: Bo\nAsunto: Pedido",
    ),
    (
        "outlook it",
        "Da: Linen & Co <care@shop.test>\nInviato: domenica 22 novembre 2026 09:00\nA: Ana\nOggetto: Ordine",
    ),
    (
        "outlook nl",
        "Van: Linen & Co <care@shop.test>\nVerzonden: zondag 22 november 2026 09:00\nAan: Ana\nOnderwerp: Bestelling",
    ),
    ("outlook pt", "De: Linen & Co <care@shop.test>\nEnviada em: domingo, 22 de novembro\nPara: Ana\nAssunto: Pedido"),
    ("outlook pt portugal", "De: Linen & Co\nEnviado: 22 de novembro de 2026 09:00\nPara: Ana\nAssunto: Encomenda"),
    (
        "outlook pl",
        "Od: Linen & Co <care@shop.test>\nWysłano: niedziela, 22 listopada 2026 09:00\nDo: Ana\nTemat: Zamówienie",
    ),
    ("outlook ru", "От: Linen & Co <care@shop.test>\nОтправлено: 22 ноября 2026 г. 9:00\nКому: Ana\nТема: Заказ"),
    (
        "outlook sv",
        "Från: Linen & Co <care@shop.test>\nSkickat: den 22 november 2026 09:00\nTill: Ana\nÄmne: Beställning",
    ),
    ("outlook da", "Fra: Linen & Co <care@shop.test>\nSendt: 22. november 2026 09:00\nTil: Ana\nEmne: Ordre"),
    ("outlook ja", "差出人: Linen & Co <care@shop.test>\n送信日時: 2026年11月22日 9:00\n宛先: Ana\n件名: ご注文"),
    ("outlook zh", "发件人: Linen & Co <care@shop.test>\n发送时间: 2026年11月22日 9:00\n收件人: Ana\n主题: 订单"),
    ("foxmail zh", "发件人： Linen & Co\n发送时间： 2026-11-22 09:00\n收件人： Ana\n抄送： Bo\n主题： 订单"),
    ("outlook zh taiwan", "寄件者: Linen & Co <care@shop.test>\n寄件日期: 2026年11月22日\n收件者: Ana\n主旨: 訂單"),
    (
        "outlook ko",
        "보낸 사람: Linen & Co <care@shop.test>\n보낸 날짜: 2026년 11월 22일 일요일 \n받는 사람: Ana\n제목: 주문",
    ),
    (
        "outlook fi",
        "Lähettäjä: Linen & Co <care@shop.test>\nLähetetty: 22. marraskuuta 2026\nVastaanottaja: Ana\nAihe: Tilaus",
    ),
    (
        "outlook cs",
        "Od: Linen & Co <care@shop.test>\nOdesláno: neděle 22. listopadu 2026\nKomu: Ana\nPředmět: Objednávka",
    ),
]

SEPARATORS = [
    "-----Original Message-----",
    "----- Original Message -----",
    "-------- Original Message --------",
    "------------------ Original ------------------",
    "---------- Forwarded message ---------",
    "---------- Forwarded message ----------",
    "Begin forwarded message:",
    "-----Ursprüngliche Nachricht-----",
    "-------- Original-Nachricht --------",
    "-------- Weitergeleitete Nachricht --------",
    "Anfang der weitergeleiteten Nachricht:",
    "-----Message d'origine-----",
    "-------- Message transféré --------",
    "Début du message transféré :",
    "-----Mensaje original-----",
    "Inicio del mensaje reenviado:",
    "-----Messaggio originale-----",
    "Inizio messaggio inoltrato:",
    "-----Oorspronkelijk bericht-----",
    "Begin doorgestuurd bericht:",
    "-----Mensagem original-----",
    "Início da mensagem encaminhada:",
    "-----Wiadomość oryginalna-----",
    "-----Исходное сообщение-----",
    "-------- Пересылаемое сообщение --------",
    "-----Ursprungligt meddelande-----",
    "-----Oprindelig meddelelse-----",
    "Start på videresendt besked:",
    "-----元のメッセージ-----",
    "------------------ 原始邮件 ------------------",
    "-----邮件原件-----",
    "---------- 转发的邮件 ---------",
    "-----원본 메시지-----",
    "##- Please type your reply above this line -##",
]


def marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize("head", [head for _, head in ATTRIBUTIONS + NAMES_ONLY], ids=lambda head: head)
def test_what_stands_above_a_marked_quote_is_folded_with_it(head: str) -> None:
    head = head.replace("|", "\n")
    assert own_words(f"{OWN}\n\n{head}\n\n{marked(QUOTE)}\n") == OWN
    assert own_words(f"{OWN}\n{head}\n{marked(QUOTE)}") == OWN


@pytest.mark.parametrize("head", [head for _, head in ATTRIBUTIONS], ids=lambda head: head)
def test_what_names_writer_and_time_begins_a_quote_without_marks(head: str) -> None:
    head = head.replace("|", "\n")
    labelled = label(f"{OWN}\n\n{head}\n\n{QUOTE}\n")
    assert labelled.own_words == OWN
    assert labelled.quoted == f"{head}\n\n{QUOTE}"


@pytest.mark.parametrize("head", [head for _, head in ATTRIBUTIONS + NAMES_ONLY], ids=lambda head: head)
def test_answers_between_marked_lines_are_kept(head: str) -> None:
    first, second = QUOTE.split("\n")
    text = f"{head}\n> {first}\n\nNo, it has not.\n\n> {second}\n\nThat was last week.".replace("|", "\n")
    assert own_words(text).split() == ["No,", "it", "has", "not.", "That", "was", "last", "week."]


@pytest.mark.parametrize("block", [block for _, block in BLOCKS], ids=[name for name, _ in BLOCKS])
@pytest.mark.parametrize("above", ["", "________________________________\n", "-----xyz-----\n", "\n\n  ----- \n\n"])
def test_a_header_block_begins_a_quote(block: str, above: str) -> None:
    labelled = label(f"{OWN}\n\n{above}{block}\n\n{QUOTE}")
    assert labelled.own_words == OWN
    assert {one for one, line in labelled.lines if line in block.split("\n") and line} == {Label.ATTRIBUTION}


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_separator_begins_a_quote(separator: str) -> None:
    assert own_words(f"{OWN}\n\n{separator}\n\n{QUOTE}") == OWN
    assert own_words(f"{OWN}\n{separator}\nFrom: Linen & Co\nDate: Sunday\n\n{QUOTE}") == OWN


@pytest.mark.parametrize(("program", "block"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_a_forwarded_mail_is_not_the_customers_but_the_note_above_it_is(program: str, block: str) -> None:
    text = f"See below, please.\n\n---------- Forwarded message ---------\n{block}\n\n{QUOTE}"
    assert own_words(text) == "See below, please."
    assert own_words(text.removeprefix("See below, please.")) == ""
