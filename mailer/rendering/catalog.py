"""Which file is a template's text in which language?

`replies/order_status.en.md` is the key `replies/order_status` in `en`, `lifecycle/shipping_notice.de.html` is
`lifecycle/shipping_notice` in `de`; variants of one storefront stand under `storefronts/NAME/` and are looked up first.
A file begins with front matter between `+++` lines: TOML that says what it is and which values it uses, with a sample
of each. What was published from the console stands over the files: it is read in their stead, everywhere.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailer.errors import InputError
from mailer.rendering import front
from mailer.rendering.environment import MailEnvironment, html_environment, includes, mail_environment
from mailer.rendering.published import FILES_ONLY, Published
from mailer.signing import Keys, digest

FRAME = "blocks/frame"
LIFECYCLE = "lifecycle/"
# Under which a mail names the pictures that it was made from.
IMAGES = "images/"
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
    """The templates of a folder, and what was published over them.

    Files are read when asked for, so an edit counts from the next draft on.
    """

    def __init__(self, directory: Path, published: Published = FILES_ONLY) -> None:
        self.directory = directory
        self._published = published

    @property
    def published(self) -> Published:
        """What stands over the files now."""
        return self._published

    def still(self) -> "Catalog":
        """These templates as they are now, for one mail: nothing that is published meanwhile gets into it."""
        return Catalog(self.directory, self.published)

    def chosen(self, keys: Keys | None, subject: str) -> "Catalog":
        """The templates for one conversation or passage: of texts that are compared, always the same for it."""
        return Catalog(self.directory, self.published.chosen(keys, subject))

    def with_text(self, name: str, text: str) -> "Catalog":
        """These templates with another text of one of them: as they would be, were it published."""
        return Catalog(self.directory, self.published.with_text(name, text))

    def environment(self, storefront: str = "main", *, html: bool = False) -> MailEnvironment:
        """In which the templates of a storefront are filled."""
        made = html_environment if html else mail_environment
        return made(self.directory, storefront, self.published.included)

    def has(self, name: str) -> bool:
        """Whether there is such a text."""
        return name in self.published.texts or (self.directory / name).is_file()

    def raw(self, name: str) -> bytes:
        """The bytes of a text. Raises OSError."""
        known = self.published.texts.get(name)
        return (self.directory / name).read_bytes() if known is None else known.encode()

    def text(self, name: str) -> str:
        """A text with its front matter. Raises InputError."""
        return self._text(name)[0]

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
        return next((name for name in names if self.has(name)), "")

    def locate(self, name: str, storefront: str = "main") -> str:
        """The storefront's own file of that name where there is one, else everybody's."""
        own = f"storefronts/{storefront}/{name}"
        return own if self.has(own) else name

    def read(self, name: str) -> Template:
        """One template file. Raises InputError with line and reason."""
        text, sha256 = self._text(name)
        return _parsed(name, text, sha256)

    def _text(self, name: str) -> tuple[str, str]:
        try:
            raw = self.raw(name)
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise InputError(f"templates/{name}", [f"byte {error.start}: not UTF-8; save the file as UTF-8"]) from None
        except OSError as error:
            raise InputError(f"templates/{name}", [f"cannot be read ({error.strerror})"]) from None
        return text, digest(raw)

    def parts(self, template: Template, storefront: str = "main") -> list[Template]:
        """The template and every block that it includes, each once. Raises InputError."""
        environment = self.environment(storefront)
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
            return name, _toml(self.text(name))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"templates/{name}", [str(error)]) from None

    def sha256(self, name: str) -> str:
        """Of a text as it is now; "" when it is gone. The same that a mail's `made_from` holds; of pictures too."""
        if name.startswith(IMAGES):
            picture = self.published.images.get(name.removeprefix(IMAGES))
            return picture.edition if picture else ""
        try:
            return digest(self.raw(name))
        except OSError:
            return ""

    def is_current(self, name: str, sha256: str) -> bool:
        """Whether mails are made from this text now: it is in service, or compared with the one that is."""
        challenger = self.published.challengers.get(name)
        return (challenger is not None and challenger.sha256 == sha256) or self.sha256(name) == sha256

    def names(self) -> Iterator[str]:
        """Every template file that is a whole reply, by name."""
        return (name for name in self._files(".md") if "blocks/" not in name)

    def blocks(self) -> Iterator[str]:
        """Every file that is a piece of mails, by name."""
        return (name for name in self._files(".md") if "blocks/" in name)

    def lifecycle(self) -> Iterator[str]:
        """Every template file of a mail that a flow sends, by name."""
        return (name for name in self._files(".html") if LIFECYCLE in name)

    def every(self) -> Iterator[str]:
        """Every text of any kind, by name."""
        return (name for suffix in (*_SUFFIXES, ".toml") for name in self._files(suffix))

    def _files(self, suffix: str) -> Iterator[str]:
        files = {path.relative_to(self.directory).as_posix() for path in self.directory.rglob(f"*{suffix}")}
        yield from sorted(files | {name for name in self.published.texts if name.endswith(suffix)})


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
