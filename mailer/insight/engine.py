"""The two indexes under search: FTS5 on SQLite, tsvector with GIN on PostgreSQL. Both hold the same terms.

Terms are letters, digits and the few signs of `entry`, none of which means anything inside the quotes of either engine.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, text
from sqlmodel import Session

from mailer.insight.query import Clause, or_all

# On PostgreSQL every entry also bears the number of its block; a question asks block by block, the newest first,
# until it has enough, so that a word of every mail costs no more than a rare one.
_BLOCK_BITS = 12
_BLOCKS = (1, 4, 16, 64)
LOWEST, HIGHEST = -(2**31), 2**31 - 1
# What an index cannot answer is asked of so many mails, the newest that it gives.
ASKED_CLOSELY = 5_000


def put(session: Session, keys: Sequence[int], terms: Sequence[Sequence[str]]) -> None:
    """Let the mails of these keys be found by these terms. None of the keys is there."""
    if not keys:
        return
    connection = session.connection()
    if not _is_sqlite(session):
        vectors = [{"key": key, "terms": _vector(key, one)} for key, one in zip(keys, terms, strict=True)]
        connection.execute(_PUT_POSTGRES, vectors)
        return
    words = [{"key": key, "terms": " ".join(one)} for key, one in zip(keys, terms, strict=True)]
    connection.execute(_PUT_SQLITE, words)
    packed = [{"key": one["key"], "packed": zlib.compress(str(one["terms"]).encode(), 6)} for one in words]
    connection.execute(_PACK_SQLITE, packed)


def forget(session: Session, keys: Sequence[int]) -> None:
    """Let the mails of these keys be found no more, those of them that could be."""
    connection = session.connection()
    if not _is_sqlite(session):
        connection.execute(_FORGET_POSTGRES, {"keys": list(keys)})
        return
    known = connection.execute(_UNPACK_SQLITE, {"keys": list(keys)}).all()
    if known:
        words = [{"key": key, "terms": zlib.decompress(packed).decode()} for key, packed in known]
        connection.execute(_FORGET_SQLITE, words)


def forget_all(session: Session) -> None:
    """Empty the index."""
    if _is_sqlite(session):
        session.connection().execute(text("INSERT INTO search_terms (search_terms) VALUES ('delete-all')"))
        session.connection().execute(text("DELETE FROM search_terms_packed"))
    else:
        session.connection().execute(text("TRUNCATE search_terms"))


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
) -> tuple[list[int], bool]:
    """The keys between `low` and `high` for which every clause holds, the highest first, so many at most.

    And whether all were asked: PostgreSQL looks for words in a row in the newest mails only that have all of them.
    """
    asked = or_all(list(clauses))
    if _is_sqlite(session):
        facts = {"match": _match(asked), "low": low, "high": high, "limit": limit}
        return list(session.connection().execute(_FIND_SQLITE, facts).scalars()), True
    return _find_postgres(session, asked, low, high, limit)


def find_each(
    session: Session, clauses: Sequence[Clause], spans: Sequence[tuple[int, int]], *, limit: int
) -> list[tuple[list[int], bool]]:
    """As `find`, for each of these spans of keys.

    A beginning of words costs FTS5 as much in a short span as in all of them, so it is asked once for all, and again
    only for a span of which it may not have told everything.
    """
    if not _is_sqlite(session):
        return [find(session, clauses, low=low, high=high, limit=limit) for low, high in spans]
    bottom, top = min(low for low, _ in spans), max(high for _, high in spans)
    keys, _ = find(session, clauses, low=bottom, high=top, limit=limit)
    told_down_to = bottom if len(keys) < limit else keys[-1]
    found = []
    for low, high in spans:
        here = [key for key in keys if low <= key <= high]
        is_whole = told_down_to <= low or len(here) >= limit
        found.append((here, True) if is_whole else find(session, clauses, low=low, high=high, limit=limit))
    return found


def find_among(session: Session, clauses: Sequence[Clause], keys: Sequence[int]) -> list[int]:
    """Of these few keys those for which every clause holds, the highest first."""
    if not keys:
        return []
    asked = or_all(list(clauses))
    if _is_sqlite(session):
        facts = {"match": _match(asked), "low": min(keys), "high": max(keys)}
        statement = _AMONG_SQLITE
    else:
        facts, statement = {"match": _tsquery(asked)}, _AMONG_POSTGRES
    return list(session.connection().execute(statement, {**facts, "keys": list(keys)}).scalars())


_CHANGES = text("SELECT total_changes()")
_PUT_SQLITE = text("INSERT INTO search_terms (rowid, terms) VALUES (:key, :terms)")
_PACK_SQLITE = text("INSERT INTO search_terms_packed (entry_id, packed) VALUES (:key, :packed)")
_UNPACK_SQLITE = text("DELETE FROM search_terms_packed WHERE entry_id IN :keys RETURNING entry_id, packed").bindparams(
    bindparam("keys", expanding=True)
)
_FORGET_SQLITE = text("INSERT INTO search_terms (search_terms, rowid, terms) VALUES ('delete', :key, :terms)")
_FIND_SQLITE = text(
    "SELECT rowid FROM search_terms WHERE search_terms MATCH :match AND rowid BETWEEN :low AND :high"
    " ORDER BY rowid DESC LIMIT :limit"
)
_PUT_POSTGRES = text("INSERT INTO search_terms (entry_id, terms) VALUES (:key, CAST(:terms AS tsvector))")
_FORGET_POSTGRES = text("DELETE FROM search_terms WHERE entry_id IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_ENDS_POSTGRES = text("SELECT min(entry_id), max(entry_id) FROM search_terms WHERE entry_id BETWEEN :low AND :high")
# Materialised, so that the plan does not walk the keys instead.
_FIND_POSTGRES = text(
    "WITH found AS MATERIALIZED (SELECT entry_id FROM search_terms WHERE terms @@ CAST(:match AS tsquery))"
    " SELECT entry_id FROM found WHERE entry_id BETWEEN :low AND :high ORDER BY entry_id DESC LIMIT :limit"
)
_AMONG_SQLITE = text(
    "SELECT rowid FROM search_terms WHERE search_terms MATCH :match AND rowid BETWEEN :low AND :high"
    # The sign keeps FTS5 from answering the whole question for each key.
    " AND +rowid IN :keys ORDER BY rowid DESC"
).bindparams(bindparam("keys", expanding=True))
_AMONG_POSTGRES = text(
    "SELECT entry_id FROM search_terms WHERE entry_id = ANY (:keys) AND terms @@ CAST(:match AS tsquery)"
    " ORDER BY entry_id DESC"
)


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


def _find_postgres(
    session: Session, asked: Sequence[Clause], low: int, high: int, limit: int
) -> tuple[list[int], bool]:
    first, last = session.connection().execute(_ENDS_POSTGRES, {"low": low, "high": high}).one()
    if first is None:
        return [], True
    # GIN knows which terms a mail has, and not where: words in a row are looked for in the mails themselves.
    in_a_row = any(len(clause.terms) > 1 for clause in asked)
    budget, found = (ASKED_CLOSELY if in_a_row else limit), list[int]()
    for words, bottom, top in _windows(first, last):
        match = f"({_tsquery(_loosened(asked))}){words}"
        facts = {"match": match, "low": bottom, "high": top, "limit": budget if in_a_row else limit - len(found)}
        keys = list(session.connection().execute(_FIND_POSTGRES, facts).scalars())
        budget -= len(keys)
        found += find_among(session, asked, keys) if in_a_row else keys
        if len(found) >= limit or (in_a_row and budget <= 0):
            return found[:limit], len(found) >= limit
    return found, True


def _loosened(asked: Sequence[Clause]) -> list[Clause]:
    """What GIN alone can say of these clauses: all of their terms, in any sequence."""
    single = [clause for clause in asked if len(clause.terms) == 1]
    rows = [clause for clause in asked if len(clause.terms) > 1 and not clause.is_not]
    parts = [Clause((term,)) for clause in rows for term in clause.terms[:-1]]
    return or_all([*single, *parts, *(Clause(clause.terms[-1:], clause.begins) for clause in rows)])


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
