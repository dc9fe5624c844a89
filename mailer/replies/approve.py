"""What a person decides on a draft: approve, undo, edit, reject, or write their own words.

Every decision names the version that was on the screen. A draft that a newer mail or changed facts overtook is not
approved: nothing is written, and the words say what changed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.config import Settings
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Approval,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Dismissal,
    Draft,
    DraftState,
    Fault,
    Message,
    SeenChange,
    SentCopy,
)
from mailer.offers.compensation import OfferTerms, grant
from mailer.outbound.compose import Attached, Letter, Within, compose, reply_subject
from mailer.outbound.outbox import Outgoing, enqueue
from mailer.rendering import attachment, files
from mailer.rendering.attachment import MOST_IN_A_MAIL, refuse_unfit, within
from mailer.rendering.catalog import Catalog
from mailer.rendering.fact import Facts
from mailer.rendering.image import named_in
from mailer.rendering.marked import moved, of_stored
from mailer.rendering.picture import hashes_in, said_plainly
from mailer.rendering.render import to_html
from mailer.replies.case import newest_mail
from mailer.replies.difference import similarity
from mailer.replies.draft import answered_by, retire_pending
from mailer.replies.seen import news_of, note_seen, refuse_news, refuse_unseen_mail, rest_on_now
from mailer.replies.unresolved import Gap, gaps
from mailer.replies.versions import LONGEST_TEXT, note_saved
from mailer.signing import Keys, digest


@dataclass(frozen=True)
class Terms:
    """Who writes, how long a decision can be taken back, and how long we try."""

    sender_address: str
    sender_name: str
    undo: timedelta
    give_up_after: timedelta
    keys: Keys
    # Whether a copy is to be put among the sent mails, as the provider keeps none.
    sent_copy: bool = False
    # What notes a compensation that a reply offers; without it none is noted.
    offers: OfferTerms | None = None
    # Where customers reach us; without it pictures go within the mail.
    public_url: str = ""
    # How many bytes of files go within one mail.
    most_attached: int = MOST_IN_A_MAIL

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As config.toml says."""
        sender, outbound = settings.sender, settings.outbound
        copy = outbound.sent_copy != "none"
        offers = OfferTerms.of(settings, keys)
        carried = (settings.web.public_url, settings.rendering.largest_files)
        undo, give_up_after = settings.replies.undo, outbound.give_up_after
        return cls(sender.address, sender.name, undo, give_up_after, keys, copy, offers, *carried)


def approve(
    session: Session,
    draft_id: int,
    *,
    version: int,
    agent_id: int,
    terms: Terms,
    now: datetime,
    done: bool = False,
    catalog: Catalog | None = None,
) -> int:
    """Agree to the version that was shown; the id of its Delivery, which can be undone for a while.

    Raises Conflict when it is not pending, has another version, or a newer mail, changed facts or another edition of
    its templates overtook it; InputError while something is missing in the text, or must be `done` before.
    """
    draft, conversation = _pending(session, draft_id, version)
    refuse_news(news_of(session, draft, catalog, now=now))
    if conversation.state == ConversationState.NEEDS_ANSWER:
        # As after a correction: otherwise a second answer would be written beside the one that leaves.
        raise Conflict("a new draft is on its way; this one is not sent any more")
    _refuse_unready(session, draft, terms, done=done)
    _note_what_it_offers(session, draft, terms, now)
    approval = Approval(draft_id=draft_id, version=version, agent_id=agent_id, approved_at=now)
    approval.similarity = similarity(draft.drafted, draft.text) if draft.drafted else None
    session.add(approval)
    session.flush()
    mail = _outgoing(session, draft, conversation, approval, terms, now)
    approval.sha256 = digest(mail.raw)
    delivery = enqueue(session, conversation, mail, now=now)
    if terms.sent_copy:
        session.get_one(Message, delivery.message_id).sent_copy = SentCopy.WANTED
    draft.state, draft.updated_at = DraftState.APPROVED, now
    conversation.wake()
    return delivery.id or 0


def delivery_of(session: Session, draft_id: int, *, version: int, agent_id: int) -> int | None:
    """The delivery by which this very decision of this person stands already; None when it does not."""
    stands = select(Approval.id).where(
        Approval.draft_id == draft_id,
        Approval.version == version,
        Approval.agent_id == agent_id,
        col(Approval.undone_at).is_(None),
    )
    draft = session.get(Draft, draft_id)
    if draft is None or draft.state != DraftState.APPROVED or session.exec(stands).first() is None:
        return None
    newest = select(Delivery.id).where(Delivery.draft_id == draft_id).order_by(col(Delivery.id).desc())
    return session.exec(newest.limit(1)).first()


