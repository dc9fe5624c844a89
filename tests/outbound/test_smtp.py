"""The door to the relay: every answer and every silence at every step becomes the right value."""

import asyncio
import socket
from datetime import timedelta

import pytest

from mailer.clock import monotonic
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.errors import Trouble
from mailer.outbound.smtp import Accepted, Deferred, Outcome, Refused, Relay, RelayAccount, Unknown
from tests.outbound.scripted import DROP, STALL, scripted

RAW = b"Subject: hello\r\n\r\n.a line with a dot\r\n..two\r\nlast\r\n"
BIG = b"Subject: big\r\n\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 20_000


def account(port: int, username: str = "", wait: float = 5) -> RelayAccount:
    short = timedelta(seconds=wait)
    return RelayAccount("127.0.0.1", port, "none", None, username, "secret" if username else "", short, short)


async def send(relay: Relay, raw: bytes = RAW) -> Outcome:
    problem = await relay.offer("care@shop.test", "ana@customer.test")
    return problem if problem is not None else await relay.hand_over(raw)


OUTCOMES: list[tuple[str, str, Outcome]] = [
    ("connect", "421 too busy", Deferred("the relay did not let us in: 421 too busy", 421, relay=True)),
    ("connect", "554 not you", Deferred("the relay did not let us in: 554 not you", 554, relay=True)),
    ("mail", "451 later", Deferred("451 later", 451)),
    ("mail", "550 no such sender", Refused("550 no such sender", 550)),
    ("mail", "421 closing", Deferred("421 closing", 421, relay=True)),
    ("rcpt", "450 greylisted", Deferred("450 greylisted", 450)),
    ("rcpt", "452 4.2.2 mailbox full", Deferred("452 4.2.2 mailbox full", 452)),
    ("rcpt", "550 5.1.1 no such user", Refused("550 5.1.1 no such user", 550)),
    ("rcpt", "599 odd", Refused("599 odd", 599)),
    ("rcpt", "421 closing", Deferred("421 closing", 421, relay=True)),
    ("data", "451 later", Deferred("451 later", 451)),
    ("data", "554 no valid recipients", Refused("554 no valid recipients", 554)),
    ("data", "421 closing", Deferred("421 closing", 421, relay=True)),
    ("body", "250 queued as 7", Accepted("250 queued as 7")),
    ("body", "251 will forward", Accepted("251 will forward")),
    ("body", "200 fine", Accepted("200 fine")),
    ("body", "354 go on", Unknown("the relay answered the body with: 354 go on")),
    ("body", "451 4.3.0 scanner is down", Deferred("451 4.3.0 scanner is down", 451)),
    ("body", "452 disk full", Deferred("452 disk full", 452)),
    ("body", "552 too big", Refused("552 too big", 552)),
    ("body", "554 5.7.1 looks like spam", Refused("554 5.7.1 looks like spam", 554)),
    ("body", "421 closing", Deferred("421 closing", 421, relay=True)),
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
    assert outcome.words.startswith("the relay does not answer: ")
    with pytest.raises(Trouble, match="the relay does not answer") as caught:
        await relay.sign_in()
    assert caught.value.temporary


@pytest.mark.parametrize("answer", ["535 5.7.8 wrong password", "454 4.7.0 directory is down", "530 go away"])
async def test_a_relay_that_does_not_let_us_in_is_not_the_mail_s_fault(answer: str) -> None:
    async with scripted() as smtp:
        smtp.say("auth", *[answer] * 8)
        relay = Relay(account(smtp.port, "care"))
        outcome = await send(relay)
        assert outcome == Deferred(f"the relay did not let us in: {answer}", int(answer[:3]), relay=True)
        with pytest.raises(Trouble, match="did not let us in") as caught:
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
async def test_a_connection_is_used_again_after_a_refusal_and_begins_afresh(step: str, answer: str) -> None:
    async with scripted(**{step: answer}) as smtp:
        relay = Relay(account(smtp.port))
        assert not isinstance(await send(relay), Accepted)
        before = len(smtp.steps)
        assert isinstance(await send(relay), Accepted)
        assert smtp.connections == 1
        assert smtp.steps[before] == "rset"
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
    assert await Relay(account(1)).hand_over(RAW) == Deferred("the connection to the relay is gone", relay=True)


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
