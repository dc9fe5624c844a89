"""What changed since a draft was written, and that a person saw it: until then nobody approves the draft."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import Conflict
from mailer.model import Direction, Draft, Message, MessageState, SeenChange
from mailer.outbound.guard import ANOTHERS, fact_changes, is_anothers
from mailer.rendering.catalog import Catalog
from mailer.rendering.fact import Change
from mailer.rendering.facts import Subject, read_facts, rests_on
from mailer.replies.case import newest_mail
from mailer.replies.refresh import changed_templates
from mailer.signing import digest


@dataclass(frozen=True)
class News:
    """Everything that speaks against a draft as it stands."""

    # Mails of the customer that it does not answer, the newest last; a new draft is on its way.
    mails: tuple[Message, ...] = ()
    facts: tuple[Change, ...] = ()
    # Template files that read otherwise now.
    templates: tuple[str, ...] = ()
    anothers: bool = False

    def __bool__(self) -> bool:
        return bool(self.mails or self.facts or self.templates or self.anothers)

    @property
    def may_be_seen(self) -> bool:
        """Whether looking is enough: not for a mail that nobody answered, nor for an order of somebody else's."""
        return bool(self) and not self.mails and not self.anothers

    @property
    def words(self) -> list[str]:
        """Each change in words."""
        wrote = ["the customer wrote again"] if self.mails else []
        files = [f"the template changed: {name}" for name in self.templates]
        return [*wrote, *([ANOTHERS] if self.anothers else []), *map(str, self.facts), *files]

    @property
    def print(self) -> str:
        """Names exactly this news: who says to have seen it saw no other."""
        return digest("\n".join([*self.words, *(str(mail.id) for mail in self.mails)]).encode())[:16]


def news_of(session: Session, draft: Draft, catalog: Catalog | None, *, now: datetime) -> News:
    """What changed since this draft was written, or since somebody saw what had changed."""
    anothers = is_anothers(session, draft)
    return News(
        mails=_mails_since(session, draft),
        facts=() if anothers else tuple(fact_changes(session, draft, now=now)),
        templates=tuple(changed_templates(catalog, draft.made_from)) if catalog else (),
        anothers=anothers,
    )


def refuse_news(news: News) -> None:
    """Nobody agrees to what they could not know of. Raises Conflict with what changed."""
    if news.mails:
        raise Conflict("the customer wrote again; read the newer mail first, a new draft is on its way")
    if news.anothers or news.facts:
        changed = [ANOTHERS] if news.anothers else [str(change) for change in news.facts]
        raise Conflict(f"the facts changed since this was written: {'; '.join(changed)}; look at the text again")
    if news.templates:
        raise Conflict(f"the template changed since this was written: {', '.join(news.templates)}; look at it again")


def refuse_unseen_mail(session: Session, conversation_id: int, seen: int | None) -> None:
    """Nobody answers or puts aside a mail that came after the newest one on their page. Raises Conflict."""
    newest = newest_mail(session, conversation_id)
    if seen is not None and newest is not None and (newest.id or 0) > seen:
        raise Conflict("the customer wrote again; look at the newer mail first")


def rest_on_now(session: Session, draft: Draft, *, now: datetime) -> None:
    """From now on the draft stands on the facts as they are."""
    if not draft.rests_on:
        return
    subject, paths = Subject.of(draft.rests_on), draft.rests_on["paths"]
    known = read_facts(session, subject, now=now)
    facts = known.relevant(paths)
    draft.facts, draft.fingerprint, draft.rests_on = facts.stored(), facts.fingerprint, rests_on(subject, paths, known)


def note_seen(session: Session, draft: Draft, news: News, catalog: Catalog, *, agent_id: int, now: datetime) -> None:
    """Somebody saw this news and keeps the text: it counts as written now, under a new version."""
    session.add(
        SeenChange(draft_id=draft.id or 0, version=draft.version, agent_id=agent_id, changes=news.words, seen_at=now)
    )
    rest_on_now(session, draft, now=now)
    # Of two texts that are compared it stays the one that it was made from.
    draft.made_from = {
        name: was if catalog.is_current(name, was) else catalog.sha256(name) for name, was in draft.made_from.items()
    }
    draft.template_hash = draft.made_from.get(draft.template or "")
    draft.version += 1
    draft.updated_at = now


def _mails_since(session: Session, draft: Draft) -> tuple[Message, ...]:
    newer = select(Message).where(
        Message.conversation_id == draft.conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
        col(Message.id) > draft.answers_id,
    )
    return tuple(session.exec(newer.order_by(col(Message.id))))
