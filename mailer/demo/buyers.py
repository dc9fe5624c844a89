"""What buyers do: they get the mails of the flows, and rate, review, return, unsubscribe, choose or complain."""

import asyncio
import contextlib
import html
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from sqlmodel import Session, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.demo.browser import Browser
from mailer.demo.customers import Crowd, is_flow_mail, read_mail
from mailer.demo.letters import Letter
from mailer.demo.plot import Buyer, Happening
from mailer.demo.shop import CARE
from mailer.links import Link
from mailer.model import Customer, Order, OrderLine
from mailer.signing import Keys

_LOOKS_EVERY = 0.1
# Who answers faster than this is taken for a machine.
_READS = 2.2
_HREF = re.compile(r'href="([^"]+)"')
# Days before the end of the story on which somebody acts who waits for no mail of ours.
_COMPLAINS, _RETURNS = -4.2, -4.7
_COMPLAINT = "Hello,\n\nmy order {number} arrived damaged: the seam of the shirt is torn. What can we do?\n\n{name}\n"


class Buyers:
    """All buyers of the story. `acted` counts what they did on the pages, each once and with success."""

    def __init__(self, people: Sequence[Buyer], crowd: Crowd, browser: Browser, db: Database, keys: Keys) -> None:
        self._people = {one.address: one for one in people}
        self._crowd, self._browser, self._db, self._keys = crowd, browser, db, keys
        self._read = 0
        self._done: set[tuple[str, str]] = set()
        self._acting: set[asyncio.Task[None]] = set()
        self.acted: Counter[str] = Counter()
        self.refused: list[int] = []

    async def live(self, story: Clock, end: datetime, stop: asyncio.Event) -> None:
        """Read what comes and act on it, until told to stop; what is begun is brought to its end."""
        while not stop.is_set():
            self._read_mails()
            for one in self._people.values():
                self._act_by_time(one, story.now(), end)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOKS_EVERY)
        await asyncio.gather(*self._acting)

    def _read_mails(self) -> None:
        arrived, self._read = self._crowd.delivered[self._read :], len(self._crowd.delivered)
        for address, raw in arrived:
            buyer = self._people.get(address)
            if buyer is not None and is_flow_mail(raw):
                self._act_on(buyer, read_mail(raw))

    def _act_on(self, buyer: Buyer, mail: EmailMessage) -> None:
        links = links_of(mail)
        word, _, value = buyer.does.partition(" ")
        acts: dict[str, tuple[str, Callable[[str], Awaitable[int]]]] = {
            "rates": ("/rate/", lambda link: self._post(link, {"value": value})),
            "reviews": ("/review/", lambda link: self._post(link, {"stars": "5", "words": "It fits as it should."})),
            "waits": ("/choice/", lambda link: self._post(link, {"answer": "wait"})),
            "cancels": ("/choice/", lambda link: self._post(link, {"answer": "cancel"})),
            "unsubscribes": ("/unsubscribe/", lambda link: self._browser.send(link, _ONE_CLICK)),
        }
        part, act = acts.get(word, ("", None))
        link = next((one for one in links if part and part in one), None)
        if act is not None and link is not None:
            self._begin(buyer, word, act(link))

    def _act_by_time(self, buyer: Buyer, now: datetime, end: datetime) -> None:
        if buyer.does == "complains" and now >= end + timedelta(days=_COMPLAINS):
            self._begin(buyer, "complains", self._complain(buyer))
        if buyer.does == "returns" and now >= end + timedelta(days=_RETURNS):
            self._begin(buyer, "returns", self._ask_for_return(buyer))

    def _begin(self, buyer: Buyer, what: str, act: Awaitable[int]) -> None:
        if (buyer.address, what) in self._done:
            asyncio.ensure_future(act).cancel()
            return
        self._done.add((buyer.address, what))
        task = asyncio.create_task(self._finish(what, act))
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    async def _finish(self, what: str, act: Awaitable[int]) -> None:
        status = await act
        if status == 200:
            self.acted[what] += 1
        else:
            self.refused.append(status)

    async def _post(self, link: str, form: dict[str, str]) -> int:
        """Open the page, read it, and send its form."""
        await self._browser.look(link)
        await asyncio.sleep(_READS)
        return await self._browser.send(link.partition("?")[0], form)

    async def _complain(self, buyer: Buyer) -> int:
        now = self._crowd.clock.now()
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = formataddr((buyer.name, buyer.address)), CARE
        mail["Subject"], mail["Date"] = f"Order {buyer.number} is damaged", format_datetime(now)
        mail["Message-ID"] = f"<complaint.{buyer.position}@customers.test>"
        mail.set_content(_COMPLAINT.format(number=buyer.number, name=buyer.name))
        letter = Letter(
            "damaged_defective",
            "en",
            ("damaged_defective",),
            buyer.address,
            buyer.address,
            str(mail["Message-ID"]),
            mail.as_bytes(),
        )
        return 200 if await self._crowd.hand_in(letter) else 500

    async def _ask_for_return(self, buyer: Buyer) -> int:
        """By the shop's own page of the return; its link is the one that the shop would give."""
        for _ in range(50):
            found = await self._db.read(_order_of, buyer)
            if found is not None:
                break
            await asyncio.sleep(_LOOKS_EVERY)
        else:
            return 404
        order_id, line_id, customer_id = found
        last_day = self._crowd.clock.now().date() + timedelta(days=30)
        token = Link("return", "order", order_id, customer_id, "-", 0, last_day).token(self._keys)
        form = {f"quantity_{line_id}": "1", f"reason_{line_id}": "too_small", "wish": "refund"}
        return await self._post(f"/return/{token}", form)


_ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def links_of(mail: EmailMessage) -> list[str]:
    """Every link of a mail, its way out included, once each."""
    body = mail.get_body(("html",))
    found = [html.unescape(link) for link in _HREF.findall(str(body.get_content()))] if body else []
    way_out = re.findall(r"<(https?://[^>]+)>", str(mail["List-Unsubscribe"] or ""))
    return list(dict.fromkeys(one for one in (*found, *way_out) if one.startswith("http")))


async def tell_story(
    happenings: Sequence[Happening], browser: Browser, secret: str, story: Clock, stop: asyncio.Event
) -> Counter[int]:
    """Send each webhook when its time has come, until all are told; how many were answered with which status."""
    answers: Counter[int] = Counter()
    begin = story.now()
    # What is over already comes order by order: half of it would look like a delay.
    for happening in sorted(happenings, key=lambda one: (one.at > begin, one.buyer if one.at <= begin else 0, one.at)):
        await _until(happening.at, story, stop)
        answers[await browser.tell(happening, secret)] += 1
    return answers


async def _until(moment: datetime, story: Clock, stop: asyncio.Event) -> None:
    """Wait for a moment of the story; at the end of all it has come anyway."""
    while moment > story.now() and not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.02)


def _order_of(session: Session, buyer: Buyer) -> tuple[int, int, int] | None:
    """The ids of their order, its first position and the customer; the customer is 0 before we wrote to them."""
    order = session.exec(select(Order).where(Order.email == buyer.address)).first()
    if order is None or order.id is None:
        return None
    line = session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).first()
    customer = session.exec(select(Customer).where(Customer.address == buyer.address)).first()
    if line is None or customer is None:
        return None
    return order.id, line.id or 0, customer.id or 0
