"""PDFs for templates: kept once by their hash, carried by revisions, the same file from the folder to the mail."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Alarm, Blob, Message, TemplateFile
from mailer.outbound.compose import Attached, LifecycleLetter, compose_lifecycle
from mailer.outbound.proofread import Meant, proofread
from mailer.rendering import shelf
from mailer.rendering.attachment import enclosed_in
from mailer.rendering.catalog import Catalog
from mailer.rendering.check import check_templates
from mailer.rendering.check_lifecycle import check_lifecycle
from mailer.rendering.file_folder import bring_folder, folder_catalog
from mailer.rendering.files import attachments, file_bytes, files, keep_file, naming, retire_unused, say_title, uses
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import LifecycleMail, render_lifecycle
from mailer.rendering.pdf import Pdf
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import edition_now, numbered, publish, roll_back
from mailer.rendering.shelf import TemplateShelf
from mailer.rendering.show import About, show
from mailer.rendering.standing import standing
from mailer.replies.approve import approve, edit
from mailer.signing import digest
from tests import build
from tests.rendering.pdfs import HOSTILE, pdf
from tests.rendering.revisions import MAIL, NAME, drafted, published, templates_in, verdict

NOTICE = "lifecycle/shipping_notice.en.html"
DATA = pdf()
SHA256 = digest(DATA)
TITLES = {"en": "Size chart", "de": "Größentabelle"}
ATTACHED = f"[Size chart](attached:{SHA256}/size-chart.pdf)"
LINKED = f'<p><a href="linked:{SHA256}/size-chart.pdf">Size chart</a></p>\n'
WITHIN = f'<p><a href="attached:{SHA256}/size-chart.pdf">Size chart</a></p>\n'
AT = "https://care.shop.example"


def kept(
    session: Session, now: datetime, data: bytes = DATA, title: Mapping[str, str] = TITLES, name: str = "size-chart.pdf"
) -> TemplateFile:
    person = build.agent(session, now)
    return keep_file(session, Pdf(data, 1), name=name, title=title, agent_id=person, now=now)


def in_service(session: Session, catalog: Catalog, at: str = AT, most: int = 5_000_000) -> Catalog:
    """The templates with what the database says is in service."""
    return Catalog(catalog.directory, shelf.in_service(session, at, most).published)


def notice(catalog: Catalog) -> LifecycleMail:
    facts = {path: value for path, value in SAMPLES.items() if not path.startswith("links.")}
    return render_lifecycle(catalog, "shipping_notice", facts, {}, locales=["en"])


def test_the_same_bytes_are_kept_once_under_their_newest_name(session: Session, now: datetime) -> None:
    before = edition_now(session)
    kept(session, now)
    kept(session, now, name="sizes.pdf")
    (row,) = files(session)
    assert (row.sha256, row.name, row.size, row.title) == (SHA256, "sizes.pdf", len(DATA), TITLES)
    assert file_bytes(session, SHA256) == DATA
    assert edition_now(session) == before + 2
    say_title(session, SHA256, {"en": " Sizes [2026] ", "fr": " "})
    assert files(session)[0].title == {"en": "Sizes 2026"}


@pytest.mark.parametrize(
    ("name", "title", "words"), [("a/b.pdf", TITLES, "name"), ("", TITLES, "name"), ("a.pdf", {"en": " "}, "title")]
)
def test_a_name_and_a_title_are_asked_for(
    session: Session, now: datetime, name: str, title: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        kept(session, now, title=title, name=name)
    with pytest.raises(NotFound):
        say_title(session, "0" * 64, TITLES)


def test_one_that_a_template_names_stays(session: Session, now: datetime, tmp_path: Path) -> None:
    catalog = templates_in(tmp_path)
    kept(session, now)
    drafted(session, MAIL + ATTACHED, now, catalog)
    assert uses(session, naming(catalog)) == {SHA256: [NAME]}
    with pytest.raises(Conflict, match=NAME):
        retire_unused(session, SHA256, {}, now=now)
    drafted(session, MAIL, now, catalog)
    retire_unused(session, SHA256, naming(catalog), now=now)
    assert (files(session), attachments(session, "")) == ([], {})
    # Links in mails that were sent still open.
    assert file_bytes(session, SHA256) == DATA
    with pytest.raises(NotFound):
        retire_unused(session, SHA256, {}, now=now)


def test_a_publication_carries_it_and_going_back_brings_it_back(
    session: Session, now: datetime, tmp_path: Path
) -> None:
    catalog = templates_in(tmp_path)
    kept(session, now)
    first = published(session, MAIL + ATTACHED, now, catalog)
    assert [one.name for one in show(in_service(session, catalog), NAME, About()).files] == ["size-chart.pdf"]
    # The text's hash covers the bytes: another file is another text.
    other = kept(session, now, pdf(words="2026"))
    second = published(session, MAIL + ATTACHED.replace(SHA256, other.sha256), now + timedelta(hours=1), catalog)
    assert second.sha256 != first.sha256
    columns = standing(session, catalog, NAME).columns
    assert other.sha256 in "".join(line for block in columns for line in block.published)
    retire_unused(session, SHA256, naming(in_service(session, catalog)), now=now)
    back = roll_back(
        session,
        NAME,
        to_number=1,
        verdict=verdict(session, numbered(session, NAME, 1).text),
        catalog=catalog,
        agent_id=build.agent(session, now),
        now=now + timedelta(hours=2),
    )
    assert back is not None
    assert [one.sha256 for one in show(in_service(session, catalog), NAME, About()).files] == [SHA256]
    assert [one.sha256 for one in files(session)] == [other.sha256]


def test_what_was_told_to_publish_is_what_the_preview_and_the_mail_of_a_flow_carry(
    session: Session, now: datetime, tmp_path: Path
) -> None:
    catalog = templates_in(tmp_path)
    kept(session, now)
    published(session, catalog.text(NOTICE) + WITHIN + LINKED.replace("size-chart", "größe"), now, catalog, NOTICE)
    served = in_service(session, catalog)
    mail = notice(served)
    assert [(one.way, one.name) for one in mail.files] == [("attached", "size-chart.pdf"), ("linked", "größe.pdf")]
    assert f'href="{AT}/files/{SHA256}/gr%C3%B6%C3%9Fe.pdf"' in mail.html
    assert f"Size chart <{AT}/files/{SHA256}/gr%C3%B6%C3%9Fe.pdf>" in mail.text
    assert "Size chart (size-chart.pdf)" in mail.text
    assert "attached:" not in mail.html + mail.text
    renderer = Renderer(1)
    try:
        shown = renderer.show_here(served, NOTICE, None, About())
        assert shown.files == mail.files
        found, _ = renderer.check_here(served, NOTICE, None)
        assert [one for one in found if one.is_mistake] == []
        small = in_service(session, catalog, most=100)
        found, _ = renderer.check_here(small, NOTICE, None)
        assert any("at most 100 go within a mail" in one.words for one in found if one.is_mistake)
        heavy = {SHA256: replace(served.published.files[SHA256], size=400_000)}
        found, _ = renderer.check_here(Catalog(served.directory, replace(served.published, files=heavy)), NOTICE, None)
        assert [one.words for one in found if "a link is lighter" in one.words and not one.is_mistake]
        alone = in_service(session, catalog, at="")
        found, _ = renderer.check_here(alone, NOTICE, None)
        assert any("public_url" in one.words for one in found if one.is_mistake)
    finally:
        renderer.close()
    with pytest.raises(InputError, match="at most 100"):
        notice(small)


@pytest.mark.parametrize("name", ["size-chart.pdf", "Größentabelle.pdf", "尺码表" * 26 + ".pdf", "x" * 81 + ".pdf"])
def test_a_mail_with_a_file_is_whole(now: datetime, name: str) -> None:
    letter = LifecycleLetter(
        message_id="<a@shop.test>",
        sender_address="care@shop.test",
        sender_name="Mia",
        recipient=build.ANA,
        recipient_name="Ana",
        subject="Sizes",
        text="Size chart\n",
        html="<p>Size chart</p>",
        written_at=now,
        kind="transactional",
        flow="shipping_notice",
        locale="en",
        files=[Attached(name, DATA), Attached("terms.pdf", b"%PDF")],
    )
    raw = compose_lifecycle(letter)
    meant = Meant("<a@shop.test>", build.ANA, "Sizes", "Size chart\n", kind="transactional")
    assert proofread(raw, meant) == []
    parts = list(message_from_bytes(raw, policy=modern).walk())
    assert [part.get_content_type() for part in parts] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf", "application/pdf")
    ]
    assert (parts[4].get_content_disposition(), parts[4].get_filename()) == ("attachment", name)
    assert parts[4].get_payload(decode=True) == DATA
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    # Nothing else may hang on a mail of ours.
    assert proofread(raw.replace(b"application/pdf", b"application/zip"), meant) != []


def test_an_answer_carries_the_very_bytes_that_were_approved(session: Session, now: datetime) -> None:
    kept(session, now)
    asked = build.asked(session, now)
    edit(session, asked.draft, text=f"Hello Ana,\n\n{ATTACHED}\n", version=1, agent_id=1, now=now)
    approve(session, asked.draft, version=2, agent_id=1, terms=build.TERMS, now=now)
    newest = session.exec(select(Message).order_by(Message.id.desc())).first()  # type: ignore[union-attr]
    assert newest is not None
    mail = message_from_bytes(session.get_one(Blob, newest.sha256).unpack(), policy=modern)
    assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [DATA]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Size chart (size-chart.pdf)" in body.get_content()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[x](attached:{'0' * 64}/x.pdf)", "the file x.pdf is not there"),
        (f"[x](linked:{SHA256}/x.pdf)", "public_url"),
        (f"attached:{SHA256}/x.pdf", "write a file as"),
    ],
)
def test_an_answer_that_cannot_carry_its_file_stays_a_draft(
    session: Session, now: datetime, text: str, words: str
) -> None:
    kept(session, now)
    asked = build.asked(session, now)
    edit(session, asked.draft, text=f"Hello Ana,\n\n{text}\n", version=1, agent_id=1, now=now)
    with pytest.raises(InputError, match=words):
        approve(session, asked.draft, version=2, agent_id=1, terms=build.TERMS, now=now)


async def test_files_of_the_folder_are_kept_and_bad_ones_are_told(
    db: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    catalog = templates_in(tmp_path)
    good, bad = (catalog.directory / "attachments" / one for one in (SHA256, digest(HOSTILE["a program"][0])))
    for folder, data in ((good, DATA), (bad, HOSTILE["a program"][0]), (good.with_name("f" * 64), DATA)):
        folder.mkdir(parents=True)
        (folder / "size-chart.pdf").write_bytes(data)
    (catalog.directory / NAME).write_text(MAIL + ATTACHED)
    await bring_folder(db, catalog.directory, 2_000_000, now=clock.now())
    (row,) = await db.read(files)
    assert (row.sha256, row.title, row.uploaded_by) == (SHA256, {"en": "Size chart"}, None)
    told = {one.subject: one.words for one in await db.read(alarms)}
    assert "starts programs" in told[f"templates/attachments/{bad.name}/size-chart.pdf"]
    assert SHA256 in told[f"templates/attachments/{'f' * 64}/size-chart.pdf"]
    for path in (bad, good.with_name("f" * 64)):
        (path / "size-chart.pdf").unlink()
    await bring_folder(db, catalog.directory, 2_000_000, now=clock.now())
    assert await db.read(alarms) == []
    served = TemplateShelf(db, clock, catalog.directory)
    await served.read()
    assert [one.sha256 for one in show(served.catalog, NAME, About()).files] == [SHA256]


def alarms(session: Session) -> list[Alarm]:
    wanted = select(Alarm).where(Alarm.kind == "template_file", Alarm.settled_at.is_(None))  # type: ignore[union-attr]
    return list(session.exec(wanted))


def test_a_folder_is_checked_with_its_files_and_without_a_database(tmp_path: Path) -> None:
    catalog = templates_in(tmp_path)
    folder = catalog.directory / "attachments" / SHA256
    folder.mkdir(parents=True)
    (folder / "size-chart.pdf").write_bytes(DATA)
    text = catalog.text(NAME)
    (catalog.directory / NAME).write_text(f"{text}\n{ATTACHED}\n")
    (catalog.directory / NOTICE).write_text(catalog.text(NOTICE) + LINKED)
    found = folder_catalog(catalog.directory)
    assert [*check_templates(found), *check_lifecycle(found)] == []
    (folder / "size-chart.pdf").unlink()
    found = folder_catalog(catalog.directory)
    told = [*check_templates(found), *check_lifecycle(found)]
    assert [one.partition(": ")[0] for one in told] == [f"templates/{NAME}", f"templates/{NOTICE}"]
    assert all("is not there" in one for one in told)
    assert enclosed_in(text, {}) == []


def test_nobody_publishes_what_names_a_file_that_is_not_there(session: Session, now: datetime, tmp_path: Path) -> None:
    catalog = templates_in(tmp_path)
    draft = drafted(session, catalog.text(NAME) + ATTACHED, now, catalog)
    renderer = Renderer(1)
    try:
        judged = renderer.judge_here(in_service(session, catalog), NAME, draft.text)
    finally:
        renderer.close()
    person = build.agent(session, now)
    with pytest.raises(InputError, match="is not there"):
        publish(session, draft.id or 0, sha256=draft.sha256, verdict=judged, agent_id=person, now=now)
