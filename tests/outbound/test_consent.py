"""Consent: the newest word counts, a way out stops its stream and no order mail, and countries ask for more."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session, col, select

from mailer.config import ConsentConfig, Settings
from mailer.errors import InputError, NotFound
from mailer.model import Consent, Event, Stream, Suppression, SuppressionCause
from mailer.outbound.consent import (
    ConsentTerms,
    ConsentTold,
    has_consent,
    marketplace_forbids,
    may_write,
    opt_out,
    record_consent,
)
from mailer.outbound.suppress import lift, suppress, suppressed
from mailer.shop_config import Shop
from tests.conftest import NOW, EmptySqlite

ANA = "ana@customer.test"
TERMS = ConsentTerms()


def told(hours: int, basis: str = "opt_in", stream: str = "marketing", **others: object) -> ConsentTold:
    """What the shop tells of a moment so many hours from now."""
    values = {
        "key": f"shop:{hours}:{basis}:{stream}",
        "address": ANA,
        "stream": stream,
        "granted": basis != "withdrawn",
        "basis": basis,
        "source": "shop",
        "given_at": NOW + timedelta(hours=hours),
        "wording": "Yes, write to me",
    }
    return ConsentTold(**{**values, **others})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["transactional", "reply", "acknowledgement"])
def test_what_belongs_to_an_order_needs_no_consent(session: Session, kind: str) -> None:
    assert may_write(session, ANA, kind, "DE", TERMS) == ""


@pytest.mark.parametrize(
    ("country", "terms", "allowed"),
    [
        ("DE", TERMS, False),
        ("AT", TERMS, False),
        ("de", TERMS, False),
        ("FR", TERMS, True),
        (None, TERMS, True),
        (None, ConsentTerms(home="DE"), False),
        ("FR", ConsentTerms(home="DE"), True),
        ("FR", ConsentTerms(frozenset({"*"})), False),
        (None, ConsentTerms(frozenset({"*"})), False),
        ("DE", ConsentTerms(frozenset()), True),
    ],
)
def test_feedback_needs_consent_where_the_country_asks_for_it(
    session: Session, country: str | None, terms: ConsentTerms, allowed: bool
) -> None:
    reason = may_write(session, ANA, "feedback", country, terms)
    assert (reason == "") is allowed
    assert allowed or "never agreed to surveys" in reason


@pytest.mark.parametrize(
    ("basis", "stream", "feedback", "marketing"),
    [
        ("opt_in", "marketing", True, True),
        ("double_opt_in", "marketing", True, True),
        ("existing_customer", "marketing", True, False),
        ("opt_in", "feedback", True, False),
        ("existing_customer", "feedback", True, False),
        ("withdrawn", "feedback", False, False),
        ("withdrawn", "marketing", False, False),
    ],
)
def test_which_basis_allows_what(
    session: Session, now: datetime, basis: str, stream: str, feedback: bool, marketing: bool
) -> None:
    record_consent(session, told(-1, basis, stream), now=now)
    assert (may_write(session, ANA.upper(), "feedback", "DE", TERMS) == "") is feedback
    assert (may_write(session, ANA.upper(), "marketing", "DE", TERMS) == "") is marketing
    assert may_write(session, ANA, "transactional", "DE", TERMS) == ""


def test_who_was_asked_and_never_agreed_is_not_suppressed(session: Session, now: datetime) -> None:
    record_consent(session, told(0, "opt_in", granted=False), now=now)
    assert suppressed(session, ANA, "marketing") is None
    assert "never agreed" in may_write(session, ANA, "marketing", "FR", TERMS)
    assert not has_consent(session, ANA, Stream.MARKETING)


def test_the_same_telling_counts_once(session: Session, now: datetime) -> None:
    assert record_consent(session, told(0), now=now)
    assert not record_consent(session, told(0), now=now + timedelta(days=1))
    assert len(session.exec(select(Consent)).all()) == 1


def test_a_withdrawal_stops_the_stream_and_is_an_event(session: Session, now: datetime) -> None:
    record_consent(session, told(-2), now=now)
    record_consent(session, told(-1, "withdrawn"), now=now)
    assert may_write(session, ANA, "marketing", "FR", TERMS) == "they withdrew their consent; only they take that back"
    assert may_write(session, ANA, "feedback", "FR", TERMS) == ""
    event = session.exec(select(Event).where(Event.kind == "customer.opted_out")).one()
    assert (event.subject_kind, event.address, event.data) == ("customer", ANA, {"stream": "marketing"})
    assert event.occurred_at == now - timedelta(hours=1)


def test_who_opts_in_again_is_written_to_again(session: Session, now: datetime) -> None:
    opt_out(session, ANA, Stream.MARKETING, wording="stop", now=now)
    record_consent(session, told(1), now=now + timedelta(hours=2))
    assert may_write(session, ANA, "marketing", "FR", TERMS) == ""
    assert session.exec(select(Suppression)).one().lifted_because == "they agreed again by themselves"


def test_an_older_consent_that_comes_late_lifts_nothing(session: Session, now: datetime) -> None:
    opt_out(session, ANA, Stream.MARKETING, wording="stop", now=now)
    record_consent(session, told(-5), now=now + timedelta(hours=2))
    assert may_write(session, ANA, "marketing", "FR", TERMS) == "stop; only they take that back"


def test_an_older_withdrawal_that_comes_late_stops_nothing(session: Session, now: datetime) -> None:
    record_consent(session, told(0), now=now)
    record_consent(session, told(-5, "withdrawn"), now=now)
    assert may_write(session, ANA, "marketing", "FR", TERMS) == ""


def test_a_purchase_is_no_opt_in_that_lifts(session: Session, now: datetime) -> None:
    opt_out(session, ANA, Stream.FEEDBACK, wording="stop", now=now)
    record_consent(session, told(1, "existing_customer", "feedback"), now=now + timedelta(hours=2))
    assert "stop" in may_write(session, ANA, "feedback", "FR", TERMS)


def test_what_the_platform_has_on_file_takes_no_way_out_back(session: Session, now: datetime) -> None:
    opt_out(session, ANA, Stream.MARKETING, wording="stop", now=now)
    record_consent(session, told(24, anew=False), now=now + timedelta(days=2))
    assert may_write(session, ANA, "marketing", "FR", TERMS) == "stop; only they take that back"


def test_consent_does_not_lift_what_others_decided(session: Session, now: datetime) -> None:
    suppress(session, ANA, Stream.MARKETING, SuppressionCause.COMPLAINT, "called it spam", now=now)
    record_consent(session, told(1), now=now + timedelta(hours=2))
    assert "called it spam" in may_write(session, ANA, "marketing", "FR", TERMS)


@pytest.mark.parametrize(
    ("stream", "stopped"),
    [
        (Stream.FEEDBACK, {"feedback"}),
        (Stream.MARKETING, {"marketing"}),
        (Stream.ALL, {"feedback", "marketing"}),
    ],
)
def test_a_way_out_never_stops_order_mail(session: Session, now: datetime, stream: Stream, stopped: set[str]) -> None:
    assert opt_out(session, f" {ANA.upper()}", stream, wording="by the link", now=now)
    assert not opt_out(session, ANA, stream, wording="by the link", now=now)
    kinds = ["reply", "transactional", "feedback", "marketing"]
    assert {kind for kind in kinds if suppressed(session, ANA, kind)} == stopped
    streams = {event.data["stream"] for event in session.exec(select(Event))}
    assert streams == stopped
    assert all(not row.granted and row.basis == "withdrawn" for row in session.exec(select(Consent)))


def test_an_address_that_is_none_cannot_opt_out(session: Session, now: datetime) -> None:
    with pytest.raises(InputError, match="not a mail address"):
        opt_out(session, "nobody", Stream.MARKETING, wording="stop", now=now)


def test_who_goes_in_and_out_is_told_each_time(session: Session, now: datetime) -> None:
    for day in (0, 2, 4):
        opt_out(session, ANA, Stream.MARKETING, wording="stop", now=now + timedelta(days=day))
        record_consent(session, told(24 * day + 24), now=now + timedelta(days=day + 1))
    assert len(session.exec(select(Event)).all()) == 3
    assert may_write(session, ANA, "marketing", "FR", TERMS) == ""


def test_nothing_is_no_consent(session: Session, now: datetime) -> None:
    with pytest.raises(ValueError, match="is no consent"):
        record_consent(session, told(0, "guessed"), now=now)
    with pytest.raises(ValueError, match="is no consent"):
        record_consent(session, told(0, stream="all"), now=now)


def test_a_person_does_not_overrule_a_way_out_by_accident(session: Session, now: datetime) -> None:
    opt_out(session, ANA, Stream.MARKETING, wording="stop", now=now)
    with pytest.raises(NotFound, match="--they-asked"):
        lift(session, ANA, words="I want to", now=now)
    suppress(session, ANA, Stream.ALL, SuppressionCause.PERSON, "noted", now=now)
    assert lift(session, ANA, words="a mistake", now=now) == 1
    assert suppressed(session, ANA, "reply") is None
    assert lift(session, ANA, words="asked by phone", now=now, they_asked=True) == 1
    assert suppressed(session, ANA, "marketing") is None


@pytest.mark.parametrize(
    ("kind", "forbidden"),
    [("transactional", False), ("reply", False), ("feedback", True), ("marketing", True)],
)
def test_marketplaces_forbid_offers_and_reviews(kind: str, forbidden: bool) -> None:
    assert bool(marketplace_forbids(kind)) is forbidden


@settings(max_examples=15, deadline=None)
@given(st.permutations([(-4, "opt_in"), (-3, "withdrawn"), (-2, "double_opt_in"), (-1, "withdrawn"), (0, "opt_in")]))
def test_the_order_of_hearing_does_not_matter(empty_sqlite: EmptySqlite, order: list[tuple[int, str]]) -> None:
    """Shuffled, the newest word still decides what may be written."""
    with empty_sqlite() as db:
        for hours, basis in order:
            db.run_here(record_consent, told(hours, basis), now=NOW + timedelta(hours=1))
        newest = db.read_here(lambda session: session.exec(select(Consent).order_by(col(Consent.given_at))).all())[-1]
        assert newest.basis == "opt_in"
        assert db.read_here(may_write, ANA, "marketing", "FR", TERMS) == ""


def test_terms_come_from_the_config() -> None:
    told = Settings.model_construct(
        shop=Shop(name="Linen & Co", country="AT"),
        consent=ConsentConfig(feedback_needs_consent=("DE", "*")),
    )
    assert ConsentTerms.of(told) == ConsentTerms(frozenset({"DE", "*"}), home="AT")
    assert ConsentTerms.of(Settings.model_construct(shop=Shop(name="Linen & Co"), consent=ConsentConfig())) == TERMS


@pytest.mark.parametrize("country", ["EU", "UK", "Germany", "de"])
def test_a_country_is_two_capitals_or_all(country: str) -> None:
    with pytest.raises(ValidationError):
        ConsentConfig(feedback_needs_consent=(country,))
