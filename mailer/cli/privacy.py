"""`mailer privacy`: what we keep of a customer, and how it is forgotten."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.clock import SystemClock

privacy = typer.Typer(no_args_is_help=True, help="What is kept of customers: give it to them, or forget it.")

_clock = SystemClock()

Address = Annotated[str, typer.Argument(help="The customer's mail address.")]


@privacy.command(epilog="Example: mailer privacy export ana@example.com --to ana.zip")
def export(
    address: Address, to: Annotated[Path, typer.Option(help="Where to write it.")] = Path("customer.zip")
) -> None:
    """Write all that we keep of a customer into a ZIP of JSON and mails."""
    from mailer.cli.session import open_database
    from mailer.errors import MailerError
    from mailer.privacy.export import export as gather
    from mailer.privacy.export import pack

    if to.exists():
        raise MailerError(f"{to}: exists already; choose another name with --to")
    with open_database() as (_, db):
        files = db.read_here(gather, db.read_here(_customer, address), now=_clock.now())
    to.write_bytes(pack(files))
    typer.echo(f"{to}: {len(files)} files. Give it only to the customer.")


@privacy.command(epilog="Example: mailer privacy erase ana@example.com")
def erase(address: Address, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Forget a customer for good; a hashed tombstone stays, so that no offer or survey goes there again."""
    from mailer.cli.session import open_database
    from mailer.privacy.erase import erase_customer

    with open_database() as (_, db):
        customer = db.read_here(_customer, address)
        if not yes:
            typer.confirm(f"Forget {address} for good?", abort=True)
        done = db.run_here(erase_customer, customer, agent_id=None, now=_clock.now())
    typer.echo(f"Forgotten: {done.conversations} conversations, {done.messages} mails, {done.orders} orders.")
    typer.echo("Mails in the mailbox itself and the shop's own records are not Mailer's to delete.")


@privacy.command(epilog="Example: mailer privacy retention --forget")
def retention(
    forget: Annotated[bool, typer.Option("--forget", help="Do it now; without this it is only counted.")] = False,
) -> None:
    """Show which closed conversations are older than [privacy] keeps them, by intent; forget them when asked to."""
    from mailer.cli.session import open_database
    from mailer.privacy.retention import Terms, forget_old, old

    with open_database() as (settings, db):
        terms = Terms(settings.privacy.keep, settings.privacy.keep_by_intent)
        found = db.read_here(old, terms, now=_clock.now())
        for intent, count in Counter(one.intent for one in found).most_common():
            typer.echo(f"{count:>7,}  {intent}")
        typer.echo(f"{len(found):>7,}  in all{'' if forget else '; nothing was forgotten (--forget does it)'}")
        forgotten = 0
        while forget and (count := db.run_here(forget_old, terms, now=_clock.now())):
            forgotten += count
            typer.echo(f"forgotten {forgotten:,}", err=True)


def _customer(session: Any, address: str) -> int:
    from sqlmodel import select

    from mailer.errors import NotFound
    from mailer.model import Customer

    found = session.exec(select(Customer.id).where(Customer.address == address.strip().lower())).first()
    if found is None:
        raise NotFound(f"there is no customer {address}")
    return int(found)
