"""Files that mails carry: `[Size chart](attached:HASH/size-chart.pdf)` in answers, in HTML the same address in a link.

`attached:` goes within the mail, `linked:` is fetched from the public listener. The text names the bytes by their hash,
so whatever carries a text (a revision, a draft, an approval, a file in git) carries its files with it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import PurePath
from urllib.parse import quote

from mailer.errors import InputError

# What all files within one mail may have together, where config.toml says nothing else.
MOST_IN_A_MAIL = 5_000_000
# More than this is said of a mail that goes to many.
LIGHT = 300_000
ATTACHED, LINKED = "attached", "linked"
_FILE = r"\w[\w.-]{0,80}\.pdf"
_ADDRESS = rf"(?P<way>attached|linked):(?P<sha256>[0-9a-f]{{64}})/(?P<name>{_FILE})(?![\w.-])"
_ANYWHERE = re.compile(_ADDRESS)
_IN_TEXT = re.compile(rf"\[(?P<title>[^\[\]\n]*)\]\({_ADDRESS}\)")
_IN_HTML = re.compile(rf'<a\b(?P<before>[^<>]*?)\shref="{_ADDRESS}"(?P<after>[^<>]*)>(?P<title>.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_AS_TEXT, _AS_HTML = "[Size chart](attached:…)", '<a href="attached:…">Size chart</a>'


@dataclass(frozen=True)
class Attachment:
    """A file that templates may name. `data` is there where mails are made."""

    sha256: str
    size: int
    title: Mapping[str, str] = field(default_factory=dict)
    # The address of the public listener; without one every file goes within the mail.
    at: str = ""
    data: bytes = b""


@dataclass(frozen=True)
class Enclosed:
    """A file as one mail carries it."""

    way: str
    sha256: str
    name: str
    title: str
    size: int = 0

    @property
    def is_attached(self) -> bool:
        """It goes within the mail."""
        return self.way == ATTACHED


def file_name(name: str) -> str:
    """What a file that somebody brought is called in mails: in its own script, without spaces; "" for none at all."""
    stem = unicodedata.normalize("NFC", PurePath(name.replace("\\", "/")).stem)
    words = re.sub(r"[^\w.-]+", "-", stem).strip("-._")[:80]
    return f"{words}.pdf" if words else ""


def is_file_name(name: str) -> bool:
    """Whether mails and addresses may call a file so."""
    return re.fullmatch(_FILE, name) is not None


def names(text: str) -> set[tuple[str, str]]:
    """The files that a text names: hash and name."""
    return {(match["sha256"], match["name"]) for match in _ANYWHERE.finditer(text)}


def enclosed_in(text: str, files: Mapping[str, Attachment]) -> list[Enclosed]:
    """What a mail from this text carries or links to, each once."""
    found = {(one.way, one.sha256, one.name): one for _, one in _titled(text, files)}
    return list(found.values())


def within(text: str, files: Mapping[str, Attachment]) -> list[tuple[str, bytes]]:
    """Name and bytes of each file that goes within a mail from this text."""
    return [(one.name, files[one.sha256].data) for one in enclosed_in(text, files) if one.is_attached]


def weight(text: str, files: Mapping[str, Attachment]) -> int:
    """How many bytes of files go within a mail from this text."""
    return sum(one.size for one in enclosed_in(text, files) if one.is_attached)


def refuse_unfit(source: str, text: str, files: Mapping[str, Attachment], most: int) -> None:
    """Raises InputError with all for which a mail from this text cannot be sent."""
    if problems := [words for _, words in (*_broken(text, source), *_absent(text, files), *_heavy(text, files, most))]:
        raise InputError(source, list(dict.fromkeys(problems)))


def said_plainly(text: str, files: Mapping[str, Attachment]) -> str:
    """The text of an answer as its reader sees it: title and name, or title and address."""
    return _IN_TEXT.sub(lambda match: _plain(match, files), text)


def drawn(html: str, files: Mapping[str, Attachment]) -> str:
    """The HTML of an answer with links where it names files; their titles are escaped already, as all of it is."""
    return _IN_TEXT.sub(lambda match: _shown(match, files), html)


def placed(html: str, files: Mapping[str, Attachment]) -> str:
    """The HTML of a flow's mail with public addresses where it links to files, and words where it attaches them."""
    return _IN_HTML.sub(lambda match: _shown(match, files, match["before"], match["after"]), html)


def address(file: Attachment, name: str) -> str:
    """Where the public listener gives it."""
    return f"{file.at}/files/{file.sha256}/{quote(name)}"


def attachment_mistakes(
    text: str, name: str, locale: str, files: Mapping[str, Attachment], most: int
) -> Iterator[tuple[int, str]]:
    """Files of a template that are not there, have no title in its language, or are too large together; by line."""
    yield from (*_broken(text, name), *_absent(text, files), *_heavy(text, files, most))
    for line, one in _titled(text, files):
        if not one.title:
            yield line, f"say what {one.name} is: it has no title here"
        elif one.sha256 in files and _is_of_another_language(one.title, locale, files[one.sha256].title):
            yield line, f"say in words ({locale}) what {one.name} is: its title is in another language"


def _broken(text: str, source: str) -> Iterator[tuple[int, str]]:
    """Addresses of files that stand where nothing makes a file of them."""
    is_html = source.endswith(".html")
    whole = [match.span() for match in (_IN_HTML if is_html else _IN_TEXT).finditer(text)]
    for match in _ANYWHERE.finditer(text):
        if not any(start <= match.start() < end for start, end in whole):
            yield _line(text, match), f"write a file as {_AS_HTML if is_html else _AS_TEXT}"


def _absent(text: str, files: Mapping[str, Attachment]) -> Iterator[tuple[int, str]]:
    for match in _ANYWHERE.finditer(text):
        file, name = files.get(match["sha256"]), match["name"]
        if file is None:
            yield _line(text, match), f"the file {name} is not there; bring it anew and put it into the text"
        elif match["way"] == LINKED and not file.at:
            yield _line(text, match), f"{name} cannot be linked to before [web] public_url is set; attach it"


def _heavy(text: str, files: Mapping[str, Attachment], most: int) -> Iterator[tuple[int, str]]:
    if (size := weight(text, files)) > most:
        yield 0, f"its files have {size} bytes together; at most {most} go within a mail: link to some of them"


def _titled(text: str, files: Mapping[str, Attachment]) -> Iterator[tuple[int, Enclosed]]:
    for pattern in (_IN_TEXT, _IN_HTML):
        for match in pattern.finditer(text):
            words = " ".join(unescape(_TAG.sub("", match["title"])).split())
            way, sha256, name = match["way"], match["sha256"], match["name"]
            size = files[sha256].size if sha256 in files else 0
            yield _line(text, match), Enclosed(way, sha256, name, words, size)


def _is_of_another_language(title: str, locale: str, known: Mapping[str, str]) -> bool:
    own = {known.get(locale), known.get(locale.split("-", maxsplit=1)[0])}
    return bool(locale) and title not in own and title in known.values()


def _plain(match: re.Match[str], files: Mapping[str, Attachment]) -> str:
    title, name, file = match["title"], match["name"], files.get(match["sha256"])
    if file is None:
        return match[0]
    return f"{title} ({name})" if match["way"] == ATTACHED else f"{title} <{address(file, name)}>"


def _shown(match: re.Match[str], files: Mapping[str, Attachment], before: str = "", after: str = "") -> str:
    file = files.get(match["sha256"])
    if file is None or match["way"] == ATTACHED:
        return _plain(match, files)
    return f'<a{before} href="{address(file, match["name"])}"{after}>{match["title"]}</a>'


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1
