"""A link scanner, as companies have it before their mailboxes: it opens every link of every mail, in every way."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from mailer.demo.browser import Browser
from mailer.demo.buyers import links_of
from mailer.demo.customers import is_flow_mail, read_mail

_AT_ONCE = 8


async def scan(mailboxes: Sequence[tuple[str, bytes]], browser: Browser, host: str) -> int:
    """HEAD, prefetch and GET of each link of ours; how many links that were."""
    found = {link for _, raw in mailboxes if is_flow_mail(raw) for link in links_of(read_mail(raw))}
    ours = sorted(link for link in found if urlsplit(link).netloc == host)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(link: str) -> None:
        async with places:
            await browser.look(link, method="HEAD")
            await browser.look(link, early=True)
            await browser.look(link)

    await asyncio.gather(*(one(link) for link in ours))
    return len(ours)