def undo(session: Session, delivery_id: int, *, agent_id: int, now: datetime) -> int:
    """Take an approval back in time; the id of its draft, pending again unless a newer mail or answer overtook it.

    Raises Conflict when it is too late.
    """
    taken_back = session.exec(
        update(Delivery)
        .where(
            col(Delivery.id) == delivery_id,
            col(Delivery.state) == DeliveryState.UNDOABLE,
            col(Delivery.undo_until) > now,
        )
        .values(state=DeliveryState.CANCELED, settled_at=now, reason=f"agent {agent_id} took it back")
    )
    if not taken_back.rowcount:
        raise Conflict(f"delivery {delivery_id} can no longer be taken back")
    delivery = session.get_one(Delivery, delivery_id)
    draft = session.get_one(Draft, delivery.draft_id)
    session.exec(
        update(Approval)
        .where(col(Approval.draft_id) == draft.id, col(Approval.undone_at).is_(None))
        .values(undone_at=now)
    )
    _locked(session, draft.conversation_id)
    draft.updated_at = now
    overtaken_by = "a newer mail came" if _overtaken(session, draft) else _later_answer(session, draft)
    draft.state = DraftState.STALE if overtaken_by else DraftState.PENDING
    draft.reason = overtaken_by
    return draft.id or 0


def edit(session: Session, draft_id: int, *, version: int, text: str, agent_id: int, now: datetime) -> int:
    """Replace the text of a pending draft; its new version. Raises Conflict, and InputError for no text.

    The person answers for the facts as they are now: a change that came before this edit no longer stops approval.
    What must be done before the text is true (`before`) stays as it was.
    """
    draft, _ = _pending(session, draft_id, version)
    before, draft.text = draft.text, _checked(text)
    rest_on_now(session, draft, now=now)
    note_saved(session, draft, before=before, agent_id=agent_id, now=now)
    draft.version += 1
    draft.written_by = agent_id
    draft.updated_at = now
    return draft.version


def reject(
    session: Session,
    draft_id: int,
    *,
    version: int,
    agent_id: int,
    reason: str,
    fault: Fault | None = None,
    now: datetime,
) -> None:
    """Do not send this draft; a person is to write. Raises Conflict."""
    draft, conversation = _pending(session, draft_id, version)
    why = ": ".join(part for part in (fault.value.replace("_", " ") if fault else "", reason) if part)
    draft.state, draft.reason, draft.updated_at = DraftState.DISMISSED, why, now
    session.add(
        Dismissal(
            draft_id=draft_id,
            agent_id=agent_id,
            fault=fault,
            reason=reason,
            reason_before=conversation.reason,
            dismissed_at=now,
        )
    )
    rejected = f"the draft was rejected: {why}" if why else "the draft was rejected"
    conversation.wake()
    conversation.state = ConversationState.NEEDS_PERSON
    conversation.reason = f"{rejected}; {conversation.reason}" if conversation.reason else rejected
    conversation.updated_at = now


