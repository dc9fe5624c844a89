"""What a mail to ourselves says of our deliverability, by its headers as it arrived. Pure.

SPF (RFC 7208), DKIM (RFC 6376), DMARC with alignment (RFC 7489, 3.1), and that the signature covers the headers of the
one-click way out (RFC 8058, 4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailer.calendars import in_words

_WAY_OUT = ("list-unsubscribe", "list-unsubscribe-post")
_JUNK = ("junk", "spam", "bulk")
_SLOW = timedelta(minutes=5)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `ok` is None where nothing can be known, and `words` say what to do."""

    name: str
    ok: bool | None
    words: str


@dataclass(frozen=True)
class Arrival:
    """The mail as it was found: its headers with names in lower case, where it lay, and how long it took."""

    headers: Sequence[tuple[str, str]]
    folder: str
    took: timedelta


def verdict(arrival: Arrival, results: dict[str, str], *, from_domain: str, authserv_id: str) -> list[Finding]:
    """Every finding; `results` are those of the trusted Authentication-Results line, empty when there was none."""
    return [
        _folder(arrival.folder),
        _delay(arrival.took),
        *_authentication(arrival, results, authserv_id),
        _alignment(arrival, from_domain),
        _covered(arrival),
    ]


def signatures(headers: Sequence[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """The tags of each DKIM-Signature (RFC 6376, 3.5), white space taken out."""
    for name, value in headers:
        if name == "dkim-signature":
            parts = (part.partition("=") for part in value.split(";"))
            yield {key.strip().lower(): "".join(given.split()) for key, _, given in parts if key.strip()}


def is_aligned(domain: str, from_domain: str) -> bool:
    """Whether a signer's domain is the From domain, or one stands above the other (relaxed alignment).

    Without a list of public suffixes two names below one of them, as a.co.uk and b.co.uk, are rightly told apart.
    """
    one, other = domain.lower().rstrip("."), from_domain.lower().rstrip(".")
    return "." in one and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _folder(folder: str) -> Finding:
    if any(word in folder.lower() for word in _JUNK):
        return Finding("folder", False, f"it was put into {folder}; customers may not see our mails")
    return Finding("folder", True, f"it lay in {folder}")


def _delay(took: timedelta) -> Finding:
    words = f"it took {in_words(took)}"
    return Finding("delay", took <= _SLOW, words if took <= _SLOW else f"{words}; is a relay on the way overloaded?")


def _authentication(arrival: Arrival, results: dict[str, str], authserv_id: str) -> Iterator[Finding]:
    if not results:
        said = next((value for name, value in arrival.headers if name == "authentication-results"), "")
        writer = said.split(";")[0].strip()
        advice = f'set authserv_id = "{writer}" for this mailbox if that is your provider' if writer else "it said none"
        trusted = f'no line of "{authserv_id}"' if authserv_id else "authserv_id is not set"
        for method in ("SPF", "DKIM", "DMARC"):
            yield Finding(method, None, f"the server's word on it is not known ({trusted}); {advice}")
        return
    todo = {
        "spf": "add the relay to the SPF record of the envelope sender's domain",
        "dkim": "switch DKIM on at the relay and publish its key",
        "dmarc": "publish a DMARC record, and let SPF or DKIM be of the From domain",
    }
    for method, advice in todo.items():
        result = results.get(method, "none")
        yield Finding(method.upper(), result == "pass", result if result == "pass" else f"{result}; {advice}")


def _alignment(arrival: Arrival, from_domain: str) -> Finding:
    signers = [tags["d"] for tags in signatures(arrival.headers) if tags.get("d")]
    if not signers:
        return Finding("alignment", False, "no DKIM signature, so DMARC stands on SPF alone and breaks when forwarded")
    if any(is_aligned(signer, from_domain) for signer in signers):
        return Finding("alignment", True, f"signed by {', '.join(signers)} for {from_domain}")
    words = f"signed by {', '.join(signers)}, which is not {from_domain}; let the relay sign with your domain"
    return Finding("alignment", False, words)


def _covered(arrival: Arrival) -> Finding:
    names = {name for name, _ in arrival.headers}
    if missing := [name for name in _WAY_OUT if name not in names]:
        return Finding("way out", False, f"{', '.join(missing)} did not arrive; does the relay take headers away?")
    covered = [set(tags.get("h", "").lower().split(":")) for tags in signatures(arrival.headers)]
    if any(set(_WAY_OUT) <= signed for signed in covered):
        return Finding("way out", True, "the signature covers the headers of the one-click way out")
    words = "no signature covers List-Unsubscribe and List-Unsubscribe-Post: providers show no button (RFC 8058, 4)"
    return Finding("way out", False, words)
