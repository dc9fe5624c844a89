"""Who vouches for the sender of a mail, and what about him should make an agent look twice.

Anybody can write an Authentication-Results line. Only the topmost one counts, and only when it bears the name of the
server that config.toml trusts (RFC 8601, 5); without that name nobody vouches for anything.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailer.inbound.headers import Address
from mailer.inbound.parsed import Authenticity

_MAX_RESULTS = 60
_RESULT = re.compile(r"([a-z0-9-]{1,40})(?:\s*/\s*\d+)?\s*=\s*([a-z0-9-]{1,40})")
_PROPERTY = re.compile(r"([a-z0-9-]{1,40})\.([a-z0-9-]{1,60})\s*=\s*\"?([^\s\";]{1,320})")
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# Letters that look like each other in the fonts of mail programs; both sides are brought to the second form.
_LOOKS = {"0": "o", "1": "l", "i": "l", "|": "l", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g"}
_LOOKS |= {"а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "і": "l", "ѕ": "s", "ԁ": "d", "ո": "n"}
_LOOKS |= {"α": "a", "ο": "o", "ν": "v", "ρ": "p", "ı": "l", "ł": "l", "ø": "o", "é": "e", "è": "e", "á": "a", "à": "a"}
_LOOKS |= {"ä": "a", "ö": "o", "ü": "u", "ñ": "n", "ç": "c", "í": "l", "ì": "l", "ó": "o", "ò": "o", "ú": "u", "ù": "u"}
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_MIN_EDITED = 5
# Hosts of millions, some of which are one letter from each other.
_MAIL_HOSTS = frozenset(
    {
        "gmail.com",
        "ymail.com",
        "mail.com",
        "email.com",
        "hotmail.com",
        "hotmail.fr",
        "hotmail.de",
        "hotmail.it",
        "gmx.com",
    }
    | {
        "yahoo.com",
        "yahoo.de",
        "yahoo.fr",
        "yahoo.es",
        "yahoo.it",
        "yahoo.ca",
        "outlook.com",
        "outlook.de",
        "outlook.fr",
    }
    | {"live.com", "icloud.com", "gmx.net", "gmx.de", "web.de", "mail.ru", "qq.com", "163.com", "126.com", "aol.com"}
)


@dataclass(frozen=True)
class Ourselves:
    """What we know of ourselves when we read: our addresses, and the server whose word on senders we trust.

    `authserv_id` is the name by which that server signs Authentication-Results; empty trusts nobody.
    """

    addresses: frozenset[str] = frozenset()
    authserv_id: str = ""

    @property
    def domains(self) -> frozenset[str]:
        """The domains that we write from."""
        return frozenset(domain_of(address) for address in self.addresses)


def judge(
    headers: Sequence[tuple[str, str]], senders: Sequence[Address], reply_to: Sequence[Address], ours: Ourselves
) -> Authenticity:
    """What the trusted server says of this mail, and sentences for the agent. Header names are in lower case."""
    from_lines = [value for name, value in headers if name == "from"]
    only_domain = domain_of(senders[0].address) if len(senders) == 1 else ""
    results = read_results(headers, ours.authserv_id, only_domain)
    warnings = [
        *_of_senders(senders, len(from_lines)),
        *_of_names(senders),
        *_of_reply_to(senders, reply_to),
        *_of_domains(senders, ours.domains),
    ]
    if results.get("dmarc") == "fail":
        warnings.append("The sender's domain says that this mail is not its own (DMARC failed).")
    return Authenticity(
        from_count=max(len(from_lines), len(senders)),
        dmarc=_told(results.get("dmarc")),
        spf=_told(results.get("spf")),
        dkim=_told(results.get("dkim")),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def read_results(headers: Sequence[tuple[str, str]], authserv_id: str, from_domain: str) -> dict[str, str]:
    """The methods and results (RFC 8601) that the trusted server wrote, in lower case; empty when it wrote none.

    Lines below the topmost came with the mail. A DMARC result counts only for the domain of the single sender, and of
    several DKIM signatures one that passes is enough.
    """
    topmost = next((value for name, value in headers if name == "authentication-results"), "")
    first, *rest = _statements(topmost)
    # The identifier may be followed by a version.
    name = (first.split() or [""])[0]
    if not authserv_id or name.casefold() != authserv_id.casefold():
        return {}
    found: dict[str, str] = {}
    for statement in rest[:_MAX_RESULTS]:
        match = _RESULT.match(statement.strip().lower())
        if match is None or (match[1] == "dmarc" and not _speaks_of(statement, from_domain)):
            continue
        if match[1] not in found or (match[1] == "dkim" and match[2] == "pass"):
            found[match[1]] = match[2]
    return found


def look_alike(domain: str, known: Iterable[str]) -> str | None:
    """The known domain that this one, which is none of them, could be taken for."""
    looked = _readable(domain)
    plain = [one.lower().rstrip(".") for one in known if one]
    if not looked or looked in _MAIL_HOSTS or domain.lower().rstrip(".") in plain:
        return None
    return next((one for one in plain if not _is_below(looked, one) and _is_like(looked, one)), None)


def domain_of(address: str) -> str:
    """What stands behind the @, in lower case."""
    return address.rpartition("@")[2].lower().rstrip(".")


def _of_senders(senders: Sequence[Address], lines: int) -> Iterator[str]:
    if lines > 1:
        yield f"The mail names its sender in {lines} From lines; only one is allowed."
    if len(senders) > 1:
        yield f"The mail names {len(senders)} senders: {', '.join(one.address for one in senders[:3])}."


def _of_names(senders: Sequence[Address]) -> Iterator[str]:
    for one in senders[:5]:
        inner = _ADDRESS.search(one.name.replace(" at ", "@")[:400])
        if inner and inner[0].lower() != one.address:
            yield f"The sender's name shows another address ({inner[0].lower()}) than the mail's own ({one.address})."


def _of_reply_to(senders: Sequence[Address], reply_to: Sequence[Address]) -> Iterator[str]:
    own = {one.address for one in senders}
    elsewhere = [one.address for one in reply_to if one.address not in own]
    if own and elsewhere:
        yield f"Answers are asked to another address (Reply-To: {', '.join(elsewhere[:3])})."


def _of_domains(senders: Sequence[Address], known: Collection[str]) -> Iterator[str]:
    for one in senders[:5]:
        if like := look_alike(domain_of(one.address), known):
            yield f"The sender's domain {domain_of(one.address)} looks like {like} and is another."


def _told(result: str | None) -> str:
    """Three answers: only `pass` and `fail` say something that may be relied on."""
    return result if result in ("pass", "fail") else "none"


def _speaks_of(statement: str, domain: str) -> bool:
    values = {f"{match[1]}.{match[2]}": match[3] for match in _PROPERTY.finditer(statement.lower()[:2_000])}
    # A server that names an organisation's domain speaks for the domains below it too.
    return bool(domain) and _is_below(domain, domain_of(values.get("header.from", domain)))


def _statements(value: str) -> list[str]:
    """The value cut at its semicolons, without comments; what stands in quotes or comments cuts nothing."""
    out: list[str] = [""]
    kept: list[str] = []
    depth, quoted, position = 0, False, 0
    while position < len(value):
        char = value[position]
        if char == "\\" and (quoted or depth):
            position += 1
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and depth:
            depth -= 1
        elif char == ";" and not quoted and not depth:
            out[-1] = "".join(kept)
            out.append("")
            kept = []
        elif not depth:
            kept.append(char)
        position += 1
    out[-1] = "".join(kept)
    return out


def _readable(domain: str) -> str:
    """A domain as people see it: labels in punycode as what they show."""
    labels = domain.lower().rstrip(".").split(".")[:10]
    return ".".join(_label(label[:63]) for label in labels)


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _is_below(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _is_like(domain: str, known: str) -> bool:
    if _skeleton(domain) == _skeleton(known):
        return True
    return len(known.split(".", maxsplit=1)[0]) >= _MIN_EDITED and _one_edit(domain, known)


def _skeleton(domain: str) -> str:
    text = "".join(_LOOKS.get(char, char) for char in domain)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return text


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter was changed, added, left out, or two neighbours changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
