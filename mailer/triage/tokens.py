"""Text as the engine counts it: sentences, words and their stems; characters where a script writes no blanks."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import snowballstemmer

# Han, kana and hangul, half and full width.
CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# French and Italian words that lost their vowel stand alone: l'article is about an article.
_ELIDED = r"(?:(?<![^\W_])(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|all|un)'(?=[^\W_]{2}))"
_TOKEN = re.compile(rf"{_ELIDED}|[{CJK}]|[^\W_{CJK}]+(?:'[^\W_{CJK}]+)?|[!?]")
_END = re.compile(r"(?<=[.!?…])\s+|[。！？；;]+|\n+|\s[-–—]\s|(?<=[\u4e00-\u9fff])[，,\s~～、]+(?=[\u4e00-\u9fff])")
# As people write umlauts on a foreign keyboard.
_UMLAUT = re.compile(r"([aou])e")
# Of printable ASCII only: where words have no blanks between them, \S would take the whole sentence.
_NO_WORD = re.compile(r"https?://[!-~]+|www\.[!-~]+|[!-~]+@[!-~]+|[@＠][A-Za-z0-9_]+|<[^<>]{1,200}>|&[a-z]{2,8};")
# Words that join two wishes, in the languages of which we know them.
_JOINT = re.compile(r",?\s+(?:and|but|und|aber|et|mais|y|pero|e|ma|en|maar)\s+(?:also\s+)?", re.IGNORECASE)
_CLAUSE_WORDS = 3
_STEMMERS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
_MOST_LETTERS = 12_000
_MOST_SENTENCES = 60
_MOST_TOKENS = 80


def sentences(text: str) -> list[str]:
    """The sentences of a text, without addresses and links; a Chinese clause is one too."""
    # NFKC makes full-width letters and signs plain ones; the text is cut first, as it may grow.
    plain = unicodedata.normalize("NFKC", text[:_MOST_LETTERS]).replace("’", "'")
    found = (part.strip() for part in _END.split(_NO_WORD.sub(" ", plain)))
    return [part for part in found if part][:_MOST_SENTENCES]


def clauses(text: str) -> list[str]:
    """Its sentences, those with "and" or "but" between two wishes cut there."""
    return [clause for sentence in sentences(text) for clause in _cut(sentence)]


def _cut(sentence: str) -> Iterator[str]:
    start = 0
    for joint in _JOINT.finditer(sentence):
        before, after = sentence[start : joint.start()], sentence[joint.end() :]
        if min(len(before.split()), len(after.split())) >= _CLAUSE_WORDS:
            yield before
            start = joint.end()
    yield sentence[start:]


def tokens(sentence: str) -> tuple[str, ...]:
    """Its words in lower case, each Chinese character one."""
    return tuple(_TOKEN.findall(sentence.casefold())[:_MOST_TOKENS])


@lru_cache(maxsize=20_000)
def stem(token: str, language: str) -> str:
    """What a word has in common with its other forms, folded."""
    name = _STEMMERS.get(language)
    if name is None or len(token) < 3 or not token.isalpha():
        return fold(token)
    stemmed = fold(str(_stemmer(name).stemWord(token)))
    return _UMLAUT.sub(r"\1", stemmed) if language == "de" else stemmed


@lru_cache(maxsize=20_000)
def fold(token: str) -> str:
    """A word without its accents, which people often leave out."""
    if token.isascii() or is_cjk(token):
        return token
    return "".join(char for char in unicodedata.normalize("NFD", token) if not unicodedata.combining(char))


@lru_cache(maxsize=20)
def _stemmer(name: str) -> Any:
    return snowballstemmer.stemmer(name)


def is_cjk(word: str) -> bool:
    """Whether a word is a character of a script without blanks."""
    return len(word) == 1 and word > "\u3000"


def placed(text: str) -> list[tuple[int, int, str]]:
    """The words of a text as `tokens` gives them, each with its begin and end in the text as it was written."""
    beginnings: list[int] = []
    folded: list[str] = []
    for place, char in enumerate(text[:_MOST_LETTERS].replace("’", "'")):
        # A letter may become two, as ß does.
        plain = char.casefold()
        folded.append(plain)
        beginnings += [place] * len(plain)
    return [
        (beginnings[word.start()], beginnings[word.end() - 1] + 1, word[0]) for word in _TOKEN.finditer("".join(folded))
    ]
