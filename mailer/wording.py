"""Texts that a page says later, marked where they stand so that gettext's tools find them."""


def N_(text: str) -> str:  # the name that gettext's tools look for
    """The text as it is; the page that shows it says it in the reader's language."""
    return text
