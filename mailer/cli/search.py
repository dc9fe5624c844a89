"""`mailer search`: find mails and notes, and build the index anew."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mailer.errors import InputError
from mailer.insight.search import Answer

_WORDS = "Words, phrases in quotes, -word, begin*, from: to: subject: order: is: after: before: lang: intent:"


class _WordsAtOnce(TyperGroup):
    """`mailer search WORDS` is `mailer search find WORDS`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["find", *args]
        return super().parse_args(ctx, args)


search = typer.Typer(
    cls=_WordsAtOnce, no_args_is_help=True, help="Find mails and notes by their words; build the index of words anew."
)


@search.command("find", epilog='Example: mailer search "refund is:open", which is mailer search find "refund is:open"')
def find(
    query: Annotated[str, typer.Argument(help=_WORDS)],
    as_json: Annotated[bool, typer.Option("--json", help="One object with everything that was found.")] = False,
    page: Annotated[int, typer.Option(min=1, max=40, help="Further pages, 25 conversations each.")] = 1,
) -> None:
    """Show the conversations whose mails or notes have all these words, the newest first."""
    from mailer.calendars import parse_zone
    from mailer.cli.session import open_database
    from mailer.insight.search import search as ask

    with open_database() as (settings, db):
        answer = db.read_here(ask, query, zone=parse_zone(settings.shop.zone), page=page)
    if answer.asks_nothing:
        raise InputError("search", ['there is nothing to look for; name a word, as in mailer search "refund linen"'])
    if as_json:
        import json

        typer.echo(json.dumps(_plain(answer), ensure_ascii=False))
    else:
        _show(answer)


@search.command("reindex", epilog="Example: mailer search reindex")
def reindex() -> None:
    """Empty the index of words and build it anew; until it is done, search finds what is indexed already."""
    from rich.progress import Progress

    from mailer.cli.session import open_database
    from mailer.insight.index import index_some, start_again, tidy

    with open_database() as (_, db), Progress(transient=True) as progress:
        count = db.run_here(start_again)
        task = progress.add_task("Indexing", total=count)
        while done := index_some(db):
            progress.advance(task, done)
        tidy(db)
    typer.echo(f"{count} mails and notes are indexed.")


def _show(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for exact in answer.exact:
        console.print(Text(f"{exact.kind} {exact.title}  {exact.detail}"))
    table = Table("conversation", "when (UTC)", "who", "what", box=None)
    for hit in answer.hits:
        words = Text.assemble(*((piece.words, "bold" if piece.found else "") for piece in hit.words))
        who = f"{hit.customer} (note of {hit.author})" if hit.note_id else hit.customer
        table.add_row(str(hit.conversation_id), f"{hit.at:%Y-%m-%d %H:%M}", who, words)
    if answer.hits:
        console.print(table)
    for line in _remarks(answer):
        typer.echo(line)


def _remarks(answer: Answer) -> Iterator[str]:
    mails = "more than 1,000 mails and notes" if answer.counted_out else f"{answer.count - answer.notes} mails"
    yield f"{mails}, {answer.notes} notes" if answer.notes and not answer.counted_out else mails
    for kind, words in answer.query.unread:
        yield f"{words}: no such {kind}, left out"
    if answer.newest_only:
        yield "only the newest mails with these words were asked for the rest"
    if answer.waiting:
        yield f"{answer.waiting} mails or notes are not indexed yet; `mailer run` does it"


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "count": answer.count,
        "notes": answer.notes,
        "more": answer.counted_out,
        "exact": [{"kind": one.kind, "title": one.title, "detail": one.detail} for one in answer.exact],
        "hits": [
            {
                "conversation": hit.conversation_id,
                "message": hit.message_id,
                "note": hit.note_id,
                "author": hit.author or None,
                "at": hit.at.isoformat(),
                "customer": hit.customer,
                "order": hit.order_number or None,
                "state": hit.state.value,
                "subject": "".join(piece.words for piece in hit.subject),
                "words": "".join(piece.words for piece in hit.words),
                "more": hit.more + hit.more_notes,
            }
            for hit in answer.hits
        ],
    }
