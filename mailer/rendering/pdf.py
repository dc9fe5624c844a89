"""PDFs that people bring, checked at the door: by the child that reads them, never in this process."""

from dataclasses import dataclass

from mailer.child import Child, Work
from mailer.errors import InputError

SECONDS = 3.0
MEMORY = 512 * 1024 * 1024
WORK = Work(thing="PDF", does="reads PDFs", done="read", most=1, by_work=True)
# It is run, not imported: only there is the library that reads PDFs.
_MODULE = "mailer.rendering.pdf_child"


@dataclass(frozen=True)
class Pdf:
    """A file that passed: really a PDF, open, and without anything that acts."""

    data: bytes
    pages: int


def read_pdf(data: bytes, most_bytes: int) -> Pdf:
    """Check a file; takes up to some seconds. Raises InputError with all that speaks against it."""
    if len(data) > most_bytes:
        raise InputError("PDF", [f"it has {len(data)} bytes; at most {most_bytes} are kept ([rendering] largest_file)"])
    child = Child(_MODULE, WORK, seconds=SECONDS, memory=MEMORY)
    try:
        return Pdf(data, int(child.ask({}, data)["pages"]))
    finally:
        child.close()
