"""An address as the envelope carries it: an international domain in ASCII by our own hand, never by the library's."""

import re
from dataclasses import dataclass

import idna

from mailer.errors import InputError

_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True)
class Mailable:
    """An address that can be written to. `needs_utf8` when its local part is not ASCII (RFC 6531)."""

    local: str
    domain: str

    @property
    def needs_utf8(self) -> bool:
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def mailable(address: str) -> Mailable:
    """The address with its domain in ASCII (IDNA 2008, RFC 5891). Raises InputError when none can be written to."""
    local, _, domain = address.rpartition("@")
    ascii_domain = domain if domain.isascii() else _punycode(domain)
    good_local = _LOCAL.fullmatch(local) if local.isascii() else _international(local)
    if not good_local or not _DOMAIN.fullmatch(ascii_domain):
        raise InputError("recipient", ["this address cannot be written to; it is no plain mail address"])
    return Mailable(local, ascii_domain)


def domain_of(address: str) -> str:
    """The domain by which the pace is kept: lower case, in ASCII where that is possible."""
    domain = address.rpartition("@")[2].lower()
    return domain if domain.isascii() else (_punycode(domain) or domain)


def _international(local: str) -> bool:
    # What is not ASCII may be any letter or digit of any script, and nothing that could end the address.
    plain = "".join("x" if not char.isascii() and char.isalnum() else char for char in local)
    return len(local.encode()) <= 64 and bool(_LOCAL.fullmatch(plain))


def _punycode(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
