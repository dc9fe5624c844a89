"""`mailer outbox`: what waits to be sent, what ended badly, and what a person can do about it."""

from typing import Annotated

import typer

from mailer.clock import SystemClock

outbox = typer.Typer(no_args_is_help=True, help="Mails on their way out: see, retry, hold, cancel, stop everything.")

_clock = SystemClock()

Number = Annotated[int, typer.Argument(help="The number in the first column of `mailer outbox list`.")]
Target = Annotated[str, typer.Argument(help="A delivery's number, or a mail address.")]
As = Annotated[str, typer.Option("--as", help="The agent who decides, as named by `mailer users add`.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept beside the decision.")]


@outbox.command("list", epilog="Example: mailer outbox list --state failed")
def list_outbox(
    state: Annotated[str, typer.Option(help="One state, as in queued, held, failed or sent; else all but sent.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many lines.")] = 50,
) -> None:
    """Show what waits or ended badly, the newest first, with the stops that stand."""
    from mailer.cli.outbox_lines import automatic_line, delivery_line, hold_line
    from mailer.cli.session import open_database
    from mailer.model import DeliveryState
    from mailer.outbound.view import OPEN, deliveries, open_holds, stopped_automatic

    if state and state not in list(DeliveryState):
        raise typer.BadParameter(f"there is no state {state}; there are {', '.join(DeliveryState)}")
    wanted = [DeliveryState(state)] if state else OPEN
    with open_database() as (_, db):
        lines = [hold_line(hold) for hold in db.read_here(open_holds)]
        lines += [delivery_line(delivery) for delivery in db.read_here(deliveries, wanted, limit=limit)]
        if not state:
            lines += [automatic_line(answer) for answer in db.read_here(stopped_automatic, limit=limit)]
    for line in lines:
        typer.echo(line)


@outbox.command("show", epilog="Example: mailer outbox show 12")
def show(delivery: Number) -> None:
    """Show one delivery: its tries in the server's words, what holds it, and what happens next."""
    from mailer.cli.outbox_lines import whole
    from mailer.cli.session import open_database
    from mailer.outbound.view import one

    with open_database() as (_, db):
        seen = db.read_here(one, delivery)
    for line in whole(seen):
        typer.echo(line)


@outbox.command("retry", epilog="Example: mailer outbox retry 12 --as ana")
def retry(delivery: Number, agent: As) -> None:
    """Try a waiting delivery now, or one that failed or expired once more."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.intervene import retry as decide

    with open_database() as (settings, db):
        deciding_agent(db, agent)
        patience = settings.outbound.give_up_after
        db.run_here(decide, delivery, agent=agent, give_up_after=patience, now=_clock.now())
    typer.echo(f"Delivery {delivery} is tried now.")


@outbox.command("hold", epilog='Example: mailer outbox hold ana@example.com --as maria --reason "asked us to wait"')
def hold(target: Target, agent: As, reason: Why = "") -> None:
    """Hold one delivery, or everything to an address, until it is released."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.hold import hold_address, hold_delivery

    with open_database() as (_, db):
        deciding_agent(db, agent)
        if target.isdecimal():
            db.run_here(hold_delivery, int(target), by=agent, reason=reason, now=_clock.now())
            typer.echo(f"Delivery {target} is held.")
            return
        held = db.run_here(hold_address, target, by=agent, reason=reason, now=_clock.now())
    typer.echo(f"Mails to {target} are held, {held} of them now.")


@outbox.command("release", epilog="Example: mailer outbox release 12 --as ana")
def release(target: Target, agent: As) -> None:
    """Release a held delivery, or an address."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.hold import release_address, release_delivery

    with open_database() as (_, db):
        deciding_agent(db, agent)
        if target.isdecimal():
            db.run_here(release_delivery, int(target), by=agent, now=_clock.now())
            typer.echo(f"Delivery {target} goes.")
            return
        released = db.run_here(release_address, target, by=agent, now=_clock.now())
    typer.echo(f"Mails to {target} go again, {released} of them now.")


@outbox.command("cancel", epilog="Example: mailer outbox cancel 12 --as ana")
def cancel(delivery: Number, agent: As) -> None:
    """Never send what waits; its conversation needs a person."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.intervene import cancel_delivery

    with open_database() as (_, db):
        deciding_agent(db, agent)
        db.run_here(cancel_delivery, delivery, agent=agent, now=_clock.now())
    typer.echo(f"Delivery {delivery} is canceled.")


