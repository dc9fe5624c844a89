"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who lost theirs.

The secret is derived from the key file and a nonce in the row, so a copied database opens nothing.
"""

import hmac
import io
from datetime import datetime
from typing import Any, cast

import pyotp
import segno
from sqlalchemy import CursorResult, delete
from sqlmodel import Session, col, or_, select, update

from mailer.errors import Conflict, InputError
from mailer.model import Agent, RecoveryCode
from mailer.signing import Keys, fresh_token, token_hash

_PURPOSE = "totp"
_SECONDS = 30
# A code of the step before and after is right too: clocks differ (RFC 6238, 5.2).
_WINDOW = (-1, 0, 1)
_RECOVERY_CODES = 8


def fresh_nonce() -> str:
    """What a new secret is derived from."""
    return fresh_token()


def secret(keys: Keys, agent_id: int, nonce: str) -> str:
    """The secret to put into an authenticator app, in base32."""
    return keys.derive(_PURPOSE, f"{agent_id} {nonce}")[0]


def picture(keys: Keys, agent_id: int, nonce: str, *, name: str, shop: str) -> str:
    """The secret as a QR code for an authenticator app, an SVG."""
    address = pyotp.TOTP(secret(keys, agent_id, nonce)).provisioning_uri(name=name, issuer_name=shop)
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=3, dark="#000", light="#fff", xmldecl=False)
    return drawn.getvalue().decode()


def enable(session: Session, agent_id: int, *, nonce: str, code: str, keys: Keys, now: datetime) -> list[str]:
    """Ask for a code at each sign-in from now on; the recovery codes, which nobody can read again.

    Raises InputError for a wrong code, and Conflict when there is a second factor already.
    """
    agent = session.get_one(Agent, agent_id)
    if agent.totp_nonce:
        raise Conflict("You have a second factor already; remove it first.")
    step = _step_of(code, keys, agent_id, nonce, now)
    if step is None:
        raise InputError("code", ["This code is wrong. Look at the newest one, and at the clock of your device."])
    agent.totp_nonce, agent.totp_step = nonce, step
    return _new_recovery_codes(session, agent_id)


def disable(session: Session, agent_id: int) -> None:
    """Ask for no code any more."""
    agent = session.get_one(Agent, agent_id)
    agent.totp_nonce, agent.totp_step = "", 0
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.agent_id) == agent_id))


def take_code(session: Session, agent_id: int, code: str, *, keys: Keys, now: datetime) -> bool:
    """Whether this is the code of now, or an unused recovery code; each works once."""
    agent = session.get_one(Agent, agent_id)
    typed = "".join(code.split()).lower()
    if (step := _step_of(typed, keys, agent_id, agent.totp_nonce, now)) is not None:
        later = (col(Agent.id) == agent_id, col(Agent.totp_step) < step)
        return _changed(session, update(Agent).where(*later).values(totp_step=step))
    unused = (
        col(RecoveryCode.agent_id) == agent_id,
        col(RecoveryCode.code_hash) == token_hash(typed),
        col(RecoveryCode.used_at).is_(None),
    )
    return _changed(session, update(RecoveryCode).where(*unused).values(used_at=now))


def recovery_left(session: Session, agent_id: int) -> int:
    """How many recovery codes were not used."""
    unused = select(RecoveryCode.id).where(RecoveryCode.agent_id == agent_id, col(RecoveryCode.used_at).is_(None))
    return len(session.exec(unused).all())


def without(session: Session) -> list[str]:
    """The names of those who sign in without a second factor."""
    active = select(Agent.name).where(col(Agent.disabled_at).is_(None), or_(col(Agent.totp_nonce) == ""))
    return list(session.exec(active.order_by(col(Agent.name))))


def _step_of(code: str, keys: Keys, agent_id: int, nonce: str, now: datetime) -> int | None:
    """The time step whose code this is; every one is compared, so that the time taken tells nothing."""
    current = int(now.timestamp()) // _SECONDS
    found = None
    for one in keys.derive(_PURPOSE, f"{agent_id} {nonce}"):
        app = pyotp.TOTP(one)
        for step in (current + offset for offset in _WINDOW):
            if hmac.compare_digest(app.generate_otp(step).encode(), code.encode()):
                found = step
    return found


def _new_recovery_codes(session: Session, agent_id: int) -> list[str]:
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.agent_id) == agent_id))
    letters = [fresh_token().lower().replace("-", "x").replace("_", "y")[:10] for _ in range(_RECOVERY_CODES)]
    session.add_all(RecoveryCode(agent_id=agent_id, code_hash=token_hash(code)) for code in letters)
    session.flush()
    return [f"{code[:5]} {code[5:]}" for code in letters]


def _changed(session: Session, statement: Any) -> bool:
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1
