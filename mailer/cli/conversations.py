"""`mailer conversations`: join two conversations that are one matter, part one that is two, and take it back."""

from typing import Annotated

import typer

conversations = typer.Typer(no_args_is_help=True, help="Join and part conversations; each step can be undone.")

Conversation = Annotated[int, typer.Argument(help="The number in the first column of `mailer queue`.")]
As = Annotated[str, typer.Option("--as", help="The agent who decides, as named by `mailer users add`.")]


@conversations.command(epilog="Example: mailer conversations merge 12 --into 7 --as ana")
def merge(
    conversation: Conversation, into: Annotated[int, typer.Option(help="Where its mails go.")], agent: As
) -> None:
    """Move all mails of a conversation into another."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.clock import SystemClock
    from mailer.inbound.merge import merge as decide

    with open_database() as (_, db):
        person = deciding_agent(db, agent)
        made = db.run_here(decide, conversation, into=into, agent_id=person, now=SystemClock().now())
    typer.echo(f"Merged. `mailer conversations undo {made}` takes it back.")


@conversations.command(epilog="Example: mailer conversations split 7 --mail 31 --mail 32 --as ana")
def split(
    conversation: Conversation,
    mail: Annotated[list[int], typer.Option(help="A mail to move, by the number that `mailer show` gives.")],
    agent: As,
) -> None:
    """Move some mails of a conversation into one of their own."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.clock import SystemClock
    from mailer.inbound.merge import split as decide

    with open_database() as (_, db):
        person = deciding_agent(db, agent)
        made = db.run_here(decide, conversation, messages=mail, agent_id=person, now=SystemClock().now())
    typer.echo(f"Split. `mailer conversations undo {made}` takes it back.")


@conversations.command(epilog="Example: mailer conversations undo 3 --as ana")
def undo(made: Annotated[int, typer.Argument(help="The number of the merge or split.")], agent: As) -> None:
    """Take a merge or split back."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.clock import SystemClock
    from mailer.inbound.merge import undo as decide

    with open_database() as (_, db):
        deciding_agent(db, agent)
        conversation = db.run_here(decide, made, now=SystemClock().now())
    typer.echo(f"Undone. The mails are in conversation {conversation} again.")