@outbox.command("decide", epilog="Example: mailer outbox decide 12 --arrived --as ana")
def decide(
    delivery: Number,
    agent: As,
    arrived: Annotated[bool, typer.Option("--arrived/--send-again", help="What is true of it.")],
) -> None:
    """Say of an unknown delivery that it arrived, or that it is to be sent again under the same Message-ID."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.unknown import decide as settle

    with open_database() as (_, db):
        agent_id = deciding_agent(db, agent)
        db.run_here(settle, delivery, arrived=arrived, agent_id=agent_id, now=_clock.now())
    typer.echo(f"Delivery {delivery} is {'sent' if arrived else 'sent again'}.")


@outbox.command("send-anyway", epilog='Example: mailer outbox send-anyway 12 --as ana --reason "she phoned"')
def send_anyway(
    delivery: Number,
    agent: As,
    reason: Why,
    acknowledgement: Annotated[
        bool, typer.Option("--acknowledgement", help="The number is that of an acknowledgement that was stopped.")
    ] = False,
    skipped: Annotated[
        bool, typer.Option("--skipped", help="The number is that of a mail in `mailer outbox skipped`.")
    ] = False,
) -> None:
    """Send what a hold, a suppression or a stop keeps back, where that is lawful; who and why is kept."""
    from mailer.cli.session import deciding_agent, open_database

    with open_database() as (settings, db):
        agent_id = deciding_agent(db, agent)
        if skipped:
            from mailer.flows.release import send_skipped_anyway

            db.run_here(send_skipped_anyway, delivery, agent_id=agent_id, reason=reason, now=_clock.now())
            typer.echo(f"The mail of step {delivery} goes, if its order still needs it.")
            return
        if acknowledgement:
            from mailer.replies.acknowledge import Office, acknowledge_anyway
            from mailer.signing import read_keys

            office = Office.of(settings, read_keys(settings.signing.key_file))
            delivery = db.run_here(
                acknowledge_anyway, delivery, office=office, agent_id=agent_id, reason=reason, now=_clock.now()
            )
        else:
            from mailer.outbound.intervene import send_anyway as overrule

            patience = settings.outbound.give_up_after
            db.run_here(overrule, delivery, agent_id=agent_id, reason=reason, give_up_after=patience, now=_clock.now())
    typer.echo(f"Delivery {delivery} goes.")


Flow = Annotated[str, typer.Option("--flow", help="Only what this flow sends, by the name of its file.")]


@outbox.command("stop", epilog='Example: mailer outbox stop --as ana --reason "wrong prices in a template"')
def stop(agent: As, reason: Why = "", flow: Flow = "") -> None:
    """Stop all sending at once, or one flow; what is in flight ends, all else waits."""
    from mailer.cli.outbox_flows import known_flow
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.hold import stop as put
    from mailer.outbound.hold import stop_flow

    with open_database() as (_, db):
        deciding_agent(db, agent)
        if flow:
            db.read_here(known_flow, flow)
            fresh = db.run_here(stop_flow, flow, by=agent, reason=reason, now=_clock.now())
            again = f"mailer outbox resume --flow {flow}"
            typer.echo(f"{flow} sends nothing until `{again}`." if fresh else f"{flow} was stopped already.")
            return
        fresh = db.run_here(put, by=agent, reason=reason, now=_clock.now())
    typer.echo("Nothing is sent until `mailer outbox resume`." if fresh else "All sending was stopped already.")


@outbox.command("resume", epilog="Example: mailer outbox resume --as ana")
def resume(agent: As, flow: Flow = "") -> None:
    """Send again, and ask a relay that was left alone at once; or let one flow go on."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.outbound.canary import clear_canaries
    from mailer.outbound.hold import resume as lift
    from mailer.outbound.hold import resume_flow

    with open_database() as (_, db):
        deciding_agent(db, agent)
        if flow:
            ready = db.run_here(resume_flow, flow, by=agent, now=_clock.now())
            db.run_here(clear_canaries, flow, now=_clock.now())
            typer.echo(f"{flow} goes on; {ready} of its mails were ready and go now.")
            return
        stopped = db.run_here(lift, by=agent, now=_clock.now())
    typer.echo("Sending again." if stopped else "Sending was not stopped; the relay is asked now.")


@outbox.command("skipped", epilog="Example: mailer outbox skipped --flow review_invitation")
def skipped(flow: Flow = "", limit: Annotated[int, typer.Option(min=1, max=1000, help="How many mails.")] = 50) -> None:
    """Show the mails that flows did not send, the newest first, each with its reason."""
    from mailer.cli.outbox_lines import skipped_line
    from mailer.cli.session import open_database
    from mailer.outbound.view import skipped_steps

    with open_database() as (_, db):
        lines = [skipped_line(one) for one in db.read_here(skipped_steps, flow, limit=limit)]
    for line in lines or ["Every step of a flow sent its mail, or waits."]:
        typer.echo(line)


@outbox.command("catch-up", epilog="Example: mailer outbox catch-up --approve --as ana")
def catch_up(
    approve: Annotated[bool, typer.Option("--approve", help="Let it go, spread over the time that is shown.")] = False,
    agent: Annotated[str, typer.Option("--as", help="The agent who approves.")] = "",
) -> None:
    """Show what flows would send at once after an outage, and let it go when you agree."""
    from mailer.cli.outbox_lines import plan_lines
    from mailer.cli.session import deciding_agent, open_database
    from mailer.flows.expiries import expiries
    from mailer.outbound.catch_up import CatchUpTerms, approve_catch_up, catch_up_plan

    with open_database() as (settings, db):
        terms, now = CatchUpTerms.of(settings), _clock.now()
        if not approve:
            too_old = db.read_here(expiries, settings.flows.directory)
            plan = db.read_here(catch_up_plan, terms=terms, now=now, expires=too_old)
            for line in plan_lines(plan, now):
                typer.echo(line)
            return
        deciding_agent(db, agent)
        count = db.run_here(approve_catch_up, by=agent, terms=terms, now=now)
    typer.echo(f"{count:,} steps go, one after the other.")
