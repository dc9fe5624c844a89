"""Which file is a template's text in which language?

`replies/order_status.en.md` is the key `replies/order_status` in `en`; variants of one storefront stand under
`storefronts/NAME/` and are looked up first. A file begins with front matter between `+++` lines: TOML that says what
it is and which values it uses, with a sample of each.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailer.errors import InputError

_MARK = "+++"


@dataclass(frozen=True)
class Template:
    """One mail in one language, as it stands in its file. `name` is its path within the templates."""

    name: str
    locale: str
    body: str
    sha256: str
    subject: str = ""
    needs: dict[str, Any] = field(default_factory=dict)
    optional: dict[str, Any] = field(default_factory=dict)


class Catalog:
    """The templates of a folder. Files are read when asked for, so an edit counts from the next draft on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, key: str, locales: Sequence[str], storefront: str = "main") -> Template:
        """The first of these languages that has the template. Raises InputError when none has."""
        for locale in chain(locales):
            for prefix in (f"storefronts/{storefront}/", ""):
                name = f"{prefix}{key}.{locale}.md"
                if (self.directory / name).is_file():
                    return self.read(name)
        raise InputError(f"templates/{key}", [f"there is no file for any of: {', '.join(chain(locales))}"])

    def read(self, name: str) -> Template:
        """One template file. Raises InputError with line and reason."""
        try:
            text = (self.directory / name).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"templates/{name}", [f"byte {error.start}: not UTF-8; save the file as UTF-8"]) from None
        front, body = _split(f"templates/{name}", text)
        return Template(
            name=name,
            locale=name.rsplit(".", 2)[-2],
            body=body,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            subject=str(front.get("subject", "")),
            needs=front.get("needs", {}),
            optional=front.get("optional", {}),
        )

    def names(self) -> Iterator[str]:
        """Every template file that is a whole mail, by name."""
        for path in sorted(self.directory.rglob("*.md")):
            name = path.relative_to(self.directory).as_posix()
            if "blocks/" not in name:
                yield name


def chain(locales: Sequence[str]) -> list[str]:
    """Each language followed by its parents: `pt-BR` is also asked for as `pt`."""
    wanted = []
    for locale in locales:
        parts = locale.split("-")
        wanted += ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return list(dict.fromkeys(wanted))


def _split(source: str, text: str) -> tuple[dict[str, Any], str]:
    lines = text.split("\n")
    if lines[0].strip() != _MARK or _MARK not in (line.strip() for line in lines[1:]):
        raise InputError(source, ["line 1: front matter is missing; a template begins with TOML between +++ lines"])
    end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == _MARK)
    try:
        front = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise InputError(source, [f"front matter: {error}"]) from None
    # As many empty lines as the front matter had, so that errors name the line of the file.
    problems = [problem for key in ("needs", "optional") for problem in _unfit(key, front.get(key, {}))]
    if problems:
        raise InputError(source, problems)
    return front, "\n" * (end + 1) + "\n".join(lines[end + 1 :])


def _unfit(path: str, sample: Any) -> list[str]:
    if path in ("needs", "optional") and not isinstance(sample, dict):
        return [f"front matter: [{path}] must be a table of values with samples"]
    if isinstance(sample, list) and not sample:
        return [f"front matter: {path} needs one element as a sample"]
    inner = sample.items() if isinstance(sample, dict) else enumerate(sample) if isinstance(sample, list) else ()
    return [problem for name, one in inner for problem in _unfit(f"{path}.{name}", one)]
