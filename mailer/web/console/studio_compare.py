"""Two texts of one template, each for its share of the mails: begun from a draft, watched, and ended by a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict
from mailer.model import Comparison, Measure
from mailer.rendering.comparison import FEWER_IS_BETTER, comparisons, end_comparison, figures
from mailer.rendering.interval import Difference
from mailer.rendering.revision import find_revision
from mailer.web.console.forms import Id
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_look import Word
from mailer.web.desk import Here, Publisher, newest_templates
from mailer.web.languages import N_

router = APIRouter(dependencies=[Depends(newest_templates)])

MEASURES = {
    Measure.APPROVED_UNCHANGED: N_("drafts that were approved as they were written"),
    Measure.NO_RECONTACT: N_("customers who did not write again within 72 hours"),
    Measure.RATED: N_("customers who gave a rating or a review"),
    Measure.ANSWERED_NO: N_("customers who said that something is wrong"),
    Measure.WAY_OUT: N_("customers who unsubscribed"),
}


@dataclass(frozen=True)
class Compared:
    """One comparison with its figures, and what they tell."""

    comparison: Comparison
    figures: Difference

    @property
    def measure(self) -> str:
        """What is counted."""
        return MEASURES[self.comparison.measure]

    @property
    def better(self) -> str:
        """Which text is better: "new", "old", or "" while there is too little to tell."""
        if not self.figures.can_tell:
            return ""
        fewer = self.comparison.measure in FEWER_IS_BETTER
        return "new" if (self.figures.value < 0) is fewer else "old"


@router.post("/templates/compare/{revision_id}")
async def begin(
    request: Request,
    here: Here,
    person: Publisher,
    revision_id: Id,
    sha256: Word,
    measure: Annotated[Measure, Form()],
    share: Annotated[int, Form(ge=1, le=50)] = 50,
    confirm: Annotated[bool, Form()] = False,
) -> Response:
    """Let a share of the mails be made from this draft."""
    draft = await here.db.read(find_revision, revision_id)
    request.state.back = edit_address(draft.name)
    if here.settings.rendering.review and draft.author_id == person.agent_id:
        raise Conflict("Somebody else has to look at this text first ([rendering] review in config.toml).")
    bound = {"sha256": sha256, "share": share, "measure": measure, "confirm": confirm}
    await here.press.compare(revision_id, agent_id=person.agent_id, **bound)  # type: ignore[arg-type]
    return RedirectResponse(f"/templates/history/{draft.name}?done=compared", 303)


@router.post("/templates/comparisons/{comparison_id}/end")
async def end(
    here: Here,
    person: Publisher,
    comparison_id: Id,
    winner: Annotated[Literal["challenger", "control", ""], Form()] = "",
) -> Response:
    """One of the texts for everybody, or the old one as if nothing had been compared."""
    ended = await here.db.run(
        end_comparison, comparison_id, winner=winner, agent_id=person.agent_id, now=here.clock.now()
    )
    return RedirectResponse(f"/templates/history/{ended.name}?done=ended", 303)


def compared(session: Session, name: str, *, now: datetime) -> list[Compared]:
    """All comparisons of a template, the newest first."""
    return [Compared(one, figures(session, one, now=now)) for one in comparisons(session, name)]
