"""Is a mail really for the room that its structure names? Links are proven by our keys, orders by the shop's secret.

An answer by link whose token is not ours is a customer's mail like any other. An order whose signature is wrong is
quarantined: when the secret is right, its retry reads it again. So none of them is lost.
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.errors import InputError
from mailer.inbound.order_block import OrderBlock, read_block
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.thread import Rules
from mailer.links import in_address, read_link
from mailer.model import Blob, Route, SourcePayload, note_refusal
from mailer.signing import digest

BY_LINK = (Route.RATING, Route.UNSUBSCRIBE)
# What a conversation of such a mail is closed with.
REASONS = {
    Route.RATING: "an answer by link",
    Route.UNSUBSCRIBE: "a way out by link",
    Route.ORDER: "an order of the shop, read by a machine",
}


def proven(session: Session, mail: ParsedMail, rules: Rules, *, history: bool, now: datetime) -> ParsedMail:
    """The mail with the route that holds. Raises InputError when it carries an order that its shop did not sign."""
    if mail.route in BY_LINK:
        return mail if rules.keys is None else _by_link(mail, rules, now)
    if mail.order_block is None or mail.route != Route.ORDER or history:
        return mail
    block = mail.order_block
    secrets = rules.order_secrets.get(block.source)
    if secrets is None:
        # Not under its name: strangers could fill a table with names.
        note_refusal(session, "", "an order mail of no such source", now=now)
        problem = f'there is no [sources.{block.source}] with kind = "mail" in config.toml; add it, then retry'
        raise InputError("order mail", [problem])
    try:
        payload = read_block(block, secrets)
    except InputError:
        note_refusal(session, block.source, "wrong signature of an order mail", now=now)
        raise
    return (
        mail if _store(session, mail, block, payload, now) else _ordinary(mail, "it quotes an order mail of the shop")
    )


def _by_link(mail: ParsedMail, rules: Rules, now: datetime) -> ParsedMail:
    purpose, token = in_address(mail.mailed_to) or ("", "")
    try:
        link = read_link(rules.keys, token) if rules.keys else None
    except InputError:
        link = None
    if link is None or link.purpose != purpose:
        return _ordinary(mail, "it came to an address of a link that is not ours")
    if link.expired(now):
        return _ordinary(mail, "it answers by a link whose time is over")
    return mail


def _ordinary(mail: ParsedMail, defect: str) -> ParsedMail:
    route = Route.NONE if mail.automatic else Route.TRIAGE
    return replace(mail, route=route.value, defects=(*mail.defects, defect))


def _store(session: Session, mail: ParsedMail, block: OrderBlock, payload: bytes, now: datetime) -> bool:
    """Keep the payload for the orders room; whether this mail is its bearer, not a copy that somebody else sends on."""
    sender = mail.senders[0].address if mail.senders else ""
    sha256 = digest(payload)
    insert_once(session, Blob.of(sha256, payload))
    row = SourcePayload(
        source=block.source,
        kind="mail",
        topic="order",
        key=f"mail:{sha256}",
        sha256=sha256,
        headers={"from": sender},
        received_at=now,
    )
    if insert_once(session, row):
        return True
    known = select(SourcePayload).where(SourcePayload.source == block.source, SourcePayload.key == row.key)
    return session.exec(known).one().headers.get("from") == sender
