"""`mailer users` and `mailer tokens`: who may enter, people and systems."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import typer

from mailer.clock import SystemClock

users = typer.Typer(no_args_is_help=True, help="The people who work in the console.")
tokens = typer.Typer(no_args_is_help=True, help="What the shop's own systems show to the API.")

_clock = SystemClock()

# The words of model.Role and web.tokens.Scope, whose files are too heavy to read for `--help`.
RoleWord = Literal["agent", "marketer", "admin"]
ScopeWord = Literal["orders", "metrics"]

PersonName = Annotated[str, typer.Argument(help='The name to sign in with, as in "ana".')]
TokenName = Annotated[str, typer.Argument(help='What the token is for, as in "web-shop".')]


@users.command("add", epilog="Example: mailer users add ana --role agent")
def add_user(
    name: PersonName,
    role: Annotated[RoleWord, typer.Option(help="agent decides, marketer reads, admin does all.")] = "agent",
    address: Annotated[str, typer.Option(help="Where their test mails go.")] = "",
) -> None:
    """Add a person and print the one-time link that lets them in."""
    from mailer.cli.session import open_database
    from mailer.model import Role
    from mailer.web.auth import welcome_address
    from mailer.web.people import invite

    with open_database() as (settings, db):
        token = db.run_here(invite, name, Role(role), address, now=_clock.now())
        _show_link(welcome_address(settings.web, token))


@users.command("address", epilog="Example: mailer users address mia mia@shop.example")
def address_user(name: PersonName, address: Annotated[str, typer.Argument(help='"" takes it away.')]) -> None:
    """Say where a person reads mail; test mails of the template studio may go there."""
    from mailer.cli.session import open_database
    from mailer.web.auth import agent_named
    from mailer.web.people import set_address

    with open_database() as (_, db):
        db.run_here(set_address, db.read_here(agent_named, name).id or 0, address)


@users.command("link", epilog="Example: mailer users link ana")
def link_user(name: PersonName) -> None:
    """Print a new one-time link for a person who lost theirs or forgot the password; older links end."""
    from mailer.cli.session import open_database
    from mailer.web.auth import agent_named, make_link, welcome_address

    with open_database() as (settings, db):
        agent = db.read_here(agent_named, name)
        token = db.run_here(make_link, agent.id or 0, now=_clock.now())
        _show_link(welcome_address(settings.web, token))


@users.command("list", epilog="Example: mailer users list")
def list_users() -> None:
    """Show everybody, and who has no password yet."""
    from mailer.cli.session import open_database
    from mailer.web.auth import all_agents

    with open_database() as (_, db):
        for agent in db.read_here(all_agents):
            standing = "" if agent.password_hash else "  (has no password yet)"
            typer.echo(f"{agent.name}  {agent.role.value}  since {_day(agent.created_at)}{standing}")


@users.command("drop-second-factor", epilog="Example: mailer users drop-second-factor ana")
def drop_second_factor(name: PersonName) -> None:
    """For a person who lost device and recovery codes: ask for no code any more, and sign them out everywhere."""
    from mailer.cli.session import open_database
    from mailer.web import people
    from mailer.web.auth import agent_named

    with open_database() as (_, db):
        agent = db.read_here(agent_named, name)
        db.run_here(people.drop_second_factor, agent.id or 0, now=_clock.now())
    typer.echo(f"{name} signs in with the password alone now.")


@tokens.command("add", epilog="Example: mailer tokens add web-shop --scope orders")
def add_token(
    name: TokenName,
    scope: Annotated[ScopeWord, typer.Option(help="orders: POST /api/orders; metrics: GET /metrics.")],
    days: Annotated[int, typer.Option(min=0, help="How long it opens anything; 0 is for ever.")] = 0,
) -> None:
    """Make a token and print it; it cannot be shown again."""
    from mailer.cli.session import open_database
    from mailer.web import tokens as verbs

    with open_database() as (_, db):
        lasts = timedelta(days=days) if days else None
        token = db.run_here(verbs.add_token, name, verbs.Scope(scope), now=_clock.now(), lasts=lasts)
    typer.echo("Keep this token, it is shown only once. Send it as `Authorization: Bearer TOKEN`.", err=True)
    typer.echo(token)


@tokens.command("list", epilog="Example: mailer tokens list")
def list_tokens() -> None:
    """Show all tokens by name; none is shown itself."""
    from mailer.cli.session import open_database
    from mailer.web.tokens import all_tokens

    with open_database() as (_, db):
        for token in db.read_here(all_tokens):
            ends = f"  until {_day(token.expires_at)}" if token.expires_at else ""
            standing = f"  revoked {_day(token.revoked_at)}" if token.revoked_at else ends
            typer.echo(f"{token.name}  {token.scope}  since {_day(token.created_at)}{standing}")


@tokens.command("revoke", epilog="Example: mailer tokens revoke web-shop")
def revoke_token(name: TokenName) -> None:
    """Let a token open nothing from now on."""
    from mailer.cli.session import open_database
    from mailer.web import tokens as verbs

    with open_database() as (_, db):
        db.run_here(verbs.revoke, name, now=_clock.now())
    typer.echo(f'"{name}" is revoked.')


def _show_link(address: str) -> None:
    typer.echo("This link works once, within 24 hours, while `mailer run` or `mailer web` runs:", err=True)
    typer.echo(address)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
