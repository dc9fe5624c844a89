"""The tray of what did not arrive: what lies in it, why, and what can be done."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.errors import Conflict
from mailer.model import Attempt, ConversationState, Delivery, DeliveryState, DraftState
from mailer.outbound.intervene import give_up, retry
from mailer.outbound.outcome import Cause, Refused, Unknown
from mailer.outbound.settle import settle
from mailer.outbound.tray import Way, tray, tray_count, tray_counts, ways
from mailer.replies.again import draft_again
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
REFUSED = Refused("550 5.1.1 no such user", 550, Cause.NO_SUCH_ADDRESS)


def failed(session: Session) -> tuple[build.Asked, int]:
    case, delivery_id = build.approved(session, NOW)
    session.add(
        Attempt(
            delivery_id=delivery_id,
            number=1,
            owner="w",
            started_at=NOW,
            outcome="refused",
            cause="no_such_address",
            server_words="550 5.1.1 no such user",
        )
    )
    settle(session, build.delivery(session, delivery_id), REFUSED, now=NOW)
    session.flush()
    return case, delivery_id


def test_a_refused_reply_lies_there_with_its_cause_in_words(session: Session) -> None:
    _, delivery_id = failed(session)
    (entry,) = tray(session)
    assert (entry.delivery.id, entry.cause) == (delivery_id, "There is no such address.")
    assert (entry.remedy, entry.server_words) == ("ask the customer for another one", "550 5.1.1 no such user")
    assert ways(entry.delivery) == (Way.RETRY, Way.EDIT, Way.GIVE_UP)
    assert tray_count(session) == 1
    assert tray_counts(session, [DeliveryState.FAILED, DeliveryState.HELD]) == {"failed": 1, "held": 0}


def test_given_up_it_leaves_the_tray_and_stays_listed(session: Session) -> None:
    _, delivery_id = failed(session)
    give_up(session, delivery_id, agent="maria", now=NOW)
    session.flush()
    assert tray(session) == []
    (entry,) = tray(session, state=DeliveryState.FAILED)
    assert (entry.delivery.given_up_by, ways(entry.delivery)) == ("maria", (Way.RETRY, Way.EDIT))
    with pytest.raises(Conflict, match="ended badly"):
        give_up(session, delivery_id, agent="maria", now=NOW)
    retry(session, delivery_id, agent="maria", give_up_after=timedelta(hours=1), now=NOW)
    assert build.delivery(session, delivery_id).given_up_at is None


def test_written_anew_it_is_a_draft_of_the_person_and_out_of_the_tray(session: Session) -> None:
    case, delivery_id = failed(session)
    assert draft_again(session, delivery_id, agent_id=case.agent, now=NOW) == case.conversation
    draft = build.pending(session, case.conversation)
    first = build.drafts(session, case.conversation)[0]
    assert (draft.text, draft.written_by, draft.state) == (first.text, case.agent, DraftState.PENDING)
    assert build.conversation_of(session, case.conversation).state is ConversationState.DRAFTED
    assert tray(session) == []
    assert build.approve_again(session, case, NOW) != delivery_id


def test_an_unknown_one_waits_for_a_word(session: Session) -> None:
    case, delivery_id = build.approved(session, NOW)
    settle(session, build.delivery(session, delivery_id), Unknown("silence"), now=NOW)
    session.flush()
    (entry,) = tray(session)
    assert ways(entry.delivery) == (Way.DECIDE,)
    with pytest.raises(Conflict, match="written anew"):
        draft_again(session, delivery_id, agent_id=case.agent, now=NOW)


@pytest.mark.parametrize(
    ("kind", "state", "there"),
    [
        ("transactional", DeliveryState.FAILED, True),
        ("marketing", DeliveryState.BOUNCED, True),
        ("marketing", DeliveryState.WITHHELD, False),
        ("test", DeliveryState.FAILED, False),
        ("transactional", DeliveryState.SENT, False),
    ],
)
def test_of_flows_what_was_lost(session: Session, kind: str, state: DeliveryState, there: bool) -> None:
    _, delivery_id = build.approved(session, NOW)
    row = build.delivery(session, delivery_id)
    row.kind, row.state = kind, state
    session.flush()
    assert bool(tray(session)) is there


def test_without_consent_nobody_sends_anyway() -> None:
    held = Delivery(
        key="k", message_id=1, recipient="a@b.c", state=DeliveryState.HELD, queued_at=NOW, next_attempt_at=NOW
    )
    assert Way.ANYWAY in ways(held)
    held.kind = "marketing"
    assert Way.ANYWAY not in ways(held)
