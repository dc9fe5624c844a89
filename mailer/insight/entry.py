"""What the index holds of a mail or note: its terms in sequence, those of its parts marked `subject:` and the like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailer.insight.words import LONGEST, at_most, terms, wholes

# Stands between the parts of a mail, so that no phrase reaches from one into the next.
BREAK = "|"
# Stands in every entry: what a question without words asks for.
ALL = "*"
SUBJECT, FROM, TO, LANGUAGE, INTENT = "s:", "f:", "t:", "l:", "i:"
OURS, THEIRS, NOTE = "d:out", "d:in", "d:note"
# The keys of notes begin here, those of mails end before; each kind is asked for by itself, so none hides the other.
NOTES = 2**30


def key_of(message_id: int, *, history: bool) -> int:
    """The place of a mail in the index, the newest highest: history is read newest first, below everything else."""
    return -message_id if history else message_id


def key_of_note(note_id: int) -> int:
    """The place of a colleague's note in the index, the newest highest."""
    return NOTES + note_id


@dataclass(frozen=True)
class Letter:
    """What is looked for in one mail, or in one note. `todos` are the rows that ask for it to be indexed."""

    # Of the mail, or of the note.
    number: int
    received_at: datetime
    todos: tuple[int, ...] = ()
    note: bool = False
    history: bool = False
    ours: bool = False
    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    # Everybody to whom it went, in To and Cc.
    to_addresses: str = ""
    text: str = ""
    language: str = ""
    intent: str = ""

    @property
    def key(self) -> int:
        """Its place in the index."""
        return key_of_note(self.number) if self.note else key_of(self.number, history=self.history)

    @property
    def side(self) -> str:
        """The term that says who speaks to whom."""
        return NOTE if self.note else OURS if self.ours else THEIRS


def entry_terms(letter: Letter) -> list[str]:
    """The terms of a mail or note."""
    people = f"{letter.from_name} {letter.from_address} {letter.to_addresses}"
    head = f"{letter.subject} {people}"
    found = [ALL, letter.side, *_labels(letter)]
    found += [*_part(SUBJECT, letter.subject), *_part(FROM, f"{letter.from_name} {letter.from_address}")]
    found += [*_part(TO, letter.to_addresses), *terms(letter.subject), BREAK, *terms(people), BREAK]
    found += [*wholes(f"{head} {letter.text}")[:500], BREAK, *terms(letter.text)]
    return at_most(found)


def label(mark: str, value: str) -> str | None:
    """The term of a language or intent; None for a name without letters."""
    name = re.sub(r"[^a-z0-9_-]", "", value.lower())[:LONGEST]
    return f"{mark}{name}" if name else None


def _labels(letter: Letter) -> Iterator[str]:
    languages = (letter.language, letter.language.partition("-")[0])
    found = [*(label(LANGUAGE, one) for one in languages), label(INTENT, letter.intent)]
    yield from dict.fromkeys(one for one in found if one)


def _part(mark: str, text: str) -> Iterator[str]:
    yield from (f"{mark}{term}" for term in (*terms(text), *wholes(text)))
    yield BREAK
