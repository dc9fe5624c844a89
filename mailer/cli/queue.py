"""`mailer queue`, `show`, `approve`, `reject`: the agent's work on the command line."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from mailer.db import Database
from mailer.model import Classification, Draft

Conversation = Annotated[int, typer.Argument(help="The number in the first column of `mailer queue`.")]
Version = Annotated[str, typer.Option(help="What you saw, as `mailer show` names it, as in 5.1; else what stands now.")]
As = Annotated[str, typer.Option("--as", help="The agent who decides, as named by `mailer users add`.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: mailer queue --tab needs_person")(queue)
    app.command(epilog="Example: mailer show 12")(show)
    app.command(epilog="Example: mailer approve 12 --as ana --draft 5.1")(approve)
    app.command(epilog='Example: mailer reject 12 --as ana --reason "wrong facts"')(reject)


def queue(
    tab: Annotated[
        str,
        typer.Option(
            help="to_approve, needs_facts, needs_person, on_its_way, waiting, snoozed, sent, failed, closed, quarantine"
        ),
    ] = "to_approve",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many lines.")] = 50,
) -> None:
    """List conversations, the least time left first."""
    from mailer.calendars import time_left
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.queue import Tab, counts, quarantined, waiting

    if tab not in list(Tab):
        raise typer.BadParameter(f"there is no tab {tab}; there are {', '.join(Tab)}")
    now = SystemClock().now()
    with open_database() as (_, db):
        typer.echo("  ".join(f"{one}: {count}" for one, count in db.read_here(counts).items()))
        if tab == Tab.QUARANTINE:
            for mail in db.read_here(quarantined, limit=limit):
                typer.echo(f"raw mail {mail.id}  {mail.size} bytes  {mail.error}")
        for line in db.read_here(waiting, Tab(tab), limit=limit):
            left = time_left(line.due_at, now) if line.due_at else ""
            wishes = f"{line.intent or ''}{f' +{line.more}' if line.more else ''}"
            what = " ".join(part for part in (wishes, line.order_number, "URGENT" * (line.urgency == "high")) if part)
            typer.echo(f"{line.conversation_id:>6}  {left:<20}  {line.customer:<32}  {what:<22}  {line.subject}")
            if line.reason:
                typer.echo(f"        {line.reason}")


def show(conversation: Conversation) -> None:
    """Show one conversation: the mails, what they want, the draft and its facts, and what became of our answers."""
    from mailer.calendars import time_left
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.queue import item

    with open_database() as (_, db):
        found = db.read_here(item, conversation)
    typer.echo(f"Conversation {conversation}, {found.conversation.state.value}  {found.conversation.reason}".rstrip())
    if found.conversation.possibly_of:
        typer.echo(f"Possibly belongs to conversation {found.conversation.possibly_of}, of somebody else")
    if found.clock:
        typer.echo(f"Answer {time_left(found.clock.due_at, SystemClock().now())}")
    for message in found.messages:
        who = message.from_address or "we"
        typer.echo(f"\n--- {message.id}, {message.received_at:%Y-%m-%d %H:%M} UTC, {who}: {message.subject}")
        typer.echo(message.text.rstrip())
        for remark in (*message.warnings, *message.defects):
            typer.echo(f"! {remark}")
    if found.judgements:
        typer.echo("\n" + "\n".join(_wanted(found.judgements)))
    if found.kept_words:
        typer.echo(f"\n=== A person's words, kept ({found.kept_words.reason})\n{found.kept_words.text.rstrip()}")
    if found.draft:
        typer.echo("\n" + "\n".join(_drafted(found.draft, found.conversation.language)))
    for delivery in found.deliveries:
        typer.echo(f"delivery {delivery.id}: {delivery.state.value}  {delivery.reason}".rstrip())


def _wanted(judgements: Sequence[Classification]) -> Iterator[str]:
    """What the mails that wait want, and how we know; of the newest one also what it names."""
    from mailer.replies.queue import wanted

    for wish in wanted(judgements):
        words = ", ".join(f'"{one}"' for one in wish.evidence)
        yield f"wants {wish.intent.value}, {wish.level.value}{f': {words}' if words else ''}"
    judged = judgements[0]
    yield f"language {judged.language or 'not known'}, urgency {judged.urgency}, mood {judged.sentiment}"
    for name, value in judged.entities.items():
        yield f"names {name}: {value}"
    yield f"if it wants something else: mailer correct {judged.message_id} --intent NAME --as AGENT"


def _drafted(draft: Draft, language: str | None) -> Iterator[str]:
    """The draft, what must be done before it is true, how it sounds, and what it stands on."""
    from mailer.rendering.tone import lint

    yield f"=== Draft {draft.id}.{draft.version}, {draft.state.value}"
    yield f"To {draft.recipient}"
    if draft.wanted_locale:
        yield f"The customer writes in {draft.wanted_locale}; there is no template in it, so this is in {draft.locale}"
    if draft.holding:
        yield "A holding reply: after it was sent, a person still answers"
    yield f"\n{draft.text.rstrip()}\n"
    for line in draft.before.splitlines():
        yield f"BEFORE YOU APPROVE: {line}"
    for one in lint(draft.text, draft.locale or language or "en"):
        yield f'tone, line {one.line}: "{one.words}": {one.why} Better: {one.better}'
    for missing in draft.missing:
        yield f"would help: {missing}"
    for path, fact in draft.facts.items():
        yield f"fact {path} = {fact['value']} ({fact['source']}, {fact['at']})"


def approve(conversation: Conversation, agent: As, draft: Version = "") -> None:
    """Approve the draft of a conversation as it stands now; it leaves when the time to undo is over."""
    from mailer.calendars import in_words
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.approve import Terms
    from mailer.replies.approve import approve as decide
    from mailer.signing import read_keys

    with open_database() as (settings, db):
        terms = Terms.of(settings, read_keys(settings.signing.key_file))
        draft_id, version, agent_id = _pending(db, conversation, agent, draft)
        delivery = db.run_here(
            decide, draft_id, version=version, agent_id=agent_id, terms=terms, now=SystemClock().now(), done=True
        )
        for line in _before(db, conversation):
            typer.echo(f"The text says that this is done: {line}")
    typer.echo(f"Approved. Delivery {delivery} leaves in {in_words(terms.undo)}.")


def reject(
    conversation: Conversation,
    agent: As,
    draft: Version = "",
    reason: Annotated[str, typer.Option(help="Why; shown to whoever writes instead.")] = "",
) -> None:
    """Reject the draft of a conversation; a person is to write."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.approve import reject as decide

    with open_database() as (_, db):
        draft_id, version, agent_id = _pending(db, conversation, agent, draft)
        now = SystemClock().now()
        db.run_here(decide, draft_id, version=version, agent_id=agent_id, reason=reason, now=now)
    typer.echo(f"Rejected. Conversation {conversation} needs a person.")


def _before(db: Database, conversation_id: int) -> list[str]:
    from mailer.replies.queue import item

    draft = db.read_here(item, conversation_id).draft
    return draft.before.splitlines() if draft else []


def _pending(db: Database, conversation_id: int, agent_name: str, seen: str) -> tuple[int, int, int]:
    """The pending draft of a conversation, its version, and the agent who decides. Raises Conflict, NotFound."""
    from mailer.cli.session import deciding_agent
    from mailer.errors import Conflict
    from mailer.model import DraftState
    from mailer.replies.queue import item

    agent_id = deciding_agent(db, agent_name)
    draft = db.read_here(item, conversation_id).draft
    if draft is None or draft.state != DraftState.PENDING:
        raise Conflict(f"conversation {conversation_id} has no draft that waits for a decision")
    if seen and seen != f"{draft.id}.{draft.version}":
        raise Conflict(f"you saw draft {seen}, there is {draft.id}.{draft.version} now; look with `mailer show`")
    return draft.id or 0, draft.version, agent_id
