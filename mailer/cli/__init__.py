"""The command line. One file per group of commands; heavy imports happen in the command that needs them."""

import typer

from mailer.cli import conversations, demo, inspect, orders, outbox, quarantine, queue, run, setup, suppressions, users

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The email worker of online shops. Begin with `mailer demo`, or `mailer init` for your own shop.",
)

setup.register(app)
run.register(app)
queue.register(app)
inspect.register(app)
demo.register(app)
app.add_typer(orders.orders, name="orders")
app.add_typer(suppressions.suppressions, name="suppressions")
app.add_typer(outbox.outbox, name="outbox")
app.add_typer(quarantine.quarantine, name="quarantine")
app.add_typer(conversations.conversations, name="conversations")
app.add_typer(users.users, name="users")
app.add_typer(users.tokens, name="tokens")