def write_own(
    session: Session, conversation_id: int, *, text: str, agent_id: int, now: datetime, newest: int | None = None
) -> int:
    """A draft in a person's own words, to be approved like any other; its id. Raises InputError, NotFound, Conflict.

    `newest` is the newest mail that its author had before them.
    """
    conversation = _locked(session, conversation_id)
    refuse_unseen_mail(session, conversation_id, newest)
    answered = newest_mail(session, conversation_id)
    if answered is None or not answered.from_address:
        raise Conflict("there is no address in this conversation that could be answered")
    retire_pending(session, conversation_id, f"agent {agent_id} wrote their own", now=now)
    draft = Draft(
        conversation_id=conversation_id,
        answers_id=answered.id or 0,
        text=_checked(text),
        recipient=answered.from_address,
        recipient_name=answered.from_name,
        fingerprint=Facts().fingerprint,
        written_by=agent_id,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    session.flush()
    note_saved(session, draft, before="", agent_id=agent_id, now=now)
    answered_by(session, draft)
    conversation.state, conversation.reason, conversation.updated_at = ConversationState.DRAFTED, "", now
    conversation.wake()
    return draft.id or 0


def _pending(session: Session, draft_id: int, version: int) -> tuple[Draft, Conversation]:
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise NotFound(f"there is no draft {draft_id}")
    # The conversation first, as receiving and drafting lock it first too.
    conversation = _locked(session, draft.conversation_id)
    session.refresh(draft, with_for_update=True)
    if draft.state != DraftState.PENDING:
        raise Conflict(f"draft {draft_id} is {draft.state.value}{f': {draft.reason}' if draft.reason else ''}")
    if draft.version != version:
        raise Conflict(f"draft {draft_id} was edited: you saw version {version}, it is version {draft.version} now")
    return draft, conversation


def _locked(session: Session, conversation_id: int) -> Conversation:
    wanted = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.exec(wanted).first()
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    return conversation


def see(
    session: Session, draft_id: int, *, version: int, print: str, agent_id: int, catalog: Catalog, now: datetime
) -> None:
    """Note that a person saw what changed since a draft was written, and keeps its text.

    Raises Conflict when something else changed than they saw, or when looking is not enough.
    """
    draft, _ = _pending(session, draft_id, version)
    news = news_of(session, draft, catalog, now=now)
    if news and news.print != print:
        raise Conflict("something else changed meanwhile; look again")
    if news and not news.may_be_seen:
        refuse_news(news)
    if news:
        note_seen(session, draft, news, catalog, agent_id=agent_id, now=now)


def see_another(session: Session, draft_id: int, *, version: int, instead: int, agent_id: int, now: datetime) -> None:
    """Note that a person saw which draft took the place of the one that they had before them. Raises Conflict."""
    draft, _ = _pending(session, draft_id, version)
    old = session.get(Draft, instead)
    if old is None or old.conversation_id != draft.conversation_id:
        raise NotFound(f"there is no draft {instead} here")
    words = [f"draft {instead} was drafted anew: {old.reason}"]
    session.add(SeenChange(draft_id=draft_id, version=version, agent_id=agent_id, changes=words, seen_at=now))


def shown_gaps(draft: Draft) -> list[Gap]:
    """What is still missing in the text of a draft."""
    return gaps(draft.text, moved(of_stored(draft.marks), draft.drafted or draft.text, draft.text))


def _refuse_unready(session: Session, draft: Draft, terms: Terms, *, done: bool) -> None:
    if hashes_in(draft.text) - named_in(session, draft.text, "").keys():
        raise InputError("reply", ["it names a picture that is not there; take it out of the text first"])
    refuse_unfit("reply", draft.text, files.named_in(session, draft.text, terms.public_url), terms.most_attached)
    if missing := shown_gaps(draft):
        words = ", ".join(dict.fromkeys(gap.words for gap in missing))
        raise InputError("reply", [f"something is missing in the text: {words}; fill it in first"])
    if draft.before and not done:
        raise InputError("reply", ["say that this is done first: " + " ".join(draft.before.splitlines())])


def _note_what_it_offers(session: Session, draft: Draft, terms: Terms, now: datetime) -> None:
    """Enter the compensation that stands in the text in the ledger; a person may have taken it out."""
    offer = draft.facts.get("compensation.offer")
    words = str(offer["value"] if isinstance(offer, dict) else offer)
    if terms.offers is None or draft.order_id is None or offer is None or words not in draft.text:
        return
    if grant(session, draft.order_id, draft.recipient, terms=terms.offers, now=now) is None:
        raise Conflict("what it offers for the delay cannot be given any more; look at the text again")


def _overtaken(session: Session, draft: Draft) -> bool:
    newest = newest_mail(session, draft.conversation_id)
    return newest is not None and newest.id != draft.answers_id


def _later_answer(session: Session, draft: Draft) -> str:
    """A word on the answer that took this draft's place; none when it is still the newest."""
    later = select(Draft.id).where(
        Draft.conversation_id == draft.conversation_id,
        col(Draft.id) > draft.id,
        col(Draft.state).in_([DraftState.PENDING, DraftState.APPROVED]),
    )
    return "another answer took its place" if session.exec(later.limit(1)).first() is not None else ""


def _outgoing(
    session: Session, draft: Draft, conversation: Conversation, approval: Approval, terms: Terms, now: datetime
) -> Outgoing:
    key = f"draft-{draft.id}-approval-{approval.id}"
    letter = letter_of(session, draft, conversation, key, terms, now=now)
    undo_until = now + terms.undo
    return Outgoing(
        key=key,
        message_id=letter.message_id,
        raw=compose(letter),
        recipient=draft.recipient,
        subject=reply_subject(letter.subject),
        text=letter.text,
        in_reply_to=letter.in_reply_to,
        draft_id=draft.id or 0,
        undo_until=undo_until,
        expires_at=undo_until + terms.give_up_after,
    )


def letter_of(
    session: Session, draft: Draft, conversation: Conversation, key: str, terms: Terms, *, now: datetime
) -> Letter:
    """A draft as it goes out; its Message-ID comes from the key."""
    answered = session.get_one(Message, draft.answers_id)
    pictures = named_in(session, draft.text, terms.public_url)
    carried = files.named_in(session, draft.text, terms.public_url)
    return Letter(
        message_id=terms.keys.message_id(key, terms.sender_address.rpartition("@")[2]),
        sender_address=terms.sender_address,
        sender_name=terms.sender_name,
        recipient=draft.recipient,
        recipient_name=draft.recipient_name,
        subject=answered.subject or conversation.subject,
        text=attachment.said_plainly(said_plainly(draft.text, pictures), carried),
        html=to_html(draft.text, pictures, carried),
        pictures=[Within(one.cid, one.mime, one.data) for one in pictures.values() if one.inline],
        files=[Attached(*one) for one in within(draft.text, carried)],
        in_reply_to=answered.internet_message_id,
        reference_ids=answered.reference_ids or ([answered.in_reply_to] if answered.in_reply_to else []),
        written_at=now,
    )


def _checked(text: str) -> str:
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise InputError("reply", ["there is no text"])
    if len(body) > LONGEST_TEXT:
        raise InputError("reply", [f"the text has more than {LONGEST_TEXT} characters"])
    return body + "\n"
