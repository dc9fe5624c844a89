"""A declared incident: whom it concerns, what they are told, each by their own facts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Conversation, ConversationState, Disclosure, Draft, Message, TroubleKind
from mailer.rendering.catalog import Catalog
from mailer.rendering.renderer import Renderer
from mailer.replies.approve import approve, edit, undo, write_own
from mailer.replies.tell import NAME, check_text, concerned, fill, record, write_text
from mailer.replies.together import Kind, approve_green, begin, cards, drafts_of_trouble
from mailer.replies.troubles import declare, gathered, open_troubles, seen, settle_trouble, the_trouble
from tests.build import TEMPLATES, TERMS, Asked, agent, asked, customer_mail, pending

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RENDERER = Renderer(children=1)
TEXT = "Hello {{ customer.first_name }},\n\nDHL is late with {{ order.number }}. We look after it.\n"


def write(text: str, values: Mapping[str, object], language: str) -> str:
    return RENDERER.fill_here(Catalog(TEMPLATES), NAME, text, values, language)


@pytest.fixture
def cases(session: Session) -> list[Asked]:
    return [
        asked(session, NOW, number=f"#20{place}", sender=f"{name}@customer.test", id=f"20{place}")
        for place, name in enumerate(("ana", "bo", "cy"))
    ]


def dhl(
    session: Session, kind: TroubleKind = TroubleKind.CARRIER, subject: str = "dhl", since: date | None = None
) -> int:
    return declare(session, kind, subject, words="depot burnt", since=since, agent_id=agent(session, NOW), now=NOW)


@pytest.mark.parametrize(
    ("kind", "subject", "since", "count"),
    [
        (TroubleKind.CARRIER, "DHL", None, 3),
        (TroubleKind.CARRIER, "UPS", None, 0),
        (TroubleKind.COUNTRY, "pt", None, 3),
        (TroubleKind.COUNTRY, "DE", None, 0),
        (TroubleKind.PRODUCT, "linen", None, 3),
        (TroubleKind.PRODUCT, "100%", None, 0),
        (TroubleKind.WAREHOUSE, "Porto", None, 0),
        (TroubleKind.CARRIER, "DHL", date(2026, 11, 20), 0),
        (TroubleKind.CARRIER, "DHL", date(2026, 11, 10), 3),
    ],
)
def test_whom_it_concerns(
    session: Session, cases: list[Asked], kind: TroubleKind, subject: str, since: date | None, count: int
) -> None:
    number = dhl(session, kind, subject, since)
    found = seen(session, the_trouble(session, number))
    assert (found.orders, found.conversations) == (count, count)
    assert len(gathered(session, the_trouble(session, number))) == count


def test_what_is_no_cause_or_known_already_is_refused(session: Session) -> None:
    with pytest.raises(InputError):
        dhl(session, TroubleKind.COUNTRY, "Portugal")
    with pytest.raises(InputError):
        dhl(session, subject="  ")
    number = dhl(session)
    with pytest.raises(Conflict, match="declared already"):
        dhl(session, subject="DHL")
    settle_trouble(session, number, agent_id=1, now=NOW)
    session.flush()
    assert open_troubles(session) == []
    with pytest.raises(Conflict, match="settled already"):
        settle_trouble(session, number, agent_id=1, now=NOW)
    assert dhl(session, subject="DHL") != number
    with pytest.raises(NotFound):
        the_trouble(session, 99)


def tell(session: Session, number: int, texts: dict[str, str]) -> tuple[int, list[str]]:
    told = [fill(one, texts, TEMPLATES, write) for one in concerned(session, number, now=NOW)]
    written = record(session, number, told, agent_id=agent(session, NOW), now=NOW)
    session.flush()
    return written, [one.why_not for one in told if one.why_not]


def test_one_text_is_filled_for_each_and_approved_together(session: Session, cases: list[Asked]) -> None:
    number = dhl(session)
    write_text(session, number, "en", TEXT, TEMPLATES)
    assert tell(session, number, the_trouble(session, number).texts) == (3, [])
    ids = drafts_of_trouble(session, number, 10)
    shown = cards(session, ids, Kind("", number), Catalog(TEMPLATES), now=NOW)
    assert [card.draft.text for card in shown] == [
        f"Hello Anabel,\n\nDHL is late with #20{place}. We look after it.\n" for place in range(3)
    ]
    assert [card.why_not for card in shown] == [(), (), ()]
    assert approve_green(
        session,
        ids[0],
        version=1,
        kind=Kind("", number),
        together_id=begin(session, Kind("", number), ids, agent_id=cases[0].agent, now=NOW),
        catalog=Catalog(TEMPLATES),
        agent_id=cases[0].agent,
        terms=TERMS,
        now=NOW,
    )
    assert (
        seen(session, the_trouble(session, number)).drafted,
        seen(session, the_trouble(session, number)).approved,
    ) == (2, 1)
    # Written again, the ones that wait get the new words.
    assert tell(session, number, {"en": "Hello, it is over.\n"}) == (2, ["an answer is on its way there"])
    assert pending(session, cases[1].conversation).text == "Hello, it is over.\n"


def test_a_stranger_hears_nothing_of_the_order(session: Session, cases: list[Asked]) -> None:
    session.get_one(Message, cases[0].mail).senders = ["eve@elsewhere.test"]
    number = dhl(session)
    written, left = tell(session, number, {"en": TEXT})
    assert written == 2
    assert left == ["this sender may not hear of the order: order.number not known"]
    assert tell(session, number, {"en": "Hello,\n\nDHL is late.\n"})[0] == 3
    assert pending(session, cases[0].conversation).disclosure is Disclosure.NEUTRAL
    assert pending(session, cases[0].conversation).order_id is None


def test_other_languages_and_persons_words_are_left_alone(session: Session, cases: list[Asked]) -> None:
    session.get_one(Conversation, cases[0].conversation).language = "de-AT"
    write_own(session, cases[1].conversation, text="Mine", agent_id=cases[1].agent, now=NOW)
    number = dhl(session)
    written, left = tell(session, number, {"en": TEXT})
    assert written == 1
    assert left == ["there is no text in its language (de-AT)", "a person has written an answer there"]
    assert tell(session, number, {"en": TEXT, "de": "Hallo {{ customer.first_name or 'du' }}"})[0] == 2


def test_what_came_meanwhile_is_not_overwritten(session: Session, cases: list[Asked]) -> None:
    number = dhl(session)
    told = [fill(one, {"en": TEXT}, TEMPLATES, write) for one in concerned(session, number, now=NOW)]
    later = NOW + timedelta(minutes=1)
    customer_mail(session, later, sender="ana@customer.test", conversation=cases[0].conversation)
    assert record(session, number, told, agent_id=cases[0].agent, now=later) == 2
    assert session.get_one(Conversation, cases[0].conversation).state is ConversationState.NEEDS_ANSWER


def test_who_gets_an_answer_already_is_told_nothing_beside_it(session: Session, cases: list[Asked]) -> None:
    one = cases[0]
    sent = approve(session, one.draft, version=1, agent_id=one.agent, terms=TERMS, now=NOW)
    session.flush()
    number = dhl(session)
    assert tell(session, number, {"en": TEXT}) == (2, ["an answer is on its way there"])
    undo(session, sent, agent_id=one.agent, now=NOW)
    session.flush()
    assert tell(session, number, {"en": TEXT}) == (3, [])


def test_what_a_person_changed_in_one_of_them_stays(session: Session, cases: list[Asked]) -> None:
    number = dhl(session)
    assert tell(session, number, {"en": TEXT})[0] == 3
    draft = pending(session, cases[0].conversation)
    edit(session, draft.id or 0, version=1, text="Dear Ana, I looked.", agent_id=cases[0].agent, now=NOW)
    session.flush()
    assert tell(session, number, {"en": "Hello again.\n"}) == (2, ["a person has written an answer there"])
    assert pending(session, cases[0].conversation).text == "Dear Ana, I looked.\n"


def test_a_text_that_runs_away_is_stopped(session: Session, cases: list[Asked]) -> None:
    one = concerned(session, dhl(session), now=NOW)[0]
    for run in ("{{ 9 ** 9 ** 9 }}", "{{ 'a' * 900000000 }}"):
        assert fill(one, {"en": run}, TEMPLATES, write).why_not


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ order.nonsense }}", "line 1: there is no fact order.nonsense"),
        ("Hi\n{{ secret }}", "line 2: there is no fact secret"),
        ("{% if %}", "line 1"),
        ("x" * 20_001, "more than 20000"),
    ],
)
def test_a_text_reads_known_facts_only(session: Session, text: str, told: str) -> None:
    number = dhl(session)
    with pytest.raises(InputError, match=told):
        write_text(session, number, "en", text, TEMPLATES)
    assert the_trouble(session, number).texts == {}


def test_a_text_is_kept_changed_and_taken_out(session: Session) -> None:
    number = dhl(session)
    assert check_text(TEXT, TEMPLATES) == ("customer.first_name", "order.number")
    write_text(session, number, "en", TEXT, TEMPLATES)
    write_text(session, number, "de", "Hallo", TEMPLATES)
    write_text(session, number, "en", "  ", TEMPLATES)
    assert the_trouble(session, number).texts == {"de": "Hallo\n"}
    assert session.get(Draft, 1) is None
