"""Pictures that templates show: `{{ kit.image(images.summer_banner) }}`; sent within the mail, or shown by a link.

A value that stands beside the texts in service. What a picture shows is said in words, in the mail's language.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailer.signing import digest

# As answers show one, in Markdown: by the hash of its bytes, since what was approved is what is sent.
_IN_TEXT = re.compile(r"!\[([^\[\]\n]*)\]\(image:([0-9a-f]{64})\)")
_NAMED = re.compile(r"\bimages\.([A-Za-z_]\w*)")
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


def by_hash(pictures: Mapping[str, Picture]) -> dict[str, Picture]:
    """The same, as answers name them."""
    return {one.sha256: one for one in pictures.values()}


def hashes_in(text: str) -> set[str]:
    """The pictures that the text of an answer names: `![Two people on a bench](image:HASH)`."""
    return {match[2] for match in _IN_TEXT.finditer(text)}


def said_plainly(text: str, pictures: Mapping[str, Picture]) -> str:
    """The text with words where pictures stand; a hash that is none of ours stays as it is."""
    return _IN_TEXT.sub(lambda match: f"[{match[1]}]" if match[2] in pictures else match[0], text)


def drawn(html: str, pictures: Mapping[str, Picture]) -> str:
    """The HTML of an answer with pictures where it names them; their words are escaped already, as all of it is."""
    return _IN_TEXT.sub(lambda match: _tag(pictures[match[2]], match[1]) if match[2] in pictures else match[0], html)


def picture_mistakes(text: str, name: str, locale: str, images: Mapping[str, Picture]) -> Iterator[tuple[int, str]]:
    """Pictures of a template that are not there, or of which nobody says in its language what they show; by line."""
    known = by_hash(images)
    for match in _IN_TEXT.finditer(text):
        if "blocks/" in name or not name.endswith(".md"):
            yield _line(text, match), "write pictures like this in answers only; elsewhere {{ kit.image(images.NAME) }}"
        if not match[1].strip():
            yield _line(text, match), "a picture has no words for those who do not see it: ![Two people on a bench](…)"
        if match[2] not in known:
            yield _line(text, match), "this picture is not in service; put it into the text anew"
    for match in _NAMED.finditer(text) if name.endswith(".html") else ():
        if (picture := images.get(match[1])) is None:
            yield _line(text, match), f"there is no picture {match[1]}; there are {', '.join(sorted(images)) or 'none'}"
        elif locale and not {locale, locale.split("-", maxsplit=1)[0]} & picture.alt.keys():
            yield _line(text, match), f"say below in words ({locale}) what the picture {match[1]} shows"


def _tag(picture: Picture, words: str) -> str:
    looks = "max-width: 100%; height: auto; border: 0"
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img src="{picture.url}" {size} alt="{words}" style="{looks}">'


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1
