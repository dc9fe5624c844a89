"""The door to pypdf: is this file a PDF that may go to customers? Read in a limited process (mailer/child.py) only.

Every object that the file's own table names is looked at, whatever leads to it; and, since other readers find objects
that ours does not, so are the names that stand openly in its bytes. Nothing of it is drawn, run or fetched.
"""

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PdfReadError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from mailer.child import serve
from mailer.errors import InputError
from mailer.rendering.pdf import WORK

_MOST_OBJECTS, _MOST_VALUES, _DEEPEST = 100_000, 1_000_000, 100
# What its streams may unpack to, together; a customer's reader unpacks them too.
_MOST_UNPACKED = 200_000_000
_SCRIPT, _LAUNCH, _FILES, _MEDIA, _FETCH, _FORM, _OPEN = (
    "it runs JavaScript",
    "it starts programs",
    "it holds other files",
    "it holds film, sound or 3D",
    "it fetches something from elsewhere",
    "its form sends what is filled in, or is of XFA",
    "it does something by itself when it is opened",
)
# What an action does (ISO 32000-1, 12.6.4); going to a page and following a link that a person clicks are no harm.
_ACTIONS: Mapping[str, str] = {
    "/JavaScript": _SCRIPT,
    "/Launch": _LAUNCH,
    "/GoToE": _FILES,
    "/GoToR": _FETCH,
    "/Thread": _FETCH,
    "/SubmitForm": _FORM,
    "/ImportData": _FORM,
    "/Rendition": _MEDIA,
    "/Movie": _MEDIA,
    "/Sound": _MEDIA,
    "/GoTo3DView": _MEDIA,
    "/RichMediaExecute": _MEDIA,
}
_KEYS: Mapping[str, str] = {
    "/JS": _SCRIPT,
    "/JavaScript": _SCRIPT,
    "/EmbeddedFiles": _FILES,
    "/EF": _FILES,
    "/Collection": _FILES,
    "/RichMediaContent": _MEDIA,
    "/XFA": _FORM,
    "/AA": _OPEN,
    "/OPI": _FETCH,
}
_KINDS: Mapping[str, str] = {
    "/EmbeddedFile": _FILES,
    "/FileAttachment": _FILES,
    "/RichMedia": _MEDIA,
    "/Movie": _MEDIA,
    "/Screen": _MEDIA,
    "/Sound": _MEDIA,
    "/3D": _MEDIA,
    "/Rendition": _MEDIA,
}
# Names that are found in the bytes themselves, in objects that no table names.
_OPENLY: Mapping[str, str] = {
    "/JavaScript": _SCRIPT,
    "/JS": _SCRIPT,
    "/Launch": _LAUNCH,
    "/EmbeddedFile": _FILES,
    "/EmbeddedFiles": _FILES,
    "/RichMedia": _MEDIA,
    "/XFA": _FORM,
    "/SubmitForm": _FORM,
    "/ImportData": _FORM,
    "/GoToR": _FETCH,
    "/GoToE": _FILES,
    "/Encrypt": "it is encrypted",
}
_HEAD, _END = re.compile(rb"%PDF-[12]\.\d"), re.compile(rb"%%EOF\s*\Z")
_STREAM = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)
_NAME = re.compile(rb"/(?:[^\s()<>\[\]{}/%\x00])+")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def examine(data: bytes) -> dict[str, Any]:
    """How many pages it has. Raises InputError with all that speaks against it."""
    if not _HEAD.match(data):
        raise InputError("PDF", ["this file is no PDF"])
    if not _END.search(data[-2_000:]):
        raise InputError("PDF", ["this PDF is not whole; its end is missing or something hangs on it"])
    try:
        reader = PdfReader(io.BytesIO(data), strict=True)
        if reader.is_encrypted or "/Encrypt" in reader.trailer:
            raise InputError("PDF", ["this PDF is encrypted or asks for a password; save it without"])
        found = dict.fromkeys([*_harm(reader), *_openly(data)])
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError) as error:
        raise InputError("PDF", [f"this PDF cannot be read; save it anew ({type(error).__name__})"]) from None
    except RecursionError:
        raise InputError("PDF", ["this PDF is nested too deep"]) from None
    if found:
        raise InputError("PDF", [f"this PDF cannot go to customers: {words}" for words in found])
    if not pages:
        raise InputError("PDF", ["this PDF has no page"])
    return {"pages": pages}


