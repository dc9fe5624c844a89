"""Every text that the console says, and the catalogues brought up to date with them: `make messages`."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from mailer.web.languages import CATALOGUES, LANGUAGES

PACKAGE = Path(__file__).resolve().parents[2] / "mailer"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [
    ("web/pages/**.html", "jinja2"),
    ("web/console/**.py", "python"),
    ("web/*.py", "python"),
    ("insight/**.py", "python"),
    ("health/**.py", "python"),
]
NOISE = (
    b'"Report-Msgid-Bugs-To',
    b'"POT-Creation-Date',
    b'"PO-Revision-Date',
    b'"Last-Translator',
    b'"Language-Team',
    b'"Generated-By',
)


def texts() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """File, line and text (or texts of singular and plural), in the order of files."""
    options = {"web/pages/**.html": {"newstyle_gettext": "true"}}
    for file, line, text, *_ in extract_from_dir(str(PACKAGE), METHODS, options, keywords=KEYWORDS):
        yield file, line, text


def fresh(language: str) -> Catalog:
    """The catalogue of a language with every text of today, translated as far as it was."""
    path = CATALOGUES / f"{language}.po"
    locale = language.replace("-", "_")
    old = read_po(io.BytesIO(path.read_bytes()), locale=locale) if path.is_file() else Catalog(locale=locale)
    now = Catalog(locale=locale, project="Mailer", version="", charset="utf-8", fuzzy=False)
    # The glossary stands in the remarks above.
    now.header_comment = old.header_comment
    for file, _, text in texts():
        now.add(text, locations=[(file, 0)])
    for message in now:
        if message.id and (before := old.get(message.id)) is not None:
            message.string = before.string
    return now


def written(catalogue: Catalog) -> bytes:
    """The file of a catalogue; the same texts are the same bytes, so its header names no time and no tool."""
    whole = io.BytesIO()
    write_po(whole, catalogue, no_location=True, sort_output=True, width=120)
    lines = whole.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(NOISE))


def main() -> None:
    for language in LANGUAGES:
        if language == "en":
            continue
        catalogue = fresh(language)
        path = CATALOGUES / f"{language}.po"
        path.write_bytes(written(catalogue))
        missing = [message.id for message in catalogue if message.id and not message.string]
        print(f"{path}: {len(catalogue)} texts, {len(missing)} to translate")


if __name__ == "__main__":
    main()
