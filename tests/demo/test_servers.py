"""The demo's own mail server: it takes every letter that the customers write, and nobody with a wrong password."""

from dataclasses import replace
from datetime import timedelta

from mailer.clock import SystemClock
from mailer.demo.letters import FORGER
from mailer.demo.servers import mail_server
from mailer.demo.shop import AUTHSERV_ID, CARE
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.parse import parse
from mailer.outbound.smtp import Accepted, Deferred, Envelope, Refused, Relay, RelayAccount
from tests.demo.test_letters import letters


async def test_every_kind_of_letter_arrives_as_it_was_handed_in() -> None:
    kinds = {one.kind: one for one in letters(1)}
    async with mail_server("right", SystemClock()) as server:
        await server.add_mailbox(CARE)
        wait = timedelta(seconds=5)
        account = RelayAccount("127.0.0.1", server.smtp_port, "none", None, CARE, "right", wait, wait)
        relay = Relay(account)
        for one in kinds.values():
            assert await relay.offer(Envelope(one.envelope, CARE)) is None
            assert isinstance(await relay.hand_over(one.raw), Accepted)
        for (_, raw), one in zip(server.delivered, kinds.values(), strict=True):
            assert raw.endswith(one.raw)
            if one.kind not in ("unreadable", "several_from"):
                verdict = parse(raw, ours=Ourselves(authserv_id=AUTHSERV_ID)).authenticity.dmarc
                assert verdict == {"": "none", FORGER: "fail"}.get(one.envelope, "pass"), one.kind
        assert isinstance(await relay.offer(Envelope(CARE, "nobody@customers.test")), Refused)
        await relay.close()
        stranger = Relay(replace(account, password="wrong"))
        problem = await stranger.offer(Envelope(CARE, CARE))
        assert isinstance(problem, Deferred)
        assert (problem.code, problem.relay) == (535, True)
        await stranger.close()
