"""Preview, check and judge texts that people write, each within one second and 256 MB, while the server goes on."""

import asyncio
import json
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, TypeVar

from mailer.child import Child
from mailer.errors import InputError
from mailer.rendering.attachment import Enclosed
from mailer.rendering.catalog import Catalog
from mailer.rendering.child import MEMORY, MODULE, SECONDS, WORK
from mailer.rendering.critique import Remark, remarks_of
from mailer.rendering.file_folder import admitted
from mailer.rendering.names import parse_name
from mailer.rendering.pdf import Pdf, read_pdf
from mailer.rendering.published import Published
from mailer.rendering.render import MissingFacts
from mailer.rendering.revision import Verdict, plain, text_hash
from mailer.rendering.show import About, Shown

T = TypeVar("T")


class Renderer:
    """A few limited children that stay warm; safe to use from several threads and tasks."""

    def __init__(self, children: int = 2, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        # The one that answered last is asked next: it has compiled what is asked for.
        self._free: queue.LifoQueue[Child] = queue.LifoQueue()
        self._children = [Child(MODULE, WORK, seconds=seconds, memory=memory) for _ in range(children)]
        for child in self._children:
            self._free.put(child)
        # Whoever waits for a child must not hold one of the threads in which the others' pages are read.
        self._threads = ThreadPoolExecutor(children, "renderer")
        self._packed: tuple[Published | None, bytes] = (None, b"")

    async def show(self, catalog: Catalog, name: str, text: str | None, about: About) -> Shown:
        """The mail as it would be sent with this text (`rendering.show`). Raises MissingFacts and InputError."""
        return await self._apart(lambda: self.show_here(catalog, name, text, about))

    async def check(
        self, catalog: Catalog, name: str, text: str | None, never_told: Mapping[str, str] | None = None
    ) -> list[Remark]:
        """All that is wrong with a text, mistakes first (`rendering.critique`); what it spoils is asked by `judge`."""
        return await self._apart(lambda: self.check_here(catalog, name, text, never_told)[0])

    async def judge(self, catalog: Catalog, name: str, text: str) -> Verdict:
        """The verdict that a publication needs."""
        return await self._apart(lambda: self.judge_here(catalog, name, text))

    async def admit(self, data: bytes, most_bytes: int) -> Pdf:
        """A PDF that somebody brings, checked in a child of its own. Raises InputError."""
        return await self._apart(lambda: read_pdf(data, most_bytes))

    async def admit_from(self, path: str, data: bytes, most_bytes: int) -> Pdf:
        """As `admit`, of a file that lay in a folder or a ZIP."""
        return await self._apart(lambda: admitted(path, data, most_bytes))

    async def fill(self, catalog: Catalog, name: str, text: str, values: Mapping[str, object], language: str) -> str:
        """A text that is no template, on facts by path. Raises InputError."""
        return await self._apart(lambda: self.fill_here(catalog, name, text, values, language))

    def fill_here(self, catalog: Catalog, name: str, text: str, values: Mapping[str, object], language: str) -> str:
        """As `fill`, in the calling thread."""
        more = {"values": dict(values), "language": language}
        answer = self._put(catalog.still(), {"do": "fill", "name": name, "text": text, **more})
        if "filled" in answer:
            return str(answer["filled"])
        raise InputError(answer["source"], answer["wrong"])

    def show_here(self, catalog: Catalog, name: str, text: str | None, about: About) -> Shown:
        """As `show`, in the calling thread."""
        catalog = catalog.still()
        answer = self._ask(catalog, "show", name, text, about=asdict(about))
        if "shown" in answer:
            files = tuple(Enclosed(**one) for one in answer["shown"].pop("files"))
            return Shown(**answer["shown"], files=files)
        if "missing" in answer:
            raise MissingFacts(answer["source"], answer["missing"])
        raise InputError(answer["source"], answer["wrong"])

    def check_here(
        self, catalog: Catalog, name: str, text: str | None, never_told: Mapping[str, str] | None = None
    ) -> tuple[list[Remark], list[str]]:
        """As `check`, in the calling thread; and the names of the mails that are made from it."""
        try:
            answer = self._ask(catalog.still(), "examine", name, text, never_told=dict(never_told or {}))
        except InputError as error:
            return remarks_of(error, name), []
        return [Remark(**one) for one in answer["remarks"]], answer["dependents"]

    def judge_here(self, catalog: Catalog, name: str, text: str) -> Verdict:
        """As `judge`, in the calling thread."""
        catalog, text = catalog.still(), plain(name, text)
        found, mails = self.check_here(catalog, name, text)
        if not any(one.is_mistake for one in found):
            found += [one for mail in mails for one in self._spoilt(catalog, name, text, mail)]
        return Verdict(
            sha256=text_hash(text),
            edition=catalog.published.edition,
            mistakes=tuple(one.told for one in found if one.is_mistake),
            warnings=tuple(one.told for one in found if not one.is_mistake),
        )

    def warm(self) -> None:
        """Start the children, so that the first preview need not wait."""
        for child in self._children:
            child.warm()

    def close(self) -> None:
        """End the children."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.close()

    async def _apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _spoilt(self, catalog: Catalog, name: str, text: str, mail: str) -> list[Remark]:
        try:
            return [Remark(**one) for one in self._ask(catalog, "spoilt", name, text, mail=mail)["remarks"]]
        except InputError as error:
            return remarks_of(error, name)

    def _ask(self, catalog: Catalog, do: str, name: str, text: str | None, **more: Any) -> dict[str, Any]:
        parse_name(name)
        words = None if text is None else plain(name, text)
        return self._put(catalog, {"do": do, "name": name, "text": words, **more})

    def _put(self, catalog: Catalog, question: Mapping[str, Any]) -> dict[str, Any]:
        child = self._free.get()
        try:
            where = str(catalog.directory.absolute())
            return child.ask({"directory": where, **question}, self._texts(catalog.published))
        finally:
            # One that was killed, or had its day, is started again while nobody waits for it.
            child.warm()
            self._free.put(child)

    def _texts(self, published: Published) -> bytes:
        known, packed = self._packed
        if known is not published:
            # Bytes are none of a preview's.
            images = {name: {**vars(one), "alt": dict(one.alt), "data": ""} for name, one in published.images.items()}
            files = [{**vars(one), "title": dict(one.title), "data": ""} for one in published.files.values()]
            told = {"texts": dict(published.texts), "images": images, "files": files, "most": published.most_attached}
            packed = json.dumps(told).encode()
            self._packed = (published, packed)
        return packed
