"""A picture of the shop's own: kept by its hash with words, shown by a link or within the mail."""

import io
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes
from email.policy import default as modern

import pytest
from PIL import Image
from sqlmodel import Session

from mailer.errors import InputError, NotFound
from mailer.feedback.photo import read_picture
from mailer.model import TemplateImage
from mailer.outbound.compose import LifecycleLetter, Within, compose_lifecycle
from mailer.outbound.proofread import Meant, proofread
from mailer.rendering.catalog import Catalog
from mailer.rendering.image import LARGEST_INLINE, image_bytes, images, keep_image, pictures, retire_image, say_alt
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import LifecycleMail, render_lifecycle
from mailer.rendering.published import Published
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import edition_now
from mailer.rendering.show import About
from tests import build

NAME = "lifecycle/shipping_notice.en.html"
CATALOG = Catalog(build.TEMPLATES)
WORDS = {"en": "Two people on a bench", "de": "Zwei Leute auf einer Bank"}


def file(kind: str = "PNG", colour: str = "red", size: tuple[int, int] = (40, 20)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def kept(
    session: Session,
    now: datetime,
    data: bytes,
    *,
    alt: Mapping[str, str] = WORDS,
    inline: bool = True,
    name: str = "bench",
) -> TemplateImage:
    made = read_picture(data, 5_000_000)
    return keep_image(
        session,
        name="bench",
        data=made.data,
        mime=made.mime,
        width=made.width,
        height=made.height,
        alt=alt,
        inline=inline,
        agent_id=build.agent(session, now),
        now=now,
    )


def mail(catalog: Catalog, locale: str = "en") -> LifecycleMail:
    facts = {path: value for path, value in SAMPLES.items() if not path.startswith("links.")}
    return render_lifecycle(catalog, "shipping_notice", facts, {}, locales=[locale])


def showing(session: Session, at: str = "") -> Catalog:
    """The shipping notice with the picture below its words."""
    published = Published(images=pictures(session, at))
    text = CATALOG.text(NAME) + "{{ kit.image(images.bench) }}\n"
    return Catalog(build.TEMPLATES, published).with_text(NAME, text)


def test_it_is_shown_by_a_link_or_goes_within(session: Session, now: datetime) -> None:
    row = kept(session, now, file(), inline=False)
    linked = mail(showing(session, "https://care.shop.example"))
    assert f'src="https://care.shop.example/images/{row.sha256}.png"' in linked.html
    assert 'alt="Two people on a bench"' in linked.html
    assert linked.pictures == ()
    within = mail(showing(session))
    (picture,) = within.pictures
    assert f'src="cid:{picture.cid}"' in within.html
    assert picture.data == image_bytes(session, row.sha256)[0]
    assert within.made_from["images/bench"] != linked.made_from["images/bench"]
    assert showing(session).is_current("images/bench", within.made_from["images/bench"])


def test_a_mail_with_a_picture_is_whole(session: Session, now: datetime) -> None:
    kept(session, now, file())
    written = mail(showing(session))
    letter = LifecycleLetter(
        message_id="<a@shop.test>",
        sender_address="care@shop.test",
        sender_name="Mia",
        recipient=build.ANA,
        recipient_name="Ana",
        subject=written.subject,
        text=written.text,
        html=written.html,
        written_at=now,
        kind="transactional",
        flow="shipping_notice",
        locale="en",
        pictures=[Within(one.cid, one.mime, one.data) for one in written.pictures],
    )
    raw = compose_lifecycle(letter)
    meant = Meant("<a@shop.test>", build.ANA, written.subject, written.text, kind="transactional")
    assert proofread(raw, meant) == []
    parts = list(message_from_bytes(raw, policy=modern).walk())
    assert [part.get_content_type() for part in parts] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png")
    ]
    assert parts[-1]["Content-ID"] == f"<{written.pictures[0].cid}>"
    assert parts[-1].get_payload(decode=True) == written.pictures[0].data
    assert raw == compose_lifecycle(letter)


def test_words_are_required_and_told_in_the_mails_language(session: Session, now: datetime) -> None:
    for alt in ({}, {"en": "  "}):
        with pytest.raises(InputError, match="say in words"):
            kept(session, now, file(), alt=alt)
    row = kept(session, now, file(), alt={"en": "A  bench"})
    assert row.alt == {"en": "A bench"}
    before = edition_now(session)
    say_alt(session, row.sha256, WORDS)
    assert edition_now(session) == before + 1
    assert pictures(session, "")["bench"].words("de-AT") == "Zwei Leute auf einer Bank"
    assert pictures(session, "")["bench"].words("fr") == "Two people on a bench"
    with pytest.raises(InputError):
        say_alt(session, row.sha256, {})
    with pytest.raises(NotFound):
        say_alt(session, "0" * 64, WORDS)


def test_a_newer_picture_of_a_name_takes_its_place_and_the_older_stays_readable(
    session: Session, now: datetime
) -> None:
    old = kept(session, now, file())
    new = kept(session, now, file(colour="blue"))
    assert [one.sha256 for one in images(session)] == [new.sha256]
    assert image_bytes(session, old.sha256)[1] == "image/png"
    retire_image(session, new.sha256, now=now)
    assert images(session) == []
    again = kept(session, now, file())
    assert (again.sha256, again.retired_at) == (old.sha256, None)


@pytest.mark.parametrize(
    ("changes", "words"), [({"name": "../x"}, "small letters"), ({"data": b"x" * (LARGEST_INLINE + 1)}, "at most")]
)
def test_what_no_mail_should_carry_is_refused(
    session: Session, now: datetime, changes: dict[str, object], words: str
) -> None:
    given = {"name": "bench", "data": b"x", "mime": "image/png", "width": 1, "height": 1, "alt": WORDS, "inline": True}
    with pytest.raises(InputError, match=words):
        keep_image(session, agent_id=1, now=now, **{**given, **changes})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no picture that mails show"):
        keep_image(session, agent_id=1, now=now, **{**given, "mime": "image/svg+xml"})  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "png"), ("WEBP", "png")])
def test_every_kind_is_made_anew(kind: str, mime: str) -> None:
    made = read_picture(file(kind, size=(2_400, 1_200)), 5_000_000)
    assert (made.mime, made.width, made.height) == (f"image/{mime}", 1_200, 600)


def test_a_moving_picture_moves() -> None:
    target = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], comment=b"<script>")
    made = read_picture(target.getvalue(), 100_000)
    assert made.mime == "image/gif"
    assert b"<script>" not in made.data
    with Image.open(io.BytesIO(made.data)) as image:
        assert image.n_frames == 3


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"<svg onload=x>", "type"), (file()[:50], "broken"), (b"x" * 200, "size"), (b"GIF89a", "broken")],
)
def test_what_is_no_picture_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_picture(data, 199)


def test_a_preview_shows_it_and_an_unknown_one_is_a_mistake(session: Session, now: datetime) -> None:
    kept(session, now, file())
    catalog = showing(session)
    renderer = Renderer(1)
    try:
        assert "cid:" in renderer.show_here(catalog, NAME, None, About()).html
        assert not any(one.is_mistake for one in renderer.check_here(catalog, NAME, None)[0])
        found, _ = renderer.check_here(catalog, NAME, catalog.text(NAME).replace("images.bench", "images.none_such"))
        assert any(one.is_mistake for one in found)
    finally:
        renderer.close()
