"""Many drafts approved in one go: only what is plainly alike and plainly right, each seen before, with one undo."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import Conflict, NotFound
from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Level,
    Message,
    Together,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.tone import lint
from mailer.replies.approve import Terms, approve, shown_gaps, undo
from mailer.replies.seen import news_of

# How many drafts are looked at when groups are offered.
_LOOKED_AT = 500
# A go can be taken back for seconds: more of them than these nobody has open.
_LATEST = 5
# What is told of a draft until its turn comes.
_NOT_REACHED = "it was broken off before this one"


@dataclass(frozen=True)
class Kind:
    """What the mails of one go have in common: a template, or the trouble that they tell of."""

    template: str = ""
    trouble_id: int | None = None

    @classmethod
    def of(cls, draft: Draft) -> "Kind":
        """The kind of one draft."""
        return cls("", draft.trouble_id) if draft.trouble_id else cls(draft.template or "")


@dataclass(frozen=True)
class Card:
    """One mail to look at: what was asked, what we answer, and why it does not go with others."""

    draft: Draft
    conversation: Conversation
    asked: str
    why_not: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """Drafts of one template of which nothing is known that speaks against sending them together."""

    template: str
    draft_ids: tuple[int, ...]


def offers(session: Session) -> list[Offer]:
    """What could be approved together now, the largest group first. News is only looked for when they are shown."""
    pending = (
        select(Draft)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(
            Draft.state == DraftState.PENDING,
            Conversation.state == ConversationState.DRAFTED,
            col(Conversation.snoozed_for).is_(None),
            col(Draft.template).is_not(None),
            col(Draft.written_by).is_(None),
            Draft.before == "",
        )
    )
    drafts = session.exec(pending.order_by(col(Draft.created_at)).limit(_LOOKED_AT)).all()
    answered = _answered(session, drafts)
    groups: dict[str, list[int]] = defaultdict(list)
    for draft in drafts:
        if not _against(draft, *answered.get(draft.id or 0, ((), ()))):
            groups[draft.template or ""].append(draft.id or 0)
    found = [Offer(template, tuple(ids)) for template, ids in groups.items() if len(ids) > 1]
    return sorted(found, key=lambda offer: -len(offer.draft_ids))


def cards(
    session: Session, draft_ids: Sequence[int], kind: Kind | None, catalog: Catalog, *, now: datetime
) -> list[Card]:
    """These drafts as they would be sent, each with what speaks against it; `kind` is what they must have in common."""
    rows = session.exec(
        select(Draft, Conversation)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(col(Draft.id).in_(draft_ids))
    ).all()
    by_id = {draft.id: (draft, talk) for draft, talk in rows}
    ordered = [by_id[number] for number in dict.fromkeys(draft_ids) if number in by_id]
    answered = _answered(session, [draft for draft, _ in ordered])
    found = []
    for draft, talk in ordered:
        mails, judged = answered.get(draft.id or 0, ((), ()))
        why = [*_against(draft, mails, judged), *_other_kind(draft, kind)]
        why += news_of(session, draft, catalog, now=now).words if draft.state is DraftState.PENDING else []
        asked = "\n\n".join(mail.own_words.strip() or mail.text.strip() for mail in mails)
        found.append(Card(draft, talk, asked, tuple(why)))
    return found


def drafts_of_trouble(session: Session, trouble_id: int, limit: int) -> list[int]:
    """The drafts that tell of a trouble and wait."""
    wanted = select(Draft.id).where(Draft.trouble_id == trouble_id, Draft.state == DraftState.PENDING)
    return [number or 0 for number in session.exec(wanted.order_by(col(Draft.id)).limit(limit))]


def begin(session: Session, kind: Kind, draft_ids: Sequence[int], *, agent_id: int, now: datetime) -> int:
    """Keep that a person begins one go of these drafts, before any is approved; the number by which it is taken back.

    Each approval enters itself there in its own transaction, so wherever the go breaks off, the common undo is of
    exactly those that were approved, and the others are told as not reached.
    """
    of_drafts = select(Draft.id, Draft.conversation_id).where(col(Draft.id).in_(draft_ids))
    talks = dict(session.exec(of_drafts).all())
    row = Together(
        agent_id=agent_id,
        template=kind.template,
        trouble_id=kind.trouble_id,
        refused=[{"conversation": talks.get(one, 0), "why": _NOT_REACHED} for one in dict.fromkeys(draft_ids)],
        approved_at=now,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def approve_green(
    session: Session,
    draft_id: int,
    *,
    version: int,
    kind: Kind,
    together_id: int,
    catalog: Catalog,
    agent_id: int,
    terms: Terms,
    now: datetime,
) -> int:
    """Approve one of a go, after everything was checked once more; the id of its Delivery.

    Raises Conflict with all that speaks against it, NotFound, and what `approve` raises.
    """
    row = _locked(session, together_id)
    if row.undone_at is not None:
        raise Conflict("all of it was taken back meanwhile")
    found = cards(session, [draft_id], kind, catalog, now=now)
    if not found:
        raise NotFound(f"there is no draft {draft_id}")
    if why := found[0].why_not:
        raise Conflict("; ".join(why))
    delivery = approve(session, draft_id, version=version, agent_id=agent_id, terms=terms, catalog=catalog, now=now)
    row.deliveries = [*row.deliveries, delivery]
    row.refused = _without(row.refused, found[0].conversation.id or 0)
    return delivery


def note_refused(session: Session, together_id: int, draft_id: int, why: str) -> None:
    """Keep why one of a go did not go."""
    row, draft = _locked(session, together_id), session.get(Draft, draft_id)
    talk = draft.conversation_id if draft else 0
    row.refused = [*_without(row.refused, talk), {"conversation": talk, "why": why}]


def may_be_undone(session: Session, agent_id: int, *, now: datetime) -> list[Together]:
    """What this person approved in one go and can still take back, the latest first."""
    latest = select(Together).where(Together.agent_id == agent_id, col(Together.undone_at).is_(None))
    rows = session.exec(latest.order_by(col(Together.id).desc()).limit(_LATEST)).all()
    wanted = [number for row in rows for number in row.deliveries]
    held = select(Delivery.id).where(
        col(Delivery.id).in_(wanted), Delivery.state == DeliveryState.UNDOABLE, col(Delivery.undo_until) > now
    )
    standing = set(session.exec(held))
    return [row for row in rows if not standing.isdisjoint(row.deliveries)]


def undo_together(session: Session, together_id: int, *, agent_id: int, now: datetime) -> int:
    """Take back whatever of one go can still be; how many mails. Raises NotFound, Conflict when it is too late."""
    row = _locked(session, together_id)
    count = sum(_taken_back(session, delivery, agent_id, now) for delivery in row.deliveries)
    if not count:
        raise Conflict("none of these mails can be taken back any more")
    row.undone_at = now
    return count


def _locked(session: Session, together_id: int) -> Together:
    """The row of one go, before anything that its mails lock: an undo and an approval never pass each other."""
    wanted = select(Together).where(Together.id == together_id).with_for_update()
    row = session.exec(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(f"there was no approval {together_id} of many mails")
    return row


def _without(refused: Sequence[dict[str, object]], talk: int) -> list[dict[str, object]]:
    """All but the word that this conversation was not reached."""
    return [one for one in refused if one != {"conversation": talk, "why": _NOT_REACHED}]


def _taken_back(session: Session, delivery_id: int, agent_id: int, now: datetime) -> bool:
    try:
        undo(session, delivery_id, agent_id=agent_id, now=now)
    except Conflict:
        return False
    return True


def _answered(
    session: Session, drafts: Iterable[Draft]
) -> Mapping[int, tuple[Sequence[Message], Sequence[Classification]]]:
    """The mails that each draft answers, and the judgements on them."""
    ids = [draft.id for draft in drafts]
    rows = session.exec(
        select(Message, Classification)
        .outerjoin(Classification, col(Classification.message_id) == Message.id)
        .where(col(Message.draft_id).in_(ids))
        .order_by(col(Message.id))
    ).all()
    mails: dict[int, list[Message]] = defaultdict(list)
    judged: dict[int, list[Classification]] = defaultdict(list)
    for mail, word in rows:
        mails[mail.draft_id or 0].append(mail)
        if word is not None:
            judged[mail.draft_id or 0].append(word)
    return {number: (found, judged[number]) for number, found in mails.items()}


def _against(draft: Draft, mails: Sequence[Message], judged: Sequence[Classification]) -> list[str]:
    """Every check that is not green, in words."""
    speaks = [
        (draft.state is not DraftState.PENDING, f"it is {draft.state.value}"),
        (any(mail.warnings for mail in mails), "look twice at the sender"),
        (bool(draft.before), "something must be done before"),
        (bool(shown_gaps(draft)), "something is missing in the text"),
        (draft.wanted_locale is not None, f"the customer writes in {draft.wanted_locale}"),
    ]
    if draft.trouble_id is None:
        speaks += [
            (not draft.template, "it is from no template"),
            (draft.written_by is not None, "a person wrote in it"),
            (not judged or len(judged) < len(mails), "a mail is not judged"),
            (any(_unsure(one) for one in judged), "it is not sure what the mail wants"),
            (bool(lint(draft.text, draft.locale or "en")), "its tone"),
        ]
    return [words for is_so, words in speaks if is_so]


def _unsure(judged: Classification) -> bool:
    levels = [Level(one["level"]) for one in judged.intents] or [judged.level]
    return any(level is not Level.HIGH for level in levels)


def _other_kind(draft: Draft, kind: Kind | None) -> list[str]:
    return ["it is from another template"] if kind is not None and Kind.of(draft) != kind else []
