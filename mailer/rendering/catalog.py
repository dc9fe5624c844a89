"""Which file is a template's text in which language?

`replies/order_status.en.md` is the key `replies/order_status` in `en`, `lifecycle/shipping_notice.de.html` is
`lifecycle/shipping_notice` in `de`; variants of one storefront stand under `storefronts/NAME/` and are looked up first.
A file begins with front matter between `+++` lines: TOML that says what it is and which values it uses, with a sample
of each.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailer.errors import InputError
from mailer.rendering import front
from mailer.rendering.environment import includes, mail_environment

FRAME = "blocks/frame"
LIFECYCLE = "lifecycle/"
_SUFFIXES = (".md", ".html")


@dataclass(frozen=True)
class Template:
    """One mail, or one block, in one language, as it stands in its file. `name` is its path within the templates."""

    name: str
    locale: str
    body: str
    sha256: str
    kind: str = "reply"
    subject: str = ""
    # What the list of mails shows behind the subject, and the section [senders.NAME]; of lifecycle mails.
    preheader: str = ""
    sender: str = "care"
    opening: str = ""
    before: str = ""
    # True, False, or words of a template that mean yes when they write anything.
    holding: bool | str = False
    asks: bool | str = False
    needs: dict[str, Any] = field(default_factory=dict)
    optional: dict[str, Any] = field(default_factory=dict)


class Catalog:
    """The templates of a folder. Files are read when asked for, so an edit counts from the next draft on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, key: str, locales: Sequence[str], storefront: str = "main") -> Template:
        """The first of these languages that has the template. Raises InputError when none has."""
        return self.find_all([key], locales, storefront)[0]

    def find_all(self, keys: Sequence[str], locales: Sequence[str], storefront: str = "main") -> list[Template]:
        """All of these in the first language that has every one of them. Raises InputError when none has."""
        for locale in chain(locales):
            names = [self._file(f"{key}.{locale}", storefront) for key in keys]
            if all(names):
                return [self.read(name) for name in names]
        asked = f"templates/{', '.join(keys)}"
        raise InputError(asked, [f"there is no file for any of: {', '.join(chain(locales))}"])

    def _file(self, stem: str, storefront: str) -> str:
        """The file of that name, whether Markdown or HTML; "" when there is none."""
        names = (self.locate(f"{stem}{suffix}", storefront) for suffix in _SUFFIXES)
        return next((name for name in names if (self.directory / name).is_file()), "")

    def locate(self, name: str, storefront: str = "main") -> str:
        """The storefront's own file of that name where there is one, else everybody's."""
        own = f"storefronts/{storefront}/{name}"
        return own if (self.directory / own).is_file() else name

    def read(self, name: str) -> Template:
        """One template file. Raises InputError with line and reason."""
        try:
            raw = (self.directory / name).read_bytes()
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise InputError(f"templates/{name}", [f"byte {error.start}: not UTF-8; save the file as UTF-8"]) from None
        except OSError as error:
            raise InputError(f"templates/{name}", [f"cannot be read ({error.strerror})"]) from None
        return _parsed(name, text, hashlib.sha256(raw).hexdigest())

    def parts(self, template: Template, storefront: str = "main") -> list[Template]:
        """The template and every block that it includes, each once. Raises InputError."""
        environment = mail_environment(self.directory, storefront)
        found = {template.name: template}
        waiting = [template]
        while waiting:
            one = waiting.pop()
            for name in includes(environment, one.name, one.body):
                block = self.read(self.locate(name, storefront))
                if block.name not in found:
                    found[block.name] = block
                    waiting.append(block)
        return list(found.values())

    def words(self, locale: str, storefront: str = "main") -> tuple[str, dict[str, str]]:
        """Name and content of the file with the words of the kit in a language. Raises InputError."""
        name = self.locate(f"words/{locale}.toml", storefront)
        try:
            return name, _toml((self.directory / name).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"templates/{name}", [f"cannot be read ({error.strerror})"]) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"templates/{name}", [str(error)]) from None

    def sha256(self, name: str) -> str:
        """Of a file as it is now; "" when it is gone. The same that a draft's `made_from` holds."""
        try:
            return hashlib.sha256((self.directory / name).read_bytes()).hexdigest()
        except OSError:
            return ""

    def names(self) -> Iterator[str]:
        """Every template file that is a whole reply, by name."""
        return (name for name in self._files(".md") if "blocks/" not in name)

    def blocks(self) -> Iterator[str]:
        """Every file that is a piece of mails, by name."""
        return (name for name in self._files(".md") if "blocks/" in name)

    def lifecycle(self) -> Iterator[str]:
        """Every template file of a mail that a flow sends, by name."""
        return (name for name in self._files(".html") if LIFECYCLE in name)

    def _files(self, suffix: str) -> Iterator[str]:
        for path in sorted(self.directory.rglob(f"*{suffix}")):
            yield path.relative_to(self.directory).as_posix()


def chain(locales: Sequence[str]) -> list[str]:
    """Each language followed by its parents: `pt-BR` is also asked for as `pt`."""
    wanted = []
    for locale in locales:
        parts = locale.replace("_", "-").split("-")
        wanted += ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return list(dict.fromkeys(wanted))


@lru_cache(maxsize=100)
def _toml(text: str) -> dict[str, str]:
    return tomllib.loads(text)


@lru_cache(maxsize=1000)
def _parsed(name: str, text: str, sha256: str) -> Template:
    above, body = front.split(f"templates/{name}", text)
    return Template(
        name=name,
        locale=name.rsplit(".", 2)[-2],
        body=body,
        sha256=sha256,
        **above,
    )
