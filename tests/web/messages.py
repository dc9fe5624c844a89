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
    now = Catalog(locale=locale, project="Mailer", version="", charset="utf-8")
    for file, _, text in texts():
        now.add(text, locations=[(file, 0)])
    for message in now:
        if message.id and (before := old.get(message.id)) is not None:
            message.string = before.string
    return now


def main() -> None:
    for language in LANGUAGES:
        if language == "en":
            continue
        catalogue = fresh(language)
        path = CATALOGUES / f"{language}.po"
        with path.open("wb") as file:
            write_po(file, catalogue, no_location=True, omit_header=False, sort_output=True, width=120)
        missing = [message.id for message in catalogue if message.id and not message.string]
        print(f"{path}: {len(catalogue)} texts, {len(missing)} to translate")


if __name__ == "__main__":
    main()