def _harm(reader: PdfReader) -> Iterator[str]:
    """What any object of the file does or holds."""
    yield from _values(reader.trailer)
    root = reader.root_object
    if (first := root.get("/OpenAction")) is not None and not _is_place(first.get_object()):
        yield _OPEN
    left = _MOST_UNPACKED
    for number, reference in enumerate(_references(reader)):
        if number >= _MOST_OBJECTS:
            raise InputError("PDF", [f"this PDF has more than {_MOST_OBJECTS} objects"])
        one = reader.get_object(reference)
        if isinstance(one, StreamObject):
            left -= _unpacked(one, left)
            if "/F" in one or "/FFilter" in one:
                yield _FETCH
        yield from _values(one)


def _references(reader: PdfReader) -> Iterator[IndirectObject]:
    """Each object that the tables name, in every generation."""
    for generation, places in reader.xref.items():
        # 65535 is where free objects stand (7.5.4).
        yield from (IndirectObject(number, generation, reader) for number in places if generation < 65_535 and number)
    yield from (IndirectObject(number, 0, reader) for number in reader.xref_objStm)


def _values(top: Any) -> Iterator[str]:
    """The same of one object with all that stands within it; what it refers to is an object of its own."""
    waiting, seen = [(top, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST or seen > _MOST_VALUES:
            raise InputError("PDF", ["this PDF is nested too deep"])
        if isinstance(one, DictionaryObject):
            yield from _said(one)
            waiting += [(value, depth + 1) for value in one.values()]
        elif isinstance(one, ArrayObject):
            waiting += [(value, depth + 1) for value in one]


def _said(one: DictionaryObject) -> Iterator[str]:
    yield from (_KEYS[key] for key in one if key in _KEYS)
    action, kind, subtype = (_name(one.raw_get(key)) if key in one else "" for key in ("/S", "/Type", "/Subtype"))
    yield from (table[word] for table, word in ((_ACTIONS, action), (_KINDS, kind), (_KINDS, subtype)) if word in table)
    if subtype == "/Form" and "/Ref" in one:
        yield _FETCH


def _name(value: Any) -> str:
    """A name, also where it is an object of its own."""
    found = value.get_object() if isinstance(value, IndirectObject) else value
    return found if isinstance(found, str) else ""


def _is_place(action: Any) -> bool:
    """Whether what happens at the opening only shows a page."""
    if isinstance(action, DictionaryObject):
        return _name(action.raw_get("/S") if "/S" in action else "") == "/GoTo" and "/Next" not in action
    return isinstance(action, (ArrayObject, str))


def _unpacked(one: StreamObject, most: int) -> int:
    """How many bytes a stream of the usual kind unpacks to. Raises InputError beyond the most."""
    filters = one.get("/Filter")
    first = filters[0] if isinstance(filters, ArrayObject) and filters else filters
    if first not in ("/FlateDecode", "/Fl"):
        return 0
    unpacker, size, waiting = zlib.decompressobj(), 0, one._data
    try:
        while waiting and not unpacker.eof:
            size += len(unpacker.decompress(waiting, 1_000_000))
            waiting = unpacker.unconsumed_tail
            if size > most:
                raise InputError("PDF", [f"this PDF unpacks to more than {_MOST_UNPACKED // 1_000_000} MB"])
    except zlib.error:
        raise PdfReadError("a stream cannot be unpacked") from None
    return size


def _openly(data: bytes) -> Iterator[str]:
    """What names say outside of streams, whether a table knows their object or not."""
    for name in _NAME.findall(_STREAM.sub(b" ", data)):
        plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), name).decode("latin-1")
        if plain in _OPENLY:
            yield _OPENLY[plain]


def _answer(question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    return examine(raw)


if __name__ == "__main__":
    serve(_answer, WORK)
