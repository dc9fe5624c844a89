"""All that is kept of a customer, and of nobody else."""

import io
import json
import zipfile
from datetime import datetime

from sqlmodel import Session

from mailer.model import Conversation
from mailer.privacy.export import export, pack
from tests.web.build import case
from tests.web.matters import matter


def test_the_archive_holds_everything_of_one_customer(session: Session, now: datetime) -> None:
    found = matter(session, now)
    case(session, now, number="#2002", address="bo@elsewhere.test", name="Bo Berg", letter="Bo's own words")
    customer = session.get_one(Conversation, found.conversation).customer_id
    packed = pack(export(session, customer, now=now))
    assert packed == pack(export(session, customer, now=now))
    archive = zipfile.ZipFile(io.BytesIO(packed))
    files = {name: archive.read(name) for name in archive.namelist()}
    whole = b"\n".join(files.values())
    assert b"Bo's own words" not in whole
    assert b"#2002" not in whole
    talks = json.loads(files["conversations.json"])
    assert any("where is my order" in mail["text"] for talk in talks for mail in talk["mails"])
    assert json.loads(files["orders.json"])[0]["parcels"][0]["scans"]
    assert json.loads(files["wishes.json"])["consent"][0]["basis"] == "double_opt_in"
    assert json.loads(files["automatic.json"])
    assert any(b"where is my order" in content for name, content in files.items() if name.endswith(".eml"))
    assert "README.txt" in files
