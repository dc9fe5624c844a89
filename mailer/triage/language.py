"""Which language a mail is in: the script, then CLD2 for long text and the little words of each language for short."""

import re
import tomllib
from functools import cache
from importlib import resources

import pycld2

_SHORT = 80
_MOST = 4_000
# Of printable ASCII only: where words have no blanks between them, \S would take the whole sentence.
_NO_WORD = re.compile(
    r"https?://[!-~]+|www\.[!-~]+|[!-~]+@[!-~]+|[@#][A-Za-z0-9_]+|<[^<>]{1,300}>|&[a-z]{2,8};|[!-~]*[0-9][!-~]*"
)
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
# What CLD2 calls some of ours by; languages outside of both need long text to be believed.
_SAME = {"zh-Hant": "zh", "nn": "no", "nb": "no", "iw": "he", "gl": "es", "un": None}
_FOREIGN = 120
_ENOUGH = 5
# A character says more than a letter, and product names are written in letters; where no word is known, one is enough.
_AMONG, _ALONE = 3, 1_000
# Letters that few languages have; each counts as a word.
_OWN_LETTERS = {
    "es": "ñ",
    "de": "ß",
    "pt": "ãõ",
    "pl": "łąężźśń",
    "da": "øæ",
    "no": "øæ",
    "fr": "œêùî",
    "sv": "å",
    "ru": "ыэё",
}


def detect(subject: str, body: str, default: str | None = None) -> str | None:
    """The language of a mail as two letters; the body decides, a subject only where the body has no words."""
    for text in (body, f"{subject}\n{body}"):
        plain = _NO_WORD.sub(" ", text[:_MOST])
        if found := _by_script(plain, _AMONG) or _by_words(plain) or _by_script(plain, _ALONE):
            return found
    return default


def _by_script(text: str, among: int) -> str | None:
    """The language of a script that few languages share, when it has one of so many letters."""
    han, kana, hangul = (len(one.findall(text)) for one in (_HAN, _KANA, _HANGUL))
    others = sum(len(word) for word in _LETTERS.findall(text)) - han - kana - hangul
    if max(han + kana, hangul) * among < others:
        return None
    if hangul > han + kana:
        return "ko"
    if kana * 8 > han:
        return "ja" if kana else None
    return "zh" if han else None


def _by_words(text: str) -> str | None:
    words = [word.replace("’", "'") for word in _LETTERS.findall(text.lower())]
    if not words:
        return None
    letters = sum(map(len, words))
    votes = _votes(words)
    votes["es"] += text.count("¿") + text.count("¡")
    guess = _cld2(text)
    if guess == "no" and letters < _FOREIGN:
        # Too short to tell them apart; Danish is the one that we were asked for.
        guess = "da"
    if guess in votes:
        # What the library says is worth more the more letters it saw.
        votes[guess] += 0.5 + letters / _SHORT
    best = max(votes, key=lambda language: votes[language])
    others = max(value for language, value in votes.items() if language != best)
    if guess is not None and guess not in votes and letters >= _FOREIGN and votes[best] < letters / 40:
        return guess
    if votes[best] > others:
        return best
    return guess if guess in votes and letters >= _ENOUGH else None


def _votes(words: list[str]) -> dict[str, float]:
    """How many words each language claims; one that several claim counts for each of them a part."""
    votes = dict.fromkeys(_tongues(), 0.0)
    claims = _claims()
    for word in words[:60]:
        for language in claims.get(word, ()):
            votes[language] += 1 / len(claims[word])
    for language, letters in _OWN_LETTERS.items():
        votes[language] += sum(letter in "".join(words[:60]) for letter in letters)
    return votes


def _cld2(text: str) -> str | None:
    try:
        # The library wants valid UTF-8, without what control characters it calls no text.
        plain = "".join(char for char in text if char.isprintable() or char.isspace())
        _, _, found = pycld2.detect(plain.encode("utf-8", "ignore"), isPlainText=True, bestEffort=True)
    except (pycld2.error, ValueError):
        return None
    code = str(found[0][1])
    return _SAME.get(code, code)


@cache
def _tongues() -> dict[str, frozenset[str]]:
    file = resources.files("mailer.triage").joinpath("words", "tongues.toml")
    return {language: frozenset(text.split()) for language, text in tomllib.loads(file.read_text("utf-8")).items()}


@cache
def _claims() -> dict[str, tuple[str, ...]]:
    """Word to the languages that have it."""
    claims: dict[str, tuple[str, ...]] = {}
    for language, words in _tongues().items():
        for word in words:
            claims[word] = (*claims.get(word, ()), language)
    return claims
