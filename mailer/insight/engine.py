"""The two indexes under search: FTS5 on SQLite, tsvector with GIN on PostgreSQL. Both hold the same terms.

Terms are letters, digits and the few signs of `entry`, none of which means anything inside the quotes of either engine.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, text
from sqlmodel import Session

from mailer.insight.query import Clause, or_all
from mailer.model import SearchEntry

# On PostgreSQL every entry also bears the number of its block; a question asks block by block, the newest first,
# until it has enough, so that a word of every mail costs no more than a rare one.
_BLOCK_BITS = 12
_BLOCKS = (1, 4, 16, 64)
LOWEST, HIGHEST = -(2**31), 2**31 - 1


def put(session: Session, entries: Sequence[tuple[int, int, datetime]], terms: Sequence[Sequence[str]]) -> None:
    """Let mails be found by these terms, for each its key, its message and when it came. None of the keys is there."""
    if not entries:
        return
    on_sqlite, connection = _is_sqlite(session), session.connection()
    words = [" ".join(one) for one in terms] if on_sqlite else []
    packed = [zlib.compress(one.encode(), 1) for one in words] or [b""] * len(entries)
    rows = [dict(zip(_ENTRY, (*entry, pack), strict=True)) for entry, pack in zip(entries, packed, strict=True)]
    connection.execute(insert(SearchEntry), rows)
    if on_sqlite:
        facts = [{"key": entry[0], "terms": one} for entry, one in zip(entries, words, strict=True)]
        connection.execute(_PUT_SQLITE, facts)
    else:
        vectors = [_vector(entry[0], one) for entry, one in zip(entries, terms, strict=True)]
        facts = [{"key": entry[0], "terms": one} for entry, one in zip(entries, vectors, strict=True)]
        connection.execute(_PUT_POSTGRES, facts)


def forget(session: Session, entries: Sequence[tuple[int, bytes]]) -> None:
    """Let the terms of these keys be found no more, each with what was packed of it."""
    if not entries:
        return
    if _is_sqlite(session):
        facts = [{"key": key, "terms": zlib.decompress(packed).decode()} for key, packed in entries]
        session.connection().execute(_FORGET_SQLITE, facts)
    else:
        session.connection().execute(_FORGET_POSTGRES, {"keys": [key for key, _ in entries]})


def forget_all(session: Session) -> None:
    """Empty the index."""
    everything = "INSERT INTO search_terms (search_terms) VALUES ('delete-all')"
    session.connection().execute(text(everything if _is_sqlite(session) else "TRUNCATE search_terms"))


def merge_some(session: Session, pages: int) -> bool:
    """Join some of FTS5's parts, so that a question reads fewer of them; whether more are left.

    A negative number begins to make one part of all, a positive one goes on with it.
    """
    connection = session.connection()
    before = connection.execute(_CHANGES).scalar_one()
    connection.execute(text("INSERT INTO search_terms (search_terms, rank) VALUES ('merge', :pages)"), {"pages": pages})
    # As FTS5 documents it: nothing was left to do when less than two rows changed.
    return int(connection.execute(_CHANGES).scalar_one()) - int(before) >= 2


def analyse(session: Session) -> None:
    """Work off what GIN put aside, and count words for the plans of questions."""
    session.connection().execute(text("SELECT gin_clean_pending_list('ix_search_terms_terms')"))
    session.connection().execute(text("ANALYZE search_terms"))


def find(
    session: Session, clauses: Sequence[Clause], *, low: int = LOWEST, high: int = HIGHEST, limit: int
) -> list[int]:
    """The keys between `low` and `high` for which every clause holds, the highest first, so many at most."""
    asked = or_all(list(clauses))
    if _is_sqlite(session):
        facts = {"match": _match(asked), "low": low, "high": high, "limit": limit}
        return list(session.connection().execute(_FIND_SQLITE, facts).scalars())
    return _find_postgres(session, _tsquery(asked), low, high, limit)


def find_among(session: Session, clauses: Sequence[Clause], keys: Sequence[int]) -> list[int]:
    """Of these few keys those for which every clause holds, the highest first."""
    asked = or_all(list(clauses))
    if _is_sqlite(session):
        statement, facts = _AMONG_SQLITE, {"match": _match(asked)}
    else:
        statement, facts = _AMONG_POSTGRES, {"match": _tsquery(asked)}
    return list(session.connection().execute(statement, {**facts, "keys": list(keys)}).scalars())


_ENTRY = ("id", "message_id", "received_at", "packed")
_CHANGES = text("SELECT total_changes()")
_PUT_SQLITE = text("INSERT INTO search_terms (rowid, terms) VALUES (:key, :terms)")
_FORGET_SQLITE = text("INSERT INTO search_terms (search_terms, rowid, terms) VALUES ('delete', :key, :terms)")
_FIND_SQLITE = text(
    "SELECT rowid FROM search_terms WHERE search_terms MATCH :match AND rowid BETWEEN :low AND :high"
    " ORDER BY rowid DESC LIMIT :limit"
)
_PUT_POSTGRES = text("INSERT INTO search_terms (entry_id, terms) VALUES (:key, CAST(:terms AS tsvector))")
_FORGET_POSTGRES = text("DELETE FROM search_terms WHERE entry_id IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
# Materialised, so that the plan does not walk the keys instead.
_FIND_POSTGRES = text(
    "WITH found AS MATERIALIZED (SELECT entry_id FROM search_terms WHERE terms @@ CAST(:match AS tsquery))"
    " SELECT entry_id FROM found WHERE entry_id BETWEEN :low AND :high ORDER BY entry_id DESC LIMIT :limit"
)
_AMONG_SQLITE = text(
    "SELECT rowid FROM search_terms WHERE search_terms MATCH :match AND rowid IN :keys ORDER BY rowid DESC"
).bindparams(bindparam("keys", expanding=True))
_AMONG_POSTGRES = text(
    "SELECT entry_id FROM search_terms WHERE entry_id IN :keys AND terms @@ CAST(:match AS tsquery)"
    " ORDER BY entry_id DESC"
).bindparams(bindparam("keys", expanding=True))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _match(clauses: Iterable[Clause]) -> str:
    """Clauses as FTS5 reads them; a string in double quotes is a phrase."""
    said: dict[bool, list[str]] = defaultdict(list)
    for clause in clauses:
        words = " ".join(clause.terms)
        said[clause.is_not].append(f'"{words}"' + " *" * clause.begins)
    return " NOT ".join([f"({' AND '.join(said[False])})", *said[True]])


def _tsquery(clauses: Iterable[Clause]) -> str:
    """Clauses as PostgreSQL reads them."""
    return " & ".join(_phrase(clause) for clause in clauses)


def _phrase(clause: Clause) -> str:
    said = [f"'{term}'" for term in clause.terms]
    said[-1] += ":*" * clause.begins
    return f"{'!' * clause.is_not}({' <-> '.join(said)})"


def _vector(key: int, terms: Sequence[str]) -> str:
    """Terms with their places, as the text of a tsvector."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, term in enumerate(terms, 1):
        places[term].append(str(place))
    places[_block(key >> _BLOCK_BITS)] = ["1"]
    return " ".join(f"'{term}':{','.join(at)}" for term, at in places.items())


def _block(number: int) -> str:
    return f"#{number}"


def _find_postgres(session: Session, asked: str, low: int, high: int, limit: int) -> list[int]:
    first, last = session.connection().execute(text("SELECT min(entry_id), max(entry_id) FROM search_terms")).one()
    if first is None:
        return []
    low, high = max(low, first), min(high, last)
    found: list[int] = []
    for words, bottom, top in _windows(low, high):
        facts = {"match": f"({asked}){words}", "low": bottom, "high": top, "limit": limit - len(found)}
        found += session.connection().execute(_FIND_POSTGRES, facts).scalars()
        if len(found) >= limit:
            break
    return found


def _windows(low: int, high: int) -> Iterable[tuple[str, int, int]]:
    """Ever wider spans of keys from the top down, each with the words that name its blocks; at last all the rest."""
    top = high
    for count in _BLOCKS:
        if top < low:
            return
        block = top >> _BLOCK_BITS
        numbers = range(block, block - count, -1)
        bottom = numbers[-1] << _BLOCK_BITS
        blocks = " | ".join(f"'{_block(number)}'" for number in numbers)
        yield f" & ({blocks})", max(bottom, low), top
        top = bottom - 1
    if top >= low:
        yield "", low, top
