"""The pictures that a mail has elsewhere, for one look: fetched by the server, made anew, or told why not.

Within bounds: so many pictures, so many at once, so long for each and for all of a mail.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mailer.errors import InputError
from mailer.feedback.photo import Picture
from mailer.rendering.frame import data_address
from mailer.signing import digest
from mailer.web.fetch import Fetcher
from mailer.web.picture_child import PictureReader

MOST = 30
_AT_ONCE = 6
_SECONDS_EACH, _SECONDS_ALL = 5.0, 10.0
_ALL_BYTES = 15_000_000
# A picture of so few pixels shows nothing: it is there to be fetched.
_UNSEEN = 2
_KNOWN_TRACKERS = 10_000
# What the door to Pillow and the child say, in our words.
_PROBLEMS = {"type": "kind", "size": "large"}


@dataclass(frozen=True)
class Brought:
    """What became of one address: the picture as a data: address, or why it is not shown."""

    address: str
    data: str = ""
    # "tracker", "address", "silent", "large", "kind", "broken", "late" or "many".
    why_not: str = ""


@dataclass(frozen=True)
class Looks:
    """Fetches pictures for those who asked. Of one process; it remembers trackers, and asks none of them twice."""

    fetcher: Fetcher = field(default_factory=Fetcher)
    reader: PictureReader = field(default_factory=PictureReader)
    _trackers: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    # One picture is decoded at a time, and whoever waits for that holds up nothing else.
    _hand: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="pictures"))
    # For all who ask at the same time.
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def bring(self, addresses: Sequence[str], *, all_seconds: float = _SECONDS_ALL) -> list[Brought]:
        """Each of these pictures, in their sequence, as far as there is time."""
        wanted = list(dict.fromkeys(addresses))
        tasks = [asyncio.create_task(self._bring(one)) for one in wanted[:MOST]]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=all_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        found = [
            Brought(address, why_not="late") if task.cancelled() else task.result()
            for address, task in zip(wanted, tasks, strict=False)
        ]
        return _within_bounds([*found, *(Brought(one, why_not="many") for one in wanted[MOST:])])

    def close(self) -> None:
        """End the child and the threads."""
        self._hand.shutdown(wait=False, cancel_futures=True)
        self.reader.close()
        self.fetcher.close()

    async def _bring(self, address: str) -> Brought:
        if digest(address.encode()) in self._trackers:
            return Brought(address, why_not="tracker")
        try:
            async with self._places, asyncio.timeout(_SECONDS_EACH):
                raw = await self.fetcher.fetch(address)
                picture = await asyncio.get_running_loop().run_in_executor(self._hand, self.reader.read, raw)
        except TimeoutError:
            return Brought(address, why_not="late")
        except InputError as error:
            problem = _PROBLEMS.get(error.problems[0], error.problems[0])
            return Brought(address, why_not=problem if problem in _WHY else "broken")
        if self._is_tracker(address, picture):
            return Brought(address, why_not="tracker")
        return Brought(address, data_address(picture.data, picture.mime))

    def _is_tracker(self, address: str, picture: Picture) -> bool:
        if min(picture.width, picture.height) > _UNSEEN:
            return False
        self._trackers[digest(address.encode())] = None
        if len(self._trackers) > _KNOWN_TRACKERS:
            self._trackers.popitem(last=False)
        return True


_WHY = frozenset({"address", "silent", "large", "kind", "broken"})


def _within_bounds(found: Sequence[Brought]) -> list[Brought]:
    """No more bytes than a page can carry; the first ones stay."""
    left, kept = _ALL_BYTES, list[Brought]()
    for one in found:
        left -= len(one.data)
        kept.append(one if left >= 0 or not one.data else Brought(one.address, why_not="large"))
    return kept
