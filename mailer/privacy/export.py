"""All that we keep of a customer, as a ZIP of JSON and mails: theirs to read (GDPR, Art. 15 and 20)."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.model import (
    Blob,
    Choice,
    Classification,
    Compensation,
    Consent,
    Conversation,
    Customer,
    Delivery,
    Draft,
    Enrollment,
    FlowStep,
    Message,
    Order,
    OrderLine,
    Rating,
    Refund,
    ReturnRequest,
    Review,
    Scan,
    Shipment,
    Suppression,
)
from mailer.privacy.belongings import Belongings, of_customer, portions

# What is ours alone and says nothing of them: how we recognise templates, leases, other people's words.
_LEFT_OUT = {"made_from", "fingerprint", "owner", "lease_until", "version", "written_by", "marks"}
_README = """\
This archive holds what the shop's mail system keeps of you.

customer.json        who you are to us
conversations.json   each conversation with its mails; the mails themselves are in the folder mails
orders.json          orders, positions, parcels and what carriers said of them
answers.json         ratings, reviews, returns, choices, refunds, compensations
wishes.json          what you agreed to, and what you do not want
automatic.json       which automatic mails we decided on, and why
mails/N.eml          each mail byte for byte; any mail program opens it
"""


def export(session: Session, customer_id: int, *, now: datetime) -> dict[str, bytes]:
    """Every file of the archive, by name; to be packed with no transaction open. Raises NotFound."""
    mine = of_customer(session, customer_id)
    data = {
        "customer.json": {"exported_at": now, **_row(session.get_one(Customer, customer_id))},
        "conversations.json": list(_conversations(session, mine)),
        "orders.json": list(_orders(session, mine)),
        "answers.json": _answers(session, mine),
        "wishes.json": _by_address(session, mine.address, Consent, Suppression),
        "automatic.json": list(_automatic(session, mine)),
    }
    files = {name: _json(content) for name, content in data.items()}
    return {"README.txt": _README.encode(), **files, **dict(_mails(session, mine))}


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive. Times in it are fixed: the same content is the same archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _conversations(session: Session, mine: Belongings) -> Iterator[dict[str, Any]]:
    messages = _rows(session, Message, Message.id, mine.messages)
    judged = {
        row.message_id: _row(row) for row in _rows(session, Classification, Classification.message_id, mine.messages)
    }
    drafts = _rows(session, Draft, Draft.id, mine.drafts)
    sent = _rows(session, Delivery, Delivery.id, mine.deliveries)
    for talk in _rows(session, Conversation, Conversation.id, mine.conversations):
        mails = [one for one in messages if one.conversation_id == talk.id]
        numbers = {one.id for one in mails}
        yield {
            **_row(talk),
            "mails": [{**_row(one), "judged": judged.get(one.id), "file": f"mails/{one.id}.eml"} for one in mails],
            "drafts": [_row(one) for one in drafts if one.conversation_id == talk.id],
            "deliveries": [_row(one) for one in sent if one.message_id in numbers],
        }


def _orders(session: Session, mine: Belongings) -> Iterator[dict[str, Any]]:
    lines = _rows(session, OrderLine, OrderLine.order_id, mine.orders)
    parcels = _rows(session, Shipment, Shipment.id, mine.shipments)
    scans = _rows(session, Scan, Scan.shipment_id, mine.shipments)
    for order in _rows(session, Order, Order.id, mine.orders):
        yield {
            **_row(order),
            "positions": [_row(one) for one in lines if one.order_id == order.id],
            "parcels": [
                {**_row(one), "scans": [_row(scan) for scan in scans if scan.shipment_id == one.id]}
                for one in parcels
                if one.order_id == order.id
            ],
        }


def _answers(session: Session, mine: Belongings) -> dict[str, list[dict[str, Any]]]:
    found = _by_address(session, mine.address, Rating, Review, ReturnRequest, Compensation)
    for table in (Choice, Refund):
        found[table.__tablename__] = [_row(one) for one in _rows(session, table, table.order_id, mine.orders)]
    return found


def _automatic(session: Session, mine: Belongings) -> Iterator[dict[str, Any]]:
    steps = _rows(session, FlowStep, FlowStep.enrollment_id, mine.enrollments)
    for one in _rows(session, Enrollment, Enrollment.id, mine.enrollments):
        yield {**_row(one), "steps": [_row(step) for step in steps if step.enrollment_id == one.id]}


def _mails(session: Session, mine: Belongings) -> Iterator[tuple[str, bytes]]:
    for message in _rows(session, Message, Message.id, mine.messages):
        blob = session.get(Blob, message.sha256)
        if blob is not None and blob.erased_at is None:
            yield f"mails/{message.id}.eml", blob.unpack()


def _by_address(session: Session, address: str, *tables: Any) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in tables:
        rows = session.exec(select(table).where(col(table.address) == address)).all()
        found[table.__tablename__] = [_row(row) for row in rows]
    return found


def _rows(session: Session, table: Any, column: Any, numbers: Iterable[int]) -> list[Any]:
    found: list[Any] = []
    for some in portions(numbers):
        found += session.exec(select(table).where(column.in_(some)).order_by(table.id)).all()
    return found


def _row(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in _LEFT_OUT}


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, default=_said).encode()


def _said(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
