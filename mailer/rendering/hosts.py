"""Where a link of ours may lead: what a webhook or a customer names goes nowhere else (FAILURES, E22)."""

import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urlsplit

# Where carriers and trackers show a parcel; each with its subdomains.
TRACKING_HOSTS = frozenset(
    {"17track.net", "aftership.com", "parcelsapp.com", "parcellab.com", "easypost.com", "goshippo.com"}
    | {"dhl.com", "dhl.de", "dhl.co.uk", "dhlparcel.nl", "deutschepost.de", "dpd.com", "dpd.de", "dpd.co.uk", "dpd.fr"}
    | {"gls-group.com", "gls-group.eu", "gls-pakete.de", "myhermes.de", "myhermes.co.uk", "evri.com", "hermesworld.com"}
    | {"ups.com", "fedex.com", "usps.com", "ontrac.com", "lasership.com", "canadapost-postescanada.ca", "purolator.com"}
    | {"royalmail.com", "parcelforce.com", "yodel.co.uk", "anpost.com", "laposte.fr", "colissimo.fr", "chronopost.fr"}
    | {"colisprive.com", "mondialrelay.fr", "correos.es", "seur.com", "mrw.es", "poste.it", "brt.it", "sda.it"}
    | {"postnl.nl", "postnl.post", "bpost.be", "post.ch", "post.at", "postnord.com", "postnord.se", "posti.fi"}
    | {"bring.com", "bring.no", "inpost.pl", "packeta.com", "ctt.pt", "auspost.com.au", "nzpost.co.nz"}
    | {"japanpost.jp", "kuronekoyamato.co.jp", "sagawa-exp.co.jp", "sf-express.com", "cainiao.com", "yuntrack.com"}
    | {"yanwen.com", "4px.com", "ems.com.cn", "singpost.com", "epost.go.kr"}
)
# Where shop systems keep the pictures of products.
PICTURE_HOSTS = frozenset({"cdn.shopify.com", "i0.wp.com", "i1.wp.com", "i2.wp.com"})
_FORBIDDEN = re.compile(r"[\s<>\"'\\^`{|}\x00-\x20\x7f]")
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_WEB = re.compile(r"(?:https?:)?//\S+|\bwww\.\S+", re.IGNORECASE)
# As mail programs find addresses in plain words: "win.example", but not "J. R." or "3.5".
_LIKE_A_DOMAIN = re.compile(r"[^\W\d_][\w-]*\.[^\W\d_]{2,}", re.UNICODE)


def safe_link(url: object, hosts: Collection[str]) -> str | None:
    """The link, when it is https and leads to one of these hosts or below one; else None."""
    host = _host(str(url or ""))
    return str(url) if host and any(host == one or host.endswith(f".{one}") for one in hosts) else None


def own_link(url: str) -> bool:
    """Whether this may stand behind a button of ours: https, a mail address, or a page on this very machine."""
    if url.startswith("mailto:"):
        return not _FORBIDDEN.search(url)
    parts = urlsplit(url) if not _FORBIDDEN.search(url) else None
    return parts is not None and (
        (parts.scheme == "https" and bool(parts.hostname))
        or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    )


def hosts_of(values: Mapping[str, object]) -> Iterator[str]:
    """The hosts that the shop itself names in any of its texts that are links."""
    for value in values.values():
        inner = value if isinstance(value, Mapping) else dict(enumerate(value)) if isinstance(value, list) else None
        if inner is not None:
            yield from hosts_of({str(name): one for name, one in inner.items()})
        elif isinstance(value, str) and (host := _host(value)):
            yield host.removeprefix("www.")


def without_links(text: str) -> str:
    """Words of strangers less what a mail program would make a link of."""
    return " ".join(_WEB.sub(" ", text).split())


def is_name(text: str) -> bool:
    """Whether it may be somebody's name: no link, no domain, not long; it would speak for us in our own mail."""
    return len(text) <= 60 and not _WEB.search(text) and not _LIKE_A_DOMAIN.search(text) and "@" not in text


def _host(url: str) -> str:
    """The host of a plain https link; "" for anything else, also for one that hides its host behind a name."""
    if _FORBIDDEN.search(url) or not url.startswith("https://"):
        return ""
    try:
        parts = urlsplit(url)
        plain = parts.username is None and parts.port in (None, 443)
    except ValueError:
        return ""
    return (parts.hostname or "").rstrip(".") if plain else ""
