"""Two texts beside each other: who gets which never changes, what each mail was made from stands in its row."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Comparison,
    Enrollment,
    FlowStep,
    Measure,
    Rating,
    StepOutcome,
    Stream,
    Suppression,
    SuppressionCause,
    TemplateState,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.comparison import comparisons, end_comparison, figures, measures, start_comparison
from mailer.rendering.interval import Arm
from mailer.rendering.published import Challenger, Published
from mailer.rendering.revision import published_revision, roll_back
from mailer.rendering.shelf import in_service
from mailer.replies.approve import approve, reject
from mailer.replies.case import waiting_cases
from mailer.replies.draft import propose, record
from tests import build
from tests.rendering.revisions import NAME, drafted, published, verdict

CATALOG = Catalog(build.TEMPLATES)
MAIL = CATALOG.text(NAME) + "The other words.\n"
SURVEY = "lifecycle/satisfaction_survey.en.html"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def begun(
    session: Session, now: datetime, text: str = MAIL, name: str = NAME, share: int = 50, measure: str = "no_recontact"
) -> Comparison:
    draft = drafted(session, text, now, CATALOG, name)
    return start_comparison(
        session,
        draft.id or 0,
        sha256=draft.sha256,
        verdict=verdict(session, draft.text),
        share=share,
        measure=Measure(measure),
        catalog=CATALOG,
        agent_id=draft.author_id,
        now=now,
    )


@pytest.mark.parametrize("share", [1, 20, 50])
def test_a_share_of_the_subjects_gets_the_challenger_always_the_same(share: int) -> None:
    one = Challenger(7, "text", share)
    subjects = [f"conversation:{number}" for number in range(4_000)]
    given = [one.gets(build.KEYS, subject) for subject in subjects]
    assert sum(given) / len(given) == pytest.approx(share / 100, abs=0.025)
    assert given == [one.gets(build.KEYS, subject) for subject in subjects]
    # Another comparison deals anew.
    assert given != [Challenger(8, "text", share).gets(build.KEYS, subject) for subject in subjects]


def test_without_keys_everybody_gets_what_is_in_service() -> None:
    both = Published({NAME: "a"}, {NAME: Challenger(1, "b", 50)})
    assert both.chosen(None, "x").texts[NAME] == "a"
    assert {both.chosen(build.KEYS, f"x:{number}").texts[NAME] for number in range(50)} == {"a", "b"}


def test_it_is_refused_when_it_makes_no_sense(session: Session, now: datetime) -> None:
    with pytest.raises(InputError, match="1 to 50"):
        begun(session, now, share=80)
    with pytest.raises(InputError, match="cannot be counted"):
        begun(session, now, measure="rated")
    with pytest.raises(InputError, match="nothing in service"):
        begun(session, now, name="replies/brand_new.en.md")
    with pytest.raises(InputError, match="is the text in service"):
        begun(session, now, text=CATALOG.text(NAME))
    assert measures("kit.html") == ()
    begun(session, now)
    with pytest.raises(Conflict, match="being compared"):
        begun(session, now)
    with pytest.raises(Conflict, match="being compared"):
        published(session, MAIL, now, CATALOG)
    with pytest.raises(Conflict, match="being compared"):
        roll_back(session, NAME, to_number=None, verdict=None, catalog=CATALOG, agent_id=1, now=now)


def test_drafts_are_made_from_either_and_none_is_stale_for_it(session: Session, now: datetime) -> None:
    comparison = begun(session, now)
    live = Catalog(build.TEMPLATES, in_service(session).published)
    talks = []
    for number in range(12):
        order = build.shop_order(session, now, name=f"#{number}", id=str(number), email=f"c{number}@customer.test")
        mail = build.customer_mail(session, now, sender=f"c{number}@customer.test", order=order)
        talks.append(mail.conversation_id)
    cases = waiting_cases(session, 50, build.HOUSE, now=now)
    record(session, [propose(case, live, build.HOUSE) for case in cases], build.HOUSE, now=now)
    made = [build.pending(session, talk) for talk in talks]
    hashes = {draft.made_from[NAME] for draft in made}
    assert hashes == {comparison.control_sha256, comparison.challenger_sha256}
    for draft in made:
        assert live.is_current(NAME, draft.made_from[NAME])
        assert ("The other words." in draft.text) == (draft.made_from[NAME] == comparison.challenger_sha256)
    person = build.agent(session, now)
    comparison.measure = Measure.APPROVED_UNCHANGED
    for draft in made:
        decide = (draft.id or 0, person)
        if draft.made_from[NAME] == comparison.challenger_sha256:
            approve(session, decide[0], version=1, agent_id=person, terms=build.TERMS, now=now)
        else:
            reject(session, decide[0], version=1, agent_id=person, reason="tone", now=now)
    count = sum(draft.made_from[NAME] == comparison.challenger_sha256 for draft in made)
    found = figures(session, comparison, now=now + HOUR)
    assert (found.challenger, found.control) == (Arm(count, count), Arm(0, 12 - count))
    end_comparison(session, comparison.id or 0, winner="challenger", agent_id=person, now=now + HOUR)
    after = Catalog(build.TEMPLATES, in_service(session).published)
    assert after.is_current(NAME, comparison.challenger_sha256)
    assert not after.is_current(NAME, comparison.control_sha256)
    assert comparison.result["challenger"] == {"had": count, "of": count}


@pytest.mark.parametrize(("winner", "state"), [("challenger", "published"), ("control", "retired"), ("", "retired")])
def test_it_ends_once_with_a_winner_or_without(session: Session, now: datetime, winner: str, state: str) -> None:
    comparison = begun(session, now)
    person = build.agent(session, now)
    done = end_comparison(session, comparison.id or 0, winner=winner, agent_id=person, now=now)  # type: ignore[arg-type]
    assert (done.winner, done.ended_by) == (winner, person)
    known = published_revision(session, NAME)
    assert (known is not None) == (winner == "challenger")
    revision = drafted(session, "x", now, CATALOG)
    assert revision.state == TemplateState.DRAFT
    assert in_service(session).published.challengers == {}
    assert [one.id for one in comparisons(session, NAME)] == [comparison.id]
    with pytest.raises(Conflict):
        end_comparison(session, comparison.id or 0, winner="", agent_id=person, now=now)
    with pytest.raises(NotFound):
        end_comparison(session, 99, winner="", agent_id=person, now=now)


@pytest.mark.parametrize(
    ("measure", "control", "challenger"),
    [("rated", Arm(1, 2), Arm(1, 1)), ("answered_no", Arm(1, 2), Arm(0, 1)), ("way_out", Arm(0, 2), Arm(1, 1))],
)
def test_mails_of_flows_are_counted_by_what_customers_did(
    session: Session, now: datetime, measure: str, control: Arm, challenger: Arm
) -> None:
    text = CATALOG.text(SURVEY) + "<p>More.</p>\n"
    comparison = begun(session, now, text, SURVEY, measure=measure)
    one, two = comparison.control_sha256, comparison.challenger_sha256
    for number, (sha256, value, left) in enumerate([(one, 1, False), (one, None, False), (two, 5, True)]):
        address = f"c{number}@customer.test"
        passage = Enrollment(
            key=f"survey:order:{number}",
            flow="survey",
            subject_kind="order",
            subject_id=number,
            address=address,
            anchor_at=now,
            entered_at=now,
            updated_at=now,
        )
        session.add(passage)
        session.flush()
        session.add(
            FlowStep(
                enrollment_id=passage.id or 0,
                step="ask",
                outcome=StepOutcome.QUEUED,
                made_from={SURVEY: sha256},
                decided_at=now,
                sent_at=now,
            )
        )
        if value is not None:
            session.add(
                Rating(
                    question="satisfaction",
                    subject_kind="order",
                    subject_id=number,
                    enrollment_id=passage.id,
                    address=address,
                    value=value,
                    rated_at=now,
                    changed_at=now,
                )
            )
        if left:
            cause = SuppressionCause.OPT_OUT
            session.add(Suppression(address=address, stream=Stream.FEEDBACK, cause=cause, since=now + HOUR))
    session.flush()
    assert figures(session, comparison, now=now + HOUR).control.of == 0
    found = figures(session, comparison, now=now + 4 * DAY)
    assert (found.control, found.challenger) == (control, challenger)
    assert not found.can_tell
