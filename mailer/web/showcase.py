"""Mails that somebody looks at, kept for a moment so that a frame can fetch them under a policy of their own."""

from collections import OrderedDict
from threading import Lock

from mailer.rendering.frame import Framed
from mailer.signing import digest

_MOST = 80


class Showcase:
    """The newest documents of one process, under the hash of what they show."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Framed] = OrderedDict()
        self._lock = Lock()

    def put(self, document: Framed) -> str:
        """Keep it; the name under which it is found."""
        name = digest(document.html.encode())[:32]
        with self._lock:
            self._kept[name] = document
            self._kept.move_to_end(name)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> Framed | None:
        """The document; None when it is gone."""
        with self._lock:
            return self._kept.get(name)
