"""Bytes in whatever charset a mail claims become text; never an error.

The ladder: the name is put right (aliases, supersets); UTF-8 where the bytes are plainly that; the charset claimed;
UTF-8; a guess by charset-normalizer; cp1252; Latin-1, which takes anything.
"""

import codecs
import re

_MAX_GUESSED = 32_000
# Fewer foreign bytes than this say too little for a guess.
_ENOUGH_TO_GUESS = 12
# What mails are written in; the detector's other candidates (of DOS and the old Mac) only win by mistake.
_GUESSABLE = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp1250", "cp1252", "cp1253", "cp1254"]
_GUESSABLE += ["cp1255", "cp1256", "cp1257", "cp1258", "cp874"]
# Codecs of Python that no mail is written in, some of them slow on crafted input.
_NEVER = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
# They switch alphabets by escape sequences: to UTF-8 their bytes look like plain ASCII.
_SEVEN_BIT = ("iso2022", "hz", "utf-7")
_MULTI_BYTE = ("gb", "big5", "cp9", "euc", "shift", "johab", "utf-16", "utf-32")
# What mails call a charset, and its common superset where they declare too little. Unknown names are not here.
_ALIASES = {
    "ansi": "cp1252",
    "ansi-x3.110-1983": "latin-1",
    "ansi-x3.4-1968": "ascii",
    "big5": "big5hkscs",
    "chinese": "gb18030",
    "cn-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "euc-cn": "gb18030",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb2312-80": "gb18030",
    "gb-2312": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252",
    "iso-8859-11": "cp874",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-gb2312": "gb18030",
    "koi8": "koi8-r",
    "ks-c-5601": "cp949",
    "ks-c-5601-1987": "cp949",
    "ksc5601": "cp949",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "mac": "mac-roman",
    "macintosh": "mac-roman",
    "ms-ansi": "cp1252",
    "shift-jis": "cp932",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "t.61-8bit": "latin-1",
    "tis-620": "cp874",
    "tis620": "cp874",
    "unicode": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-2-0-utf-7": "utf-7",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "x-sjis": "cp932",
}
_NUMBERED = re.compile(r"(?:windows|win|cp|ibm|dos|codepage|cp-)-?(\d{3,5})")
_ISO = re.compile(r"iso-?8859-?(\d{1,2})(-[ie])?")


def decode(data: bytes, declared: str, limit: int | None = None, *, guess: bool = True) -> tuple[str, str]:
    """The text of these bytes (the first `limit`), and what was wrong with the claim, or nothing.

    A guess costs up to 10 ms; without `guess` that rung is left out.
    """
    whole = limit is None or len(data) <= limit
    data = data if whole else data[:limit]
    codec = codec_of(declared)
    for candidate in _ladder(data, codec):
        text = _try(data, candidate, whole)
        if text is not None:
            return text, _complaint(declared, codec, candidate)
    if codec and codec.startswith(_SEVEN_BIT):
        return data.decode(codec, "replace"), f"not every character could be read as {_shown(declared)}"
    for candidate in filter(None, [_guess(data) if guess else None, "cp1252", "latin-1"]):
        text = _try(data, candidate, whole)
        if text is not None:
            return text, f"charset {_shown(declared)} does not fit its text, which was read as {candidate}"
    return "", f"charset {_shown(declared)} cannot be read"


def codec_of(declared: str) -> str | None:
    """Python's name of the charset that a mail declares; None when there is none, or none that a mail may use."""
    name = re.sub(r"[\s_]+", "-", declared[:80].strip(" \"'=").lower()).removeprefix("charset=")
    for candidate in (name, name.removeprefix("x-"), name.removeprefix("x-x-")):
        found = _numbered(_ALIASES.get(candidate, candidate))
        try:
            known = codecs.lookup(found).name
            "".encode(known)
        except (LookupError, ValueError):
            continue
        if known.replace("_", "-") not in _NEVER:
            return _ALIASES.get(known.replace("_", "-"), known)
    return None


def is_many_byte(data: bytes) -> int:
    """How many bytes are no ASCII."""
    return len(data) - len(data.translate(None, bytes(range(128, 256))))


def _ladder(data: bytes, codec: str | None) -> list[str]:
    if codec is None or codec in ("ascii", "utf-8"):
        return ["utf-8"]
    if codec.startswith(_SEVEN_BIT):
        return [codec]
    # Text of two-byte alphabets is now and then valid UTF-8 by chance, of one-byte alphabets hardly ever.
    if codec.startswith(_MULTI_BYTE) and is_many_byte(data[:4_000]) < 16:
        return [codec, "utf-8"]
    return ["utf-8", codec] if is_many_byte(data) else [codec]


def _complaint(declared: str, codec: str | None, used: str) -> str:
    if codec is None and declared.strip():
        return f"unknown charset {_shown(declared)}, read as {used}"
    if codec not in (None, used, "ascii"):
        return f"charset {_shown(declared)} does not fit its text, which was read as {used}"
    return ""


def _shown(declared: str) -> str:
    return "".join(char for char in declared[:40] if char.isprintable()) or "(none)"


def _try(data: bytes, codec: str, whole: bool) -> str | None:
    try:
        # A text that was cut may end within a character.
        return codecs.getincrementaldecoder(codec)("strict").decode(data, final=whole)
    except (LookupError, UnicodeError, ValueError, AssertionError):
        return None


def _numbered(name: str) -> str:
    if match := _NUMBERED.fullmatch(name):
        return f"cp{match[1]}"
    if match := _ISO.fullmatch(name):
        return _ALIASES.get(f"iso-8859-{match[1]}", f"iso-8859-{match[1]}")
    return name


def _guess(data: bytes) -> str | None:
    sample = data[:_MAX_GUESSED]
    if is_many_byte(sample) < _ENOUGH_TO_GUESS:
        return None
    from charset_normalizer import from_bytes  # noqa: PLC0415  # needed by one mail in hundreds

    best = from_bytes(sample, steps=5, chunk_size=512, cp_isolation=_GUESSABLE).best()
    return codec_of(best.encoding) if best else None
