"""The draft on the page of one conversation: its text, what speaks against it, and what people typed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Agent, Delivery, Draft, DraftState, Message, Order
from mailer.rendering.catalog import Catalog
from mailer.rendering.fact import Change, said
from mailer.rendering.tone import Finding, lint
from mailer.replies.case import newest_mail
from mailer.replies.difference import Kind, Piece, pieces
from mailer.replies.queue import Item
from mailer.replies.refresh import changed_templates
from mailer.replies.seen import News, news_of
from mailer.replies.versions import Version, history
from mailer.signing import digest
from mailer.web.console.chips import Run, chips, runs
from mailer.web.console.words import fact_name


@dataclass(frozen=True)
class Changed:
    """A fact for reading, before and now."""

    name: str
    then: str
    now: str


@dataclass(frozen=True)
class Before:
    """The draft that stood on this person's screen until something changed."""

    draft_id: int
    reason: str
    facts: list[Changed]
    pieces: list[Piece]


@dataclass(frozen=True)
class DraftSight:
    """All that `item_draft.html` shows of the draft and of the own reply."""

    draft: Draft | None
    # Changes when anything here does: the page asks again with it.
    print: str
    # The newest mail of the customer on this page; 0 for none.
    newest: int = 0
    author: str = ""
    news: News = field(default_factory=News)
    changed: list[Changed] = field(default_factory=list)
    before: Before | None = None
    runs: list[Run] = field(default_factory=list)
    chips: list[Run] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    difference: list[Piece] = field(default_factory=list)
    differs: bool = False
    versions: Sequence[Version] = ()
    # What somebody typed on top of the draft, or as an own reply, and did not save.
    unsaved: Version | None = None
    unsaved_own: Version | None = None

    @property
    def base(self) -> int:
        """The number of the newest version; 0 while there is none."""
        return self.versions[0].number if self.versions else 0

    @property
    def may_approve(self) -> bool:
        """Whether nothing speaks against approving what stands here."""
        return not (self.news or self.before or self.gaps)

    @property
    def language(self) -> str:
        """The language of the text, as in the `lang` of an element."""
        return self.draft.locale or "" if self.draft else ""


def part_of(session: Session, found: Item, catalog: Catalog, *, now: datetime, shown: int | None = None) -> DraftSight:
    """The draft of one item; `shown` is the draft that stood on the screen before."""
    talk, draft = found.conversation, found.draft
    pending = draft if draft is not None and draft.state is DraftState.PENDING else None
    versions, seal = history(session, talk.id or 0), print_of(session, talk.id or 0, catalog, now=now)
    own, mail = _unsaved(versions, None, ""), newest_mail(session, talk.id or 0)
    newest = mail.id or 0 if mail else 0
    if pending is None:
        return DraftSight(None, seal, newest, versions=versions, unsaved_own=own)
    news, text = news_of(session, pending, catalog, now=now), runs(pending)
    author = session.get(Agent, pending.written_by) if pending.written_by else None
    difference = pieces(pending.drafted, pending.text) if pending.drafted else []
    return DraftSight(
        draft=pending,
        print=seal,
        newest=newest,
        author=author.name if author else "",
        news=news,
        changed=[_readable(change) for change in news.facts],
        before=_before(session, pending, shown),
        runs=text,
        chips=chips(text),
        gaps=list(dict.fromkeys(run.text for run in text if run.is_gap)),
        findings=lint(pending.text, pending.locale or talk.language or "en"),
        difference=difference,
        differs=any(piece.kind is not Kind.SAME for piece in difference),
        versions=versions,
        unsaved=_unsaved(versions, pending.id, pending.text),
        unsaved_own=own,
    )


def print_of(session: Session, conversation_id: int, catalog: Catalog, *, now: datetime) -> str:
    """Names what a page about this draft shows, for a few cheap questions. Raises NotFound."""
    drafts = select(Draft).where(Draft.conversation_id == conversation_id).order_by(col(Draft.id).desc())
    draft, newest = session.exec(drafts.limit(1)).first(), newest_mail(session, conversation_id)
    ways = _ways(session, conversation_id, now)
    if draft is None:
        return digest(repr((newest.id if newest else 0, ways)).encode())[:16]
    order = session.get(Order, draft.order_id) if draft.order_id else None
    until = draft.rests_on.get("until")
    seen = (
        draft.id,
        draft.version,
        draft.state,
        newest.id if newest else 0,
        order.recorded_at if order else None,
        order.email if order else None,
        changed_templates(catalog, draft.made_from),
        until is not None and datetime.fromisoformat(until) <= now,
        ways,
    )
    return digest(repr(seen).encode())[:16]


def _ways(session: Session, conversation_id: int, now: datetime) -> list[tuple[int, str, bool]]:
    """How the answers of a conversation stand, and whether each can still be taken back."""
    wanted = (
        select(Delivery)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(Message.conversation_id == conversation_id)
    )
    rows = session.exec(wanted.order_by(col(Delivery.id)))
    return [(one.id or 0, f"{one.state} {one.attempt}", bool(one.undo_until and one.undo_until > now)) for one in rows]


def _before(session: Session, draft: Draft, shown: int | None) -> Before | None:
    """What differs from the draft that the screen showed, if it showed another of this conversation."""
    if shown is None or shown == draft.id:
        return None
    old = session.get(Draft, shown)
    if old is None or old.conversation_id != draft.conversation_id:
        raise NotFound(f"draft {shown}: there is no such draft here")
    facts = [_readable(change) for change in _between(old, draft)]
    return Before(shown, old.reason, facts, pieces(old.text, draft.text))


def _between(old: Draft, new: Draft) -> list[Change]:
    then, now = ({path: one["value"] for path, one in draft.facts.items()} for draft in (old, new))
    paths = dict.fromkeys([*then, *now])
    return [Change(path, then.get(path), now.get(path)) for path in paths if then.get(path) != now.get(path)]


def _readable(change: Change) -> Changed:
    return Changed(fact_name(change.path), _in_words(said(change.then)), _in_words(said(change.now)))


def _in_words(value: str) -> str:
    """A state as people say it: `in transit`."""
    return value.replace("_", " ") if value.isascii() and value.replace("_", "").isalpha() else value


def _unsaved(versions: Sequence[Version], draft_id: int | None, text: str) -> Version | None:
    """The newest words, if they are of this text and nobody saved them."""
    newest = versions[0] if versions and versions[0].draft_id == draft_id else None
    return newest if newest and not newest.saved and newest.text.strip() != text.strip() else None
