"""What stands in a header: words in any charset, addresses, identifiers, parameters. Linear scanners, no exceptions.

An address is trusted little: `victim@example.com <x@evil.com>` counts as two senders, so that nothing of the
victim's is told (FAILURES, fact 8).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mailer.inbound.charset import codec_of, decode

_MAX_VALUE = 16_000
_MAX_PARAMETERS = 100
_MAX_PARAMETER_TEXT = 4_000
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\r\n]{0,2000})\?=")
_ID = re.compile(r"<([^<>\s]{1,500})>")
# Directional overrides and isolates, with which a name can pretend to read otherwise than it is.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])


@dataclass(frozen=True)
class Address:
    """A mail address in lower case, and what it calls itself."""

    address: str
    name: str = ""


def unfold(value: object, *, tail: bool = False, guess: bool = False) -> str:
    """A raw header value as one printable line; bytes that are no ASCII are taken for UTF-8, else guessed or Latin-1.

    Of an overlong value the beginning is read, or with `tail` the end.
    """
    data = value if isinstance(value, bytes) else _bytes(str(value))
    data = data[-_MAX_VALUE:] if tail else data[:_MAX_VALUE]
    text, _ = decode(data, "utf-8", guess=guess)
    return clean(" ".join(text.split()))


def decode_words(value: str) -> str:
    """Encoded words (RFC 2047) as text, without line breaks, control or direction characters.

    What an encoded word holds is never decoded again. Neighbours in one charset are decoded together: programs cut
    them within a character.
    """
    words: list[str] = []
    waiting = b""
    charset = ""
    position = 0
    for match in _ENCODED.finditer(value):
        between = value[position : match.start()]
        data = _payload(match)
        known = data is not None and codec_of(match[1].split("*")[0]) is not None
        if waiting and (between.strip() or not known or match[1].lower() != charset):
            words.append(decode(waiting, charset.split("*", maxsplit=1)[0])[0])
            waiting = b""
            words.append(between if between.strip() or not known else "")
        elif not waiting:
            words.append(between)
        if known and data is not None:
            waiting, charset = waiting + data, match[1].lower()
        else:
            words.append(match[0])
        position = match.end()
    if waiting:
        words.append(decode(waiting, charset.split("*")[0])[0])
    return clean("".join(words) + value[position:])


def clean(text: str) -> str:
    """One printable line."""
    return "".join(char if char.isprintable() else " " for char in text.translate(_BIDI)).strip()


def identifiers(value: str) -> tuple[str, ...]:
    """The message identifiers of a header (RFC 5322, 3.6.4), with their angle brackets."""
    return tuple(f"<{found}>" for found in _ID.findall(value))


def addresses(values: Iterable[str]) -> list[Address]:
    """Every address of these header values, each once, the ones in angle brackets first."""
    found: dict[str, str] = {}
    for value in values:
        for angle in (True, False):
            for address, name in _scan(value, angle):
                found.setdefault(address, name)
    return [Address(address, name) for address, name in found.items()]


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A header like Content-Type as its first word and its parameters (RFC 2045, RFC 2231), names in lower case."""
    first, *rest = _split_parameters(value[:_MAX_PARAMETER_TEXT])
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for item in rest[:_MAX_PARAMETERS]:
        name, _, text = item.partition("=")
        name, text = name.strip().lower(), _unquoted(text.strip())
        base, star, number = name.partition("*")
        if not star:
            plain.setdefault(name, text)
        elif (index := number.rstrip("*") or "0").isdecimal() and len(index) < 4:
            pieces.setdefault(base, {}).setdefault(int(index), (text, number.endswith("*") or not number))
    extended = {base: _assemble(found) for base, found in pieces.items()}
    return _without_comments(first).strip().lower(), {**plain, **extended}


def _bytes(text: str) -> bytes:
    """The bytes that the stdlib smuggles through a str; what is no such byte is replaced."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _payload(match: re.Match[str]) -> bytes | None:
    try:
        if match[2] in "bB":
            return base64.b64decode(match[3] + "==")
        return binascii.a2b_qp(match[3].encode("utf-8"), header=True)
    except (binascii.Error, ValueError):
        return None


def _scan(value: str, wanted_angle: bool) -> Iterator[tuple[str, str]]:
    name: list[str] = []
    for word, angle in _tokens(value):
        if "@" in word and angle == wanted_angle and " " not in word:
            yield word.lower(), decode_words(" ".join(name)) if angle else ""
        if angle or word in ",;:":
            name = []
        else:
            name.append(word)


def _tokens(value: str) -> Iterator[tuple[str, bool]]:
    """Words, quoted names, separators and angle addresses; what stands in quotes or comments is never an address."""
    position = 0
    while position < len(value):
        char = value[position]
        closing = {'"': '"', "(": ")", "<": ">"}.get(char)
        if closing:
            end = _end(value, position + 1, closing)
            content = value[position + 1 : end]
            if char == "<":
                yield content.strip(), True
            elif char == '"':
                yield content.replace("\\", "").replace("@", " at "), False
            position = end + 1
        elif char in ",;: \t":
            if char in ",;:":
                yield char, False
            position += 1
        else:
            end = position
            while end < len(value) and value[end] not in '"(<,;: \t':
                end += 1
            yield value[position:end], False
            position = end


def _end(value: str, start: int, closing: str) -> int:
    position = start
    while position < len(value) and value[position] != closing:
        position += 2 if value[position] == "\\" and closing == '"' else 1
    return min(position, len(value))


def _split_parameters(value: str) -> list[str]:
    items, start, position = [], 0, 0
    while position < len(value):
        if value[position] == '"':
            position = _end(value, position + 1, '"')
        elif value[position] == ";":
            items.append(value[start:position])
            start = position + 1
        position += 1
    return [*items, value[start:]]


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return _without_comments(text).strip()
    inner = text[1 : _end(text, 1, '"')]
    # Windows paths come with single backslashes; only a quote or a backslash is ever escaped in practice.
    return inner.replace('\\"', '"').replace("\\\\", "\\")


def _without_comments(text: str) -> str:
    return text.partition("(")[0]


def _assemble(pieces: dict[int, tuple[str, bool]]) -> str:
    first, encoded = pieces.get(0, ("", False))
    charset = ""
    if encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
        pieces = {**pieces, 0: (first, True)}
    data = b"".join(
        unquote_to_bytes(text) if quoted else text.encode("utf-8") for _, (text, quoted) in sorted(pieces.items())
    )
    return decode(data, charset or "utf-8", guess=False)[0]
