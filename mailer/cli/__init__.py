"""The command line. One file per group of commands; heavy imports happen in the command that needs them."""

import typer

from mailer.cli import (
    alarms,
    backtest,
    conversations,
    coupons,
    demo,
    doctor,
    due,
    flows,
    incidents,
    inspect,
    orders,
    outbox,
    privacy,
    products,
    quarantine,
    queue,
    returns,
    run,
    search,
    setup,
    suppressions,
    templates_published,
    triage,
    users,
    why,
)

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
triage.register(app)
why.register(app)
demo.register(app)
doctor.register(app)
backtest.register(app)
app.add_typer(alarms.alarms, name="alarms")
app.add_typer(due.due, name="due")
app.add_typer(flows.flows, name="flows")
app.add_typer(orders.orders, name="orders")
app.add_typer(products.products, name="products")
app.add_typer(templates_published.templates, name="templates")
app.add_typer(suppressions.suppressions, name="suppressions")
app.add_typer(outbox.outbox, name="outbox")
app.add_typer(privacy.privacy, name="privacy")
app.add_typer(incidents.incidents, name="incidents")
app.add_typer(coupons.coupons, name="coupons")
app.add_typer(quarantine.quarantine, name="quarantine")
app.add_typer(returns.returns, name="returns")
app.add_typer(search.search, name="search")
app.add_typer(conversations.conversations, name="conversations")
app.add_typer(users.users, name="users")
app.add_typer(users.tokens, name="tokens")
