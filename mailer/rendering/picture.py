"""Pictures that templates show: `{{ kit.image(images.summer_banner) }}`; sent within the mail, or shown by a link.

A value that stands beside the texts in service. What a picture shows is said in words, in the mail's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailer.signing import digest

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}


@dataclass(frozen=True)
class Picture:
    """One picture in service. `data` is there only where it goes within the mail."""

    sha256: str
    mime: str
    width: int
    height: int
    alt: Mapping[str, str] = field(default_factory=dict)
    inline: bool = True
    data: bytes = b""
    # The address of the public listener; without one every picture goes within the mail.
    at: str = ""

    @property
    def cid(self) -> str:
        """Its name within a mail (RFC 2392)."""
        return f"{self.sha256[:32]}@images"

    @property
    def url(self) -> str:
        """What stands in the mail's HTML."""
        return f"cid:{self.cid}" if self.inline or not self.at else f"{self.at}/images/{self.path}"

    @property
    def path(self) -> str:
        """Its name for browsers."""
        return f"{self.sha256}.{SUFFIXES.get(self.mime, 'png')}"

    @property
    def edition(self) -> str:
        """The hash of all that a mail shows of it: another picture, or other words, are another."""
        return digest(f"{self.sha256} {self.url} {sorted(self.alt.items())}".encode())

    def words(self, locale: str) -> str:
        """What it shows, in this language or the nearest; "" where nobody said it."""
        known = (self.alt.get(one) for one in (locale, locale.split("-", maxsplit=1)[0], "en"))
        return next((one for one in known if one), next(iter(self.alt.values()), ""))

    def told(self, locale: str) -> dict[str, object]:
        """As a template reads it."""
        return {"url": self.url, "alt": self.words(locale), "width": self.width, "height": self.height}


def shown_in(html: str, pictures: Mapping[str, Picture]) -> dict[str, Picture]:
    """The pictures that stand in a mail, by name."""
    return {name: one for name, one in pictures.items() if one.url in html}
