"""Hostile mail is read in a process of its own, with limits: 5 seconds and 512 MB for each (mailer/child.py)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from mailer.child import Child, Work, serve
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail, from_json, to_json
from mailer.inbound.quote import label
from mailer.inbound.showing import Shown, file_of, show

SECONDS = 5.0
MEMORY = 512 * 1024 * 1024
_WORK = Work(thing="mail", does="reads mail", done="read")


class Reader(Child):
    """Reads mail in a limited child process; safe to use from several threads, which then wait for each other."""

    def __init__(self, ours: Ourselves | None = None, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        super().__init__("mailer.inbound.child", _WORK, seconds=seconds, memory=memory)
        self._ours = ours or Ourselves()

    def read(self, raw: bytes, authserv_id: str = "") -> ParsedMail:
        """Read a mail. Raises InputError when it cannot be read within the limits, and nothing else."""
        answer = self._told({"authserv_id": authserv_id or self._ours.authserv_id}, raw)
        try:
            return from_json(answer["mail"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError("mail", ["the process that reads mail gave no sensible answer"]) from None

    def trim(self, text: str) -> Mapping[str, str]:
        """Own words, signature and quoted part of a plain text. Raises InputError."""
        answer: Mapping[str, str] = self._told({"text": True}, text.encode("utf-8", "replace"))["labelled"]
        return answer

    def show(self, raw: bytes, brought: Mapping[str, str] | None = None) -> Shown:
        """The mail's HTML, harmless, for a frame; `brought` as `showing.show` takes it. Raises InputError."""
        return Shown.of(self._told({"show": True, "brought": brought or {}}, raw)["shown"])

    def file(self, raw: bytes, sha256: str) -> bytes:
        """The bytes of one file of this mail. Raises InputError when it holds no such file."""
        return b64decode(self._told({"file": sha256}, raw)["file"])

    def _told(self, question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
        return self.ask({**question, "addresses": sorted(self._ours.addresses)}, raw)


def _read_one(question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    if question.get("text"):
        labelled = label(raw.decode("utf-8", "replace"))
        words = {"own_words": labelled.own_words, "signature": labelled.signature, "quoted": labelled.quoted}
        return {"labelled": words}
    if question.get("show"):
        return {"shown": show(raw, question["brought"]).stored()}
    if sha256 := question.get("file"):
        return {"file": b64encode(file_of(raw, sha256)).decode("ascii")}
    ours = Ourselves(frozenset(question["addresses"]), question["authserv_id"])
    return {"mail": to_json(parse(raw, ours))}


if __name__ == "__main__":
    serve(_read_one, _WORK)
