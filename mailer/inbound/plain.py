"""Plain text as people mean it: soft line breaks joined, armour taken off, what a screen cannot show left out."""

import re

_GONE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")
_BREAK = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_PGP = "-----BEGIN PGP "


def printable(text: str) -> str:
    """The text with plain line ends and spaces, without control, direction and zero-width characters."""
    return _GONE.sub("", _SPACE.sub(" ", _BREAK.sub("\n", text)))


def unflowed(text: str, *, delsp: bool) -> str:
    """format=flowed (RFC 3676): a line that ends with a space goes on in the next of the same quote depth."""
    out: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        # RFC 3676, 4.3: the line before a signature is never flowed.
        signature = content == "-- "
        if open_depth == depth and not signature:
            out[-1].append(content)
        else:
            out.append([">" * depth + " " if depth else "", content])
        flows = content.endswith(" ") and not signature
        if flows and delsp:
            out[-1][-1] = content[:-1]
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in out)


def without_armour(text: str) -> tuple[str, str]:
    """What can be read of a text in PGP armour, and what to tell the agent about it, or nothing."""
    head = text.lstrip()[:60]
    if head.startswith(f"{_PGP}MESSAGE-----"):
        return "", "encrypted (PGP): it cannot be read here"
    if head.startswith(f"{_PGP}SIGNED MESSAGE-----"):
        signed = text.partition(f"{_PGP}SIGNATURE-----")[0].lstrip()
        # The armour's own header lines end with an empty line (RFC 9580, 7).
        words = signed.partition("\n\n")[2]
        lines = (line.removeprefix("- ") for line in words.split("\n"))
        return "\n".join(lines), "signed (PGP); the signature was not checked"
    return text, ""
