"""What stands in a header: words in any charset, addresses, identifiers. Linear scanners, no exceptions.

An address is trusted little: `victim@example.com <x@evil.com>` counts as two senders, so that nothing of the
victim's is told (FAILURES, fact 8).
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAX_VALUE = 16_000
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN_ENCODED = re.compile(r"(\?=)\s{1,20}(=\?)")
_ID = re.compile(r"<([^<>\s]{1,500})>")
# Directional overrides and isolates, with which a name can pretend to read otherwise than it is.
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])


@dataclass(frozen=True)
class Address:
    """A mail address in lower case, and what it calls itself."""

    address: str
    name: str = ""


def unfold(value: object) -> str:
    """A raw header value as one printable line; bytes that are no ASCII are taken for UTF-8, then Latin-1."""
    data = str(value)[:_MAX_VALUE].encode("utf-8", "surrogateescape")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return clean(" ".join(text.split()))


def decode_words(value: str) -> str:
    """Encoded words (RFC 2047) as text, without line breaks, control or direction characters."""
    joined = _BETWEEN_ENCODED.sub(r"\1\2", value)
    return clean(_ENCODED.sub(_decode_word, joined))


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


def _decode_word(match: re.Match[str]) -> str:
    charset, kind, payload = match[1].split("*")[0], match[2].lower(), match[3]
    try:
        data = base64.b64decode(payload + "==") if kind == "b" else quopri.decodestring(payload.replace("_", " "))
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError, binascii.Error, ValueError):
        return match[0]
