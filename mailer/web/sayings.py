"""Words of enums and sentences of rooms in the reader's language: what a row says is kept in English."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from mailer.web.languages import translations
from mailer.web.sentences import FACTS, SENTENCES

_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_HOLE = re.compile(r"\{(\w+)\}")
_FIGURES, _FIGURE = {"count", "number", "hours", "minutes", "seconds", "free", "total"}, r"\d[\d.,]*"
# A page says the same words again and again; longer ones are somebody's own.
_KEPT, _LONGEST = 2048, 600


class Sayings:
    """Says words and sentences in one language; what it has no words for stays as it is."""

    def __init__(self, language: str) -> None:
        self._is_english = language == "en"
        self._words = translations(language).gettext
        self._patterns = [] if self._is_english else [(_pattern(one), self._words(one)) for one in _holed()]
        self._kept = lru_cache(_KEPT)(self._said)

    def __call__(self, value: object) -> str:
        """A member of an enum, a sentence, or several sentences with semicolons between."""
        text = str(value)
        plain = text.replace("_", " ") if _NAME.fullmatch(text) else text
        return plain if self._is_english or len(plain) > _LONGEST else self._kept(plain)

    def _said(self, text: str) -> str:
        if not text:
            return ""
        exact = self._words(text)
        return exact if exact != text else self._matched(text) or self._apart(text) or text

    def _matched(self, text: str) -> str:
        for pattern, words in self._patterns:
            if found := pattern.fullmatch(text):
                return words.format(**{name: self(value) for name, value in found.groupdict().items()})
        return ""

    def _apart(self, text: str) -> str:
        """The parts one by one, where any of them can be said."""
        for sign, ours in (("\n", "\n"), ("; ", "；"), (": ", "："), (" · ", " · "), (", ", "，")):
            head, found, tail = text.partition(sign)
            if found and (said := (self._kept(head), self._kept(tail))) != (head, tail):
                return ours.join(said)
        return ""


@cache
def _holed() -> list[str]:
    """The sentences with holes, those with the most words of their own first."""
    found = [one for one in (*SENTENCES, *FACTS) if _HOLE.search(one)]
    return sorted(found, key=lambda one: -len(_HOLE.sub("", one)))


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile("".join(_parts(sentence)), re.DOTALL)


def _parts(sentence: str) -> Iterator[str]:
    for number, part in enumerate(_HOLE.split(sentence)):
        yield rf"(?P<{part}>{_FIGURE if part in _FIGURES else '.+?'})" if number % 2 else re.escape(part)
