"""Every answer a relay can give becomes one case, and every case has its sentence."""

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.outbound.outcome import (
    CASES,
    Accepted,
    Cause,
    Deferred,
    Outcome,
    Refused,
    Scope,
    Step,
    Unknown,
    judge,
    say,
)

C, S = Cause, Step
# Step, code, the server's words, the case; words as relays and providers publish them, one for each rule.
ANSWERS: list[tuple[Step, int, str, Cause]] = [
    (S.BODY, 250, "2.0.0 Ok: queued as 4F", C.TAKEN),
    (S.CONNECT, 421, "4.3.2 too many connections", C.TOO_MANY_CONNECTIONS),
    (S.BODY, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", C.TOO_MANY_CONNECTIONS),
    (S.CONNECT, 421, "4.7.0 Error: too many connections from 192.0.2.1", C.TOO_MANY_CONNECTIONS),
    (S.AUTH, 421, "4.7.0 Too many concurrent SMTP connections", C.TOO_MANY_CONNECTIONS),
    (S.AUTH, 535, "5.7.8 Username and Password not accepted", C.LOGIN_REFUSED),
    (S.AUTH, 535, "5.7.139 Authentication unsuccessful, basic authentication is disabled", C.LOGIN_REFUSED),
    (S.AUTH, 534, "5.7.9 Application-specific password required", C.LOGIN_REFUSED),
    (S.AUTH, 454, "4.7.0 Temporary authentication failure", C.LOGIN_LATER),
    (S.MAIL, 530, "5.7.57 Client not authenticated to send mail", C.LOGIN_REFUSED),
    (S.MAIL, 530, "5.7.0 Must issue a STARTTLS command first", C.NO_TLS),
    (S.MAIL, 550, "5.7.1 Client was not authenticated", C.LOGIN_REFUSED),
    (S.TLS, 454, "4.7.0 TLS not available", C.NO_TLS),
    (S.BODY, 550, "5.2.251 slow down", C.ACCOUNT_BLOCKED),
    (S.MAIL, 550, "5.2.254 continuous errors", C.ACCOUNT_BLOCKED),
    (S.BODY, 550, "5.7.501 Access denied, spam abuse detected from tenant", C.ACCOUNT_BLOCKED),
    (S.RCPT, 550, "5.7.705 Access denied, tenant has exceeded threshold", C.ACCOUNT_BLOCKED),
    (S.BODY, 550, "5.1.8 Access denied, bad outbound sender", C.ACCOUNT_BLOCKED),
    (S.MAIL, 550, "5.4.5 Daily user sending limit exceeded", C.SENDING_LIMIT),
    (S.BODY, 554, "Message rejected: daily message quota exceeded", C.SENDING_LIMIT),
    (S.BODY, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", C.SENDER_REFUSED),
    (S.RCPT, 553, "5.7.1 <care@shop.test>: Sender address rejected: not owned by user", C.SENDER_REFUSED),
    (S.MAIL, 550, "unknown sender", C.SENDER_REFUSED),
    (S.CONNECT, 554, "5.7.1 no service for you", C.NOT_LET_IN),
    (S.MAIL, 421, "4.7.28 unusual rate of mail", C.TOO_FAST),
    (S.BODY, 451, "4.7.500 Server busy. Please try again later", C.TOO_FAST),
    (S.MAIL, 450, "4.7.1 Error: too much mail, rate limited", C.TOO_FAST),
    (S.RCPT, 421, "4.3.0 try again", C.RELAY_LATER),
    (S.CONNECT, 450, "4.3.2 not now", C.RELAY_LATER),
    (S.MAIL, 552, "5.3.4 Message size exceeds fixed limit", C.TOO_LARGE),
    (S.BODY, 552, "message too big", C.TOO_LARGE),
    (S.RCPT, 452, "4.2.2 The email account that you tried to reach is over quota", C.MAILBOX_FULL),
    (S.RCPT, 552, "5.2.2 mailbox full", C.MAILBOX_FULL),
    (S.RCPT, 450, "4.2.0 <ana@customer.test>: Recipient address rejected: Greylisted", C.GREYLISTED),
    (S.RCPT, 450, "4.2.1 The user you are trying to contact is receiving mail too quickly", C.RECIPIENT_LATER),
    (S.DATA, 451, "4.3.0 queue file write error", C.MAIL_LATER),
    (S.BODY, 451, "scanner is down", C.MAIL_LATER),
    (S.RCPT, 550, "5.1.1 <ana@customer.test>: User unknown", C.NO_SUCH_ADDRESS),
    (S.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", C.NO_SUCH_ADDRESS),
    (S.RCPT, 550, "No such user here", C.NO_SUCH_ADDRESS),
    (S.RCPT, 550, "Recipient ana@customer.test does not exist", C.NO_SUCH_ADDRESS),
    (S.RCPT, 550, "5.2.1 The email account that you tried to reach is disabled", C.MAILBOX_CLOSED),
    (S.RCPT, 550, "5.7.1 refused by policy", C.POLICY),
    (S.BODY, 554, "5.7.1 looks like spam", C.POLICY),
    (S.BODY, 550, "5.7.26 unauthenticated mail is prohibited (DMARC)", C.POLICY),
    (S.BODY, 554, "this mail is spam", C.POLICY),
    (S.RCPT, 554, "transaction failed", C.RECIPIENT_REFUSED),
    (S.DATA, 554, "no valid recipients", C.MAIL_REFUSED),
    (S.RCPT, 354, "go on", C.RELAY_UNCLEAR),
    (S.BODY, 354, "go on", C.UNCLEAR_AFTER_BODY),
]
# What no answer of a server means; the door finds these.
BY_SILENCE = {C.RELAY_SILENT, C.RELAY_LOST, C.NEEDS_UTF8, C.LOST_AFTER_BODY, C.SILENT_AFTER_BODY}


@pytest.mark.parametrize(
    ("step", "code", "words", "cause"), ANSWERS, ids=[f"{s} {c} {w[:30]}" for s, c, w, _ in ANSWERS]
)
def test_an_answer_is_one_case(step: Step, code: int, words: str, cause: Cause) -> None:
    outcome = judge(step, code, words)
    assert outcome.cause is cause
    assert f"{code} {words}" in outcome.words


def test_each_case_has_an_answer_that_leads_to_it() -> None:
    assert {cause for *_, cause in ANSWERS} | BY_SILENCE == set(Cause) == set(CASES)


@pytest.mark.parametrize("cause", Cause)
def test_each_case_is_a_sentence_and_an_account_s_trouble_has_a_remedy(cause: Cause) -> None:
    case = CASES[cause]
    assert case.words[0].isupper()
    assert case.words.endswith(".")
    assert bool(case.remedy) >= (case.scope is Scope.ACCOUNT)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Accepted("250 ok"), "250 ok"),
        (
            Deferred("450 later", 450, C.GREYLISTED),
            "The recipient's server does not know us yet and asks us to come again. It is tried again by itself. "
            "(450 later)",
        ),
        (
            Refused("550 5.1.1 nobody", 550, C.NO_SUCH_ADDRESS),
            "There is no such address. It was not sent. What to do: ask the customer for another one. "
            "(550 5.1.1 nobody)",
        ),
        (
            Unknown("silence", C.SILENT_AFTER_BODY),
            "The relay said nothing after the body; it may have it. It is not sent again by itself. "
            "What to do: look whether it arrived, then run `mailer outbox decide`. (silence)",
        ),
    ],
)
def test_a_person_reads_what_it_is_and_what_comes_next(outcome: Outcome, words: str) -> None:
    assert say(outcome) == words


@pytest.mark.parametrize("cause", Cause)
def test_only_a_word_on_the_address_counts_against_it(cause: Cause) -> None:
    assert Refused("550", 550, cause).against_recipient is (cause in (C.NO_SUCH_ADDRESS, C.MAILBOX_CLOSED))


@given(step=st.sampled_from(Step), code=st.integers(-1, 999), words=st.text(max_size=400))
@example(step=S.RCPT, code=550, words="user " + "a" * 100_000)
@example(step=S.BODY, code=550, words="daily " * 50_000)
def test_whatever_is_said_is_judged_at_once_and_never_sent_twice(step: Step, code: int, words: str) -> None:
    begin = process_time()
    outcome = judge(step, code, words)
    assert process_time() - begin < 0.05
    assert isinstance(outcome, Accepted) == (step is S.BODY and 200 <= code <= 299)
    # Only a word on the whole body can leave its fate open; 4xx and 5xx are always certain.
    assert isinstance(outcome, Unknown) == (step is S.BODY and not 200 <= code <= 299 and not 400 <= code <= 599)
    assert not (isinstance(outcome, Refused) and code < 500)
