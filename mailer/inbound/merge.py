"""Two conversations that are one matter, or one that is two: a person joins or parts them, and can take it back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Draft,
    DraftState,
    Message,
    MessageState,
    Regrouping,
    ReplyClock,
)

_ON_ITS_WAY = (DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.HANDING_OVER)


def merge(session: Session, conversation_id: int, *, into: int, agent_id: int | None, now: datetime) -> int:
    """Move all mails of a conversation into another; the number under which it can be undone.

    Raises NotFound, and Conflict when both are the same, it was merged already, or an answer is just leaving.
    """
    if conversation_id == into:
        raise Conflict("a conversation cannot be merged into itself")
    source, target = _locked(session, conversation_id), _locked(session, into)
    moved = _messages(session, source)
    if not moved:
        raise Conflict(f"conversation {conversation_id} has no mails; it may be merged already")
    waits = source.state is not ConversationState.CLOSED and source.state is not ConversationState.WAITING
    made = _regroup(session, "merge", source, target, moved, agent_id, now)
    _join_clocks(session, source, target, now)
    _set(source, ConversationState.CLOSED, f"merged into conversation {into}", now)
    target.order_id = target.order_id or source.order_id
    if waits:
        _set(target, ConversationState.NEEDS_ANSWER, "", now)
    return made


def split(
    session: Session, conversation_id: int, *, messages: Sequence[int], agent_id: int | None, now: datetime
) -> int:
    """Move these mails into a conversation of their own; the number under which it can be undone.

    Raises NotFound, InputError when they are not of this conversation or all of it, and Conflict as `merge`.
    """
    source = _locked(session, conversation_id)
    here = {message.id: message for message in _messages(session, source)}
    wanted = [here[number] for number in dict.fromkeys(messages) if number in here]
    problems = [
        f"message {number} is not in conversation {conversation_id}" for number in messages if number not in here
    ]
    if not wanted or len(wanted) == len(here):
        problems.append("choose some of the mails, not none and not all")
    if problems:
        raise InputError(f"conversation {conversation_id}", problems)
    target = _like(session, source, wanted[0], now)
    made = _regroup(session, "split", source, target, wanted, agent_id, now)
    _clocks_follow(session, source, wanted, target, now)
    asks = any(message.direction is Direction.IN and _of_person(message) for message in wanted)
    _set(target, ConversationState.NEEDS_ANSWER if asks else ConversationState.CLOSED, "" if asks else "split off", now)
    rest = [message for message in here.values() if message not in wanted and _of_person(message)]
    if source.state is ConversationState.DRAFTED and any(one.direction is Direction.IN for one in rest):
        _set(source, ConversationState.NEEDS_ANSWER, "", now)
    return made


def undo(session: Session, regrouping_id: int, *, now: datetime) -> int:
    """Move the mails back; the conversation in which they are again. Raises NotFound, Conflict when it was undone."""
    made = session.exec(select(Regrouping).where(Regrouping.id == regrouping_id).with_for_update()).first()
    if made is None:
        raise NotFound(f"there is no merge or split {regrouping_id}")
    if made.undone_at is not None:
        raise Conflict(f"{made.kind} {regrouping_id} is undone already")
    source, target = _locked(session, made.source_id), _locked(session, made.target_id)
    moved = [message for message in _messages(session, target) if message.id in made.message_ids]
    if len(moved) != len(made.message_ids):
        raise Conflict("some of these mails were moved on; undo the newer merge or split first")
    newer = max((message.id or 0 for message in _messages(session, target)), default=0) > max(made.message_ids)
    _move(session, moved, target, source, f"{made.kind} {regrouping_id} was undone", now)
    _clocks_follow(session, target, moved, source, now)
    for one in (source, target):
        _run_again(session, one, made.made_at)
    _restore(session, source, made.before[str(source.id)], now)
    if made.kind == "split":
        _set(target, ConversationState.CLOSED, f"its mails are in conversation {source.id} again", now)
    elif not newer:
        _restore(session, target, made.before[str(target.id)], now)
    made.undone_at = now
    return source.id or 0


def regroupings(session: Session, conversation_id: int) -> list[Regrouping]:
    """The merges and splits of a conversation that can be undone, the newest first."""
    here = (col(Regrouping.source_id) == conversation_id) | (col(Regrouping.target_id) == conversation_id)
    open_ones = select(Regrouping).where(here, col(Regrouping.undone_at).is_(None))
    return list(session.exec(open_ones.order_by(col(Regrouping.id).desc())))


def _regroup(
    session: Session,
    kind: str,
    source: Conversation,
    target: Conversation,
    messages: Sequence[Message],
    agent_id: int | None,
    now: datetime,
) -> int:
    made = Regrouping(
        kind=kind,
        source_id=source.id or 0,
        target_id=target.id or 0,
        message_ids=[message.id or 0 for message in messages],
        before={str(one.id): [one.state.value, one.reason, one.order_id] for one in (source, target)},
        agent_id=agent_id,
        made_at=now,
    )
    _move(session, messages, source, target, f"the conversation was changed ({kind})", now)
    session.add(made)
    session.flush()
    return made.id or 0


def _move(
    session: Session, messages: Sequence[Message], source: Conversation, target: Conversation, why: str, now: datetime
) -> None:
    for conversation in (source, target):
        _refuse_if_leaving(session, conversation)
        # A draft answers what stood there when it was written.
        session.exec(
            update(Draft)
            .where(col(Draft.conversation_id) == conversation.id, col(Draft.state) == DraftState.PENDING)
            .values(state=DraftState.STALE, reason=why, updated_at=now)
        )
    for message in messages:
        message.conversation_id = target.id or 0
    session.flush()


def _refuse_if_leaving(session: Session, conversation: Conversation) -> None:
    leaving = (
        select(Delivery.id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(Message.conversation_id == conversation.id, col(Delivery.state).in_(_ON_ITS_WAY))
    )
    if session.exec(leaving.limit(1)).first() is not None:
        raise Conflict(f"an answer of conversation {conversation.id} is on its way; wait until it has left, or undo it")


def _join_clocks(session: Session, source: Conversation, target: Conversation, now: datetime) -> None:
    """All clocks of the source run in the target; of two of one kind the one that breaks first."""
    for clock in _clocks(session, source):
        _hand_over(session, clock, target, now)


def _clocks_follow(
    session: Session, source: Conversation, messages: Sequence[Message], target: Conversation, now: datetime
) -> None:
    """A clock goes where the mail goes that started it."""
    moments = {message.received_at for message in messages}
    for clock in _clocks(session, source):
        if clock.started_at in moments:
            _hand_over(session, clock, target, now)


def _hand_over(session: Session, clock: ReplyClock, target: Conversation, now: datetime) -> None:
    rival = next((one for one in _clocks(session, target) if one.kind == clock.kind), None)
    if rival is not None:
        loser = max(clock, rival, key=lambda one: (one.paused_at is not None, one.due_at))
        loser.stopped_at = now
        session.flush()
        if loser is clock:
            return
    clock.conversation_id = target.id or 0
    session.flush()


def _run_again(session: Session, conversation: Conversation, stopped_at: datetime) -> None:
    """The clocks that gave way to others when the conversations were joined."""
    kinds = {one.kind for one in _clocks(session, conversation)}
    gave_way = select(ReplyClock).where(
        ReplyClock.conversation_id == conversation.id, ReplyClock.stopped_at == stopped_at
    )
    for clock in session.exec(gave_way).all():
        if clock.kind not in kinds:
            clock.stopped_at = None


def _clocks(session: Session, conversation: Conversation) -> list[ReplyClock]:
    here = select(ReplyClock).where(ReplyClock.conversation_id == conversation.id, col(ReplyClock.stopped_at).is_(None))
    return list(session.exec(here.order_by(col(ReplyClock.id))))


def _restore(session: Session, conversation: Conversation, before: Sequence[object], now: datetime) -> None:
    """Its state of before; what was drafted then is stale, so it is drafted anew."""
    state, reason, order_id = ConversationState(str(before[0])), str(before[1]), before[2]
    if state is ConversationState.DRAFTED:
        state = ConversationState.NEEDS_ANSWER
    conversation.order_id = order_id if isinstance(order_id, int) else None
    _set(conversation, state, reason, now)


def _like(session: Session, source: Conversation, first: Message, now: datetime) -> Conversation:
    twin = Conversation(
        customer_id=source.customer_id,
        storefront=source.storefront,
        state=ConversationState.CLOSED,
        subject=first.subject,
        language=source.language,
        created_at=now,
        updated_at=now,
    )
    session.add(twin)
    session.flush()
    return twin


def _locked(session: Session, conversation_id: int) -> Conversation:
    found = session.exec(select(Conversation).where(Conversation.id == conversation_id).with_for_update()).first()
    if found is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    return found


def _messages(session: Session, conversation: Conversation) -> list[Message]:
    here = select(Message).where(Message.conversation_id == conversation.id)
    return list(session.exec(here.order_by(col(Message.id))))


def _of_person(message: Message) -> bool:
    return message.state not in (MessageState.AUTOMATED, MessageState.FILED)


def _set(conversation: Conversation, state: ConversationState, reason: str, now: datetime) -> None:
    conversation.state, conversation.reason, conversation.updated_at = state, reason, now
