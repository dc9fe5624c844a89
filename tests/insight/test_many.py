"""The benchmark's mails and questions in small: each kind is answered as a plain comparison answers it."""

from datetime import UTC

from sqlmodel import Session, select

from benchmarks.search import build, fill, questions
from mailer.db import Database
from mailer.insight.entry import entry_terms
from mailer.insight.index import _letter
from mailer.insight.query import parse
from mailer.insight.search import find, search
from mailer.model import Classification, Conversation, Message
from tests.insight.test_engine import holds

MAILS = 2_000


def test_every_kind_of_question_is_answered(db: Database) -> None:
    fill(db, MAILS)
    build(db)
    entries = db.read_here(all_terms)
    for _, asked in questions(MAILS, count=54):
        answer = db.read_here(search, asked, typing=True)
        assert answer.waiting == 0
        query = parse(asked, UTC, typing=True)
        if query.states is None and not query.orders and query.since is None and query.until is None:
            found, _ = db.read_here(find, query, limit=MAILS)
            wanted = {number for number, terms in entries.items() if all(holds(one, terms) for one in query.clauses)}
            assert {one.number for one in found} == wanted, asked
            assert bool(answer.hits) is bool(wanted)


def all_terms(session: Session) -> dict[int, list[str]]:
    judged = {one.message_id: one for one in session.exec(select(Classification))}
    language = {one.id: one.language for one in session.exec(select(Conversation))}
    return {
        mail.id or 0: entry_terms(_letter((), mail, judged.get(mail.id or 0), language[mail.conversation_id]))
        for mail in session.exec(select(Message))
    }
