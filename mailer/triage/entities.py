"""What a mail names: order numbers, as candidates that `match` compares with the orders that exist."""

import re

# No \b: it does not see the border between a digit and a Chinese or Japanese word.
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SHAPE = r"[A-Za-z]{0,5}-?[0-9]{3,12}(?:-[0-9A-Za-z]{1,12}){0,3}"
_MARKED = re.compile(rf"#\s?({_SHAPE}|[0-9]{{1,2}}){_AFTER}")
# "number" alone is no sign: telephones, houses and parcels have numbers too.
_NAMED = re.compile(
    rf"{_BEFORE}order(?:\s{{1,3}}(?:number|no|nr|id))?(?:\s{{1,3}}is)?\.?\s{{0,3}}:?\s{{0,3}}({_SHAPE}){_AFTER}",
    re.IGNORECASE,
)
_BARE = re.compile(rf"{_BEFORE}({_SHAPE}){_AFTER}")
_MOST = 20


def order_numbers(subject: str, own_words: str) -> tuple[str, ...]:
    """Whatever may be an order number, the likeliest first: marked with #, named "order", then bare."""
    text = f"{subject}\n{own_words}"[:50_000]
    found = [match[1] for pattern in (_MARKED, _NAMED, _BARE) for match in pattern.finditer(text)]
    return tuple(dict.fromkeys(found))[:_MOST]


def claims_number(subject: str, own_words: str) -> str | None:
    """The number that the customer plainly calls an order number; None when there is only a bare one or none."""
    text = f"{subject}\n{own_words}"[:50_000]
    match = _MARKED.search(text) or _NAMED.search(text)
    return match[1] if match else None
