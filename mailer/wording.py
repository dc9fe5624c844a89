"""Texts that a page says later, marked where they stand so that gettext's tools find them; one and many of a thing."""


def N_(text: str) -> str:  # the name that gettext's tools look for
    """The text as it is; the page that shows it says it in the reader's language."""
    return text


def counted(count: int, one: str, many: str) -> str:
    """A number with what it counts, in words for one or for many, as in "1 mail waits" and "2 mails wait"."""
    return f"{count:,} {one if count == 1 else many}"
