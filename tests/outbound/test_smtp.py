"""The door to the relay: every answer and every silence at every step becomes the right value."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from mailer.clock import monotonic
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.errors import Trouble
from mailer.outbound.outcome import CASES, Accepted, Cause, Deferred, Outcome, Refused, Scope, Unknown
from mailer.outbound.smtp import Envelope, Relay, RelayAccount
from tests.outbound.scripted import DROP, STALL, scripted

RAW = b"Subject: hello\r\n\r\n.a line with a dot\r\n..two\r\nlast\r\n"
BIG = b"Subject: big\r\n\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 20_000


@dataclass(frozen=True)
class Tls:
    """A certificate for localhost, and who vouches for it."""

    context: ssl.SSLContext
    ca_file: Path


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Tls(context, ca_file)


def account(port: int, username: str = "", wait: float = 5) -> RelayAccount:
    short = timedelta(seconds=wait)
    return RelayAccount("127.0.0.1", port, "none", None, username, "secret" if username else "", short, short)


def envelope(recipient: str = "ana@customer.test", sender: str = "care@shop.test", size: int = 0) -> Envelope:
    return Envelope(sender, recipient, size, "care@shop.test")


async def send(relay: Relay, raw: bytes = RAW, to: Envelope | None = None) -> Outcome:
    problem = await relay.offer(to or envelope(size=len(raw)))
    return problem if problem is not None else await relay.hand_over(raw)


C = Cause
OUTCOMES: list[tuple[str, str, Outcome]] = [
    ("connect", "421 too busy", Deferred("421 too busy", 421, C.RELAY_LATER)),
    ("connect", "554 not you", Deferred("554 not you", 554, C.NOT_LET_IN)),
    ("mail", "451 later", Deferred("451 later", 451, C.MAIL_LATER)),
    ("mail", "550 no such sender", Deferred("550 no such sender", 550, C.SENDER_REFUSED)),
    ("mail", "421 closing", Deferred("421 closing", 421, C.RELAY_LATER)),
    ("rcpt", "450 greylisted", Deferred("450 greylisted", 450, C.GREYLISTED)),
    ("rcpt", "452 4.2.2 mailbox full", Deferred("452 4.2.2 mailbox full", 452, C.MAILBOX_FULL)),
    ("rcpt", "550 5.1.1 no such user", Refused("550 5.1.1 no such user", 550, C.NO_SUCH_ADDRESS)),
    ("rcpt", "599 odd", Refused("599 odd", 599, C.RECIPIENT_REFUSED)),
    ("rcpt", "421 closing", Deferred("421 closing", 421, C.RELAY_LATER)),
    ("data", "451 later", Deferred("451 later", 451, C.MAIL_LATER)),
    ("data", "554 no valid recipients", Refused("554 no valid recipients", 554, C.MAIL_REFUSED)),
    ("data", "421 closing", Deferred("421 closing", 421, C.RELAY_LATER)),
    ("body", "250 queued as 7", Accepted("250 queued as 7")),
    ("body", "251 will forward", Accepted("251 will forward", 251)),
    ("body", "200 fine", Accepted("200 fine", 200)),
    ("body", "354 go on", Unknown("354 go on", C.UNCLEAR_AFTER_BODY)),
    ("body", "451 4.3.0 scanner is down", Deferred("451 4.3.0 scanner is down", 451, C.MAIL_LATER)),
    ("body", "452 disk full", Deferred("452 disk full", 452, C.MAIL_LATER)),
    ("body", "552 too big", Refused("552 too big", 552, C.TOO_LARGE)),
    ("body", "554 5.7.1 looks like spam", Refused("554 5.7.1 looks like spam", 554, C.POLICY)),
    ("body", "550 5.2.252 slow down", Deferred("550 5.2.252 slow down", 550, C.ACCOUNT_BLOCKED)),
    ("body", "421 closing", Deferred("421 closing", 421, C.RELAY_LATER)),
]


@pytest.mark.parametrize(("step", "answer", "expected"), OUTCOMES, ids=[f"{s} {a}" for s, a, _ in OUTCOMES])
async def test_what_the_relay_says_decides(step: str, answer: str, expected: Outcome) -> None:
    async with scripted(**{step: answer}) as smtp:
        relay = Relay(account(smtp.port))
        assert await send(relay) == expected
        assert len(smtp.bodies) == (step == "body")
        await relay.close()


@pytest.mark.parametrize("words", ["what?", "25", "\x00\xff", "600 beyond", "x" * 2000])
async def test_words_that_are_no_answer_leave_a_body_s_fate_open(words: str) -> None:
    async with scripted(body=words) as smtp:
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay), Unknown)
        assert len(smtp.bodies) == 1
        await relay.close()


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
async def test_words_that_are_no_answer_before_the_body_send_nothing(step: str) -> None:
    async with scripted(**{step: "what?"}) as smtp:
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay), Deferred)
        assert smtp.bodies == []
        await relay.close()


# Whatever fails before the body begins to leave is certainly not sent; after that nobody knows.
SILENCES = [
    ("connect", DROP, Deferred), ("ehlo", DROP, Deferred), ("mail", DROP, Deferred), ("rcpt", DROP, Deferred),
    ("data", DROP, Deferred), ("in_body", DROP, Unknown), ("body", DROP, Unknown),
    ("connect", STALL, Deferred), ("ehlo", STALL, Deferred), ("mail", STALL, Deferred), ("rcpt", STALL, Deferred),
    ("data", STALL, Deferred), ("in_body", STALL, Unknown), ("body", STALL, Unknown),
]  # fmt: skip


@pytest.mark.parametrize(("step", "what", "kind"), SILENCES, ids=[f"{what} at {step}" for step, what, _ in SILENCES])
async def test_a_relay_that_goes_away_or_falls_silent(step: str, what: str, kind: type[Outcome]) -> None:
    async with scripted(**{step: what}) as smtp:
        relay = Relay(account(smtp.port, wait=0.6 if what == STALL else 5))
        begin = monotonic()
        outcome = await send(relay, BIG if step == "in_body" else RAW)
        assert monotonic() - begin < 4
        assert isinstance(outcome, kind), outcome
        assert not isinstance(outcome, Deferred) or outcome.relay
        assert len(smtp.bodies) == (step == "body")
        # The next mail finds a new connection and gets through.
        assert await send(relay) == Accepted("250 queued as 1")
        assert smtp.connections == 2
        await relay.close()


async def test_the_body_arrives_byte_by_byte_with_dots_and_all() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        for raw in (RAW, BIG, b"Subject: empty\r\n\r\n"):
            await send(relay, raw)
        assert smtp.bodies == [RAW, BIG, b"Subject: empty\r\n\r\n"]
        await relay.close()


async def test_a_body_that_takes_longer_than_a_command_may_is_waited_for() -> None:
    async with scripted() as smtp:
        smtp.say("body", STALL)
        patient = RelayAccount(
            "127.0.0.1", smtp.port, "none", None, "", "", timedelta(seconds=0.4), timedelta(seconds=5)
        )
        relay = Relay(patient)
        sending = asyncio.create_task(send(relay))
        done, _ = await asyncio.wait({sending}, timeout=0.7)
        assert not done
        smtp.over.set()
        assert isinstance(await sending, Unknown)


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    relay = Relay(account(port))
    outcome = await send(relay)
    assert isinstance(outcome, Deferred)
    assert (outcome.relay, outcome.code) == (True, None)
    assert outcome.words.startswith("Error connecting to 127.0.0.1")
    with pytest.raises(Trouble, match="The relay does not answer") as caught:
        await relay.sign_in()
    assert caught.value.temporary


@pytest.mark.parametrize("answer", ["535 5.7.8 wrong password", "454 4.7.0 directory is down", "530 go away"])
async def test_a_relay_that_does_not_let_us_in_is_not_the_mail_s_fault(answer: str) -> None:
    async with scripted() as smtp:
        smtp.say("auth", *[answer] * 8)
        relay = Relay(account(smtp.port, "care"))
        outcome = await send(relay)
        assert isinstance(outcome, Deferred)
        assert (outcome.words, outcome.code, outcome.relay) == (answer, int(answer[:3]), True)
        assert CASES[outcome.cause].scope is (Scope.RELAY if answer.startswith("4") else Scope.ACCOUNT)
        with pytest.raises(Trouble, match="our login") as caught:
            await relay.sign_in()
        assert not caught.value.temporary
        assert "mail" not in smtp.steps
        await relay.close()


async def test_a_right_password_lets_us_in() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port, "care"))
        await relay.sign_in()
        assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 1
        assert smtp.steps == ["ehlo", "auth", "rset", "mail", "rcpt", "data", "body"]
        await relay.close()
        assert smtp.steps[-1] == "quit"


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("rcpt", "550 no such user"),
        ("rcpt", "450 later"),
        ("data", "451 later"),
        ("body", "554 spam"),
        ("mail", "451 no"),
    ],
)
async def test_after_any_error_the_next_mail_has_a_connection_of_its_own(step: str, answer: str) -> None:
    async with scripted(**{step: answer}) as smtp:
        relay = Relay(account(smtp.port))
        assert not isinstance(await send(relay), Accepted)
        assert smtp.steps[-1] == "quit"
        assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 2
        await relay.close()


async def test_between_two_mails_the_dialogue_is_reset() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        for _ in range(2):
            assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 1
        assert smtp.steps == ["ehlo", "mail", "rcpt", "data", "body", "rset", "mail", "rcpt", "data", "body"]
        await relay.close()


@pytest.mark.parametrize("answer", [DROP, "421 idle too long", "502 what?"])
async def test_a_connection_that_died_while_it_rested_is_replaced(answer: str) -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        await send(relay)
        smtp.say("rset", answer)
        assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 2
        await relay.close()


async def test_a_connection_serves_fifty_mails_and_no_more() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        for _ in range(51):
            assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 2
        await relay.close()


async def test_handing_over_without_a_connection_sends_nothing() -> None:
    gone = Deferred("the connection to the relay is gone", None, C.RELAY_LOST)
    assert await Relay(account(1)).hand_over(RAW) == gone


async def test_closing_twice_is_well_and_a_relay_that_ignores_quit_is_left() -> None:
    async with scripted(quit=DROP) as smtp:
        relay = Relay(account(smtp.port))
        await send(relay)
        await relay.close()
        await relay.close()
        assert smtp.steps[-1] == "quit"


def test_the_account_is_as_config_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="relay.test", username="care", password="p"),  # type: ignore[arg-type]
    )
    found = RelayAccount.of(settings)
    assert (found.host, found.port, found.tls, found.username, found.password) == (
        "relay.test", 587, "starttls", "care", "p",
    )  # fmt: skip
    assert (found.timeout, found.body_timeout) == (timedelta(seconds=30), timedelta(seconds=600))


async def test_a_relay_that_knows_size_is_told_it_and_a_larger_mail_is_not_even_offered() -> None:
    async with scripted(ehlo="250-scripted\r\n250 SIZE 100") as smtp:
        smtp.say("ehlo", "250-scripted\r\n250 SIZE 100")
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay), Accepted)
        assert smtp.lines[1] == b"MAIL FROM:<care@shop.test> SIZE=" + str(len(RAW)).encode()
        assert relay.size_limit == 100
        outcome = await send(relay, BIG)
        assert isinstance(outcome, Refused)
        assert outcome.cause is C.TOO_LARGE
        assert len(smtp.bodies) == 1
        await relay.close()


@pytest.mark.parametrize(
    ("recipient", "line"),
    [
        ("ana@bücher.test", "RCPT TO:<ana@xn--bcher-kva.test>"),
        ("ana@straße.test", "RCPT TO:<ana@xn--strae-oqa.test>"),
        ("ána@bücher.test", "RCPT TO:<ána@xn--bcher-kva.test>"),
    ],
)
async def test_an_international_address_goes_in_ascii_as_far_as_it_can(recipient: str, line: str) -> None:
    async with scripted(ehlo="250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8") as smtp:
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay, to=envelope(recipient)), Accepted)
        mail, rcpt = smtp.lines[1:3]
        assert rcpt.decode() == line
        assert mail.endswith(b" BODY=8BITMIME SMTPUTF8") is (not recipient.partition("@")[0].isascii())
        await relay.close()


async def test_an_address_that_the_relay_cannot_carry_is_told_and_only_that_one() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        assert await send(relay, to=envelope("ána@customer.test")) == Refused(
            "the relay does not offer SMTPUTF8", None, C.NEEDS_UTF8
        )
        assert isinstance(await send(relay, to=envelope("ana@bücher.test")), Accepted)
        await relay.close()


async def test_a_recipient_that_is_no_address_is_refused_without_asking() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        outcome = await send(relay, to=envelope("a@b.test\r\nRCPT TO:<x@evil.test>"))
        assert isinstance(outcome, Refused)
        assert "rcpt" not in smtp.steps
        await relay.close()


@pytest.mark.parametrize("sender", ["", "care+b17-signature@shop.test"])
async def test_a_relay_that_allows_no_other_sender_is_given_our_own(sender: str) -> None:
    async with scripted(mail="553 5.7.1 not that sender") as smtp:
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay, to=envelope(sender=sender)), Accepted)
        assert [line for line in smtp.lines if line.startswith(b"MAIL")] == [
            f"MAIL FROM:<{sender}>".encode(),
            b"MAIL FROM:<care@shop.test>",
        ]
        assert "rset" in smtp.steps
        await relay.close()


async def test_a_null_sender_goes_where_it_is_allowed() -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        assert isinstance(await send(relay, to=envelope(sender="")), Accepted)
        assert smtp.lines[1] == b"MAIL FROM:<>"
        await relay.close()


def encrypted(port: int, ca_file: Path | None, username: str = "care") -> RelayAccount:
    short = timedelta(seconds=1)
    return RelayAccount("localhost", port, "starttls", ca_file, username, "secret", short, short)


async def test_without_starttls_nothing_is_said_in_plain_text() -> None:
    async with scripted() as smtp:
        outcome = await send(Relay(encrypted(smtp.port, None)))
        assert isinstance(outcome, Deferred)
        assert outcome.cause is C.NO_TLS
        assert smtp.steps == ["ehlo"]


async def test_a_certificate_that_nobody_vouches_for_ends_it(tls: Tls) -> None:
    async with scripted(tls.context) as smtp:
        outcome = await send(Relay(encrypted(smtp.port, None)))
        assert isinstance(outcome, Deferred)
        assert outcome.cause is C.NO_TLS
        assert "auth" not in smtp.steps


async def test_what_was_said_before_tls_is_forgotten(tls: Tls) -> None:
    """An attacker on the line slips answers in before the encryption begins (FAILURES C13)."""
    async with scripted(tls.context) as smtp:
        smtp.say("starttls", "220 go\r\n250-evil\r\n250-SIZE 1\r\n250 AUTH XEVIL\r\n235 welcome")
        relay = Relay(encrypted(smtp.port, tls.ca_file))
        assert await send(relay) == Accepted("250 queued as 1")
        assert relay.size_limit is None
        assert smtp.steps == ["ehlo", "starttls", "ehlo", "auth", "mail", "rcpt", "data", "body"]
        await relay.close()


async def test_a_connection_that_nobody_needs_is_given_back_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted() as smtp:
        relay = Relay(account(smtp.port))
        await send(relay)
        await relay.rest()
        assert "quit" not in smtp.steps
        monkeypatch.setattr("mailer.outbound.smtp._REST_AT_MOST", 0.0)
        await relay.rest()
        assert smtp.steps[-1] == "quit"
