"""What commands that read a table from a file share: its name before each mistake, batches, and how far it is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import typer

_BATCH = 500
_PROBLEMS_SHOWN = 50


@contextmanager
def named(file: Path) -> Iterator[None]:
    """A mistake of the whole file is told with the file's name."""
    from mailer.errors import InputError

    try:
        yield
    except InputError as error:
        raise InputError(f"{file.name}, {error.source}", error.problems) from None


def batches(read: Iterable[Any]) -> Iterator[list[Any]]:
    """As many at once as one transaction takes."""
    remaining = iter(read)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def counted(read: Iterable[Any], noun: str) -> Iterator[Any]:
    """Show on a terminal how many were read."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(f"{{task.completed:,}} {noun}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(noun, total=None)
        for each in read:
            yield each
            progress.advance(task)


def tell_problems(file: Path, problems: list[str]) -> None:
    """The first mistakes, each with its place."""
    for problem in problems[:_PROBLEMS_SHOWN]:
        typer.echo(f"{file.name}, {problem}", err=True)
    if len(problems) > _PROBLEMS_SHOWN:
        typer.echo(f"and {len(problems) - _PROBLEMS_SHOWN:,} more", err=True)


def end(problems: list[str]) -> None:
    """Exit code 1 when something was left out."""
    if problems:
        typer.echo("What is named above was not imported; mend it and import the file again.", err=True)
        raise typer.Exit(1)
