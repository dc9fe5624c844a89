"""Pictures of strangers are decoded in a process of its own, with limits, and made anew there (mailer/child.py)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from mailer.child import Child, Work, serve
from mailer.feedback.photo import Picture, read_picture

_SECONDS = 3.0
_MEMORY = 512 * 1024 * 1024
_WORK = Work(thing="picture", does="reads pictures", done="read", at_rest=128 * 1024 * 1024)


class PictureReader(Child):
    """Makes pictures anew in a limited child process; safe to use from several threads, which wait for each other."""

    def __init__(self, *, seconds: float = _SECONDS, memory: int = _MEMORY) -> None:
        super().__init__("mailer.web.picture_child", _WORK, seconds=seconds, memory=memory)

    def read(self, raw: bytes) -> Picture:
        """The picture anew. Raises InputError whose problem is "type", "size" or "broken", or tells how it failed."""
        told = self.ask({}, raw)
        return Picture(b64decode(told["data"]), str(told["mime"]), int(told["width"]), int(told["height"]))


def _answer(_question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    made = read_picture(raw, len(raw))
    data = b64encode(made.data).decode("ascii")
    return {"data": data, "mime": made.mime, "width": made.width, "height": made.height}


if __name__ == "__main__":
    serve(_answer, _WORK)
