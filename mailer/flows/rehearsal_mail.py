"""The mail that a simulation speaks of: of a real order with what is known of it today, of any other with samples."""

from datetime import datetime

from sqlmodel import Session

from mailer.errors import NotFound
from mailer.flows.definition import Flow
from mailer.flows.looked_at import with_sample_coupon
from mailer.flows.mail import Sheet, read_sheets
from mailer.flows.past import Past
from mailer.flows.situation import read_passages
from mailer.flows.terms import Terms
from mailer.model import Enrollment
from mailer.rendering.catalog import LIFECYCLE, Catalog
from mailer.rendering.context import flatten
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import LifecycleMail, render_lifecycle


def sheet_of(session: Session, past: Past, flow: Flow, step_id: str, terms: Terms, *, now: datetime) -> Sheet:
    """What the mail of this step would be written from for this order. Raises NotFound for a step that is none."""
    subject = next((one.subject_id for one in past.events if one.subject_kind == flow.trigger.per), None)
    entered = past.begins_at
    given = past.candidate.model_dump(exclude={"id"}) | {"flow": flow.id, "step": step_id, "key": f"{flow.id}:order:0"}
    one = Enrollment(**given)
    one.subject_kind, one.subject_id, one.anchor_at, one.entered_at = flow.trigger.per, subject or 0, entered, entered
    passages = read_passages(session, [one], {flow.id: flow}, terms, now=now)
    if not passages:
        raise NotFound(f"the flow {flow.id} has no step {step_id}")
    [sheet] = read_sheets(session, passages, terms, now=now)
    return with_sample_coupon(sheet)


def sample_mail(catalog: Catalog, mail: str, language: str) -> LifecycleMail:
    """A mail with the samples of its own template. Raises NotFound, InputError, MissingFacts."""
    locales = list(dict.fromkeys((language, "en")))
    template = catalog.find(f"{LIFECYCLE}{mail}", locales, "main")
    # Samples of the template's own speak its language.
    told = {**SAMPLES, **flatten(template.optional), **flatten(template.needs)}
    links = {path.removeprefix("links."): str(url) for path, url in told.items() if path.startswith("links.")}
    facts = {path: value for path, value in told.items() if not path.startswith("links.")}
    return render_lifecycle(catalog, mail, facts, links, locales=locales)
