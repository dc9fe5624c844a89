"""What all pages for customers have in common: closed links, headers, limits, words of each language."""

import re
import string
import tomllib
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.feedback.eligibility import REASONS, WISHES
from mailer.model import LinkVisit
from mailer.signing import Keys
from mailer.web.public import words as words_module
from mailer.web.public.words import asked_by_browser, best, languages, wording
from tests.feedback.build import Bought, bought
from tests.web.public.pages import all_of, one_click, words_of

PAGES = Path(words_module.__file__).parent / "pages"


async def sold(db: Database, clock: FrozenClock, **order: object) -> Bought:
    return await db.run(lambda session: bought(session, clock.now(), **order))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["rate", "review", "choice", "return", "unsubscribe", "unseen"])
async def test_a_forged_link_is_told_kindly_and_leaves_no_trace(
    db: Database, clock: FrozenClock, customer: httpx2.AsyncClient, path: str
) -> None:
    page = await customer.get(f"/{path}/ros1-1-1-x.aaaaaaaaaaaaaaaaaaaaaaaaaa", headers={"accept-language": "de-AT,en"})
    assert page.status_code == 404
    assert "Dieser Link funktioniert nicht" in words_of(page)
    assert "Ein Mensch liest das" in words_of(page)
    assert await db.read(all_of(LinkVisit)) == []


async def test_a_link_opens_its_own_page_only(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    token = (await sold(db, clock)).link("rate", "satisfaction").token(keys)
    for path in ("review", "return", "choice", "unsubscribe"):
        assert (await customer.get(f"/{path}/{token}")).status_code == 404
        assert (await customer.post(f"/{path}/{token}", **one_click())).status_code == 404


async def test_an_old_link_says_what_to_do(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock, language="zh")
    link = order.link("rate", "satisfaction", last_day=(clock.now() - timedelta(days=1)).date())
    for answer in (
        await customer.get(f"/rate/{link.token(keys)}"),
        await customer.post(f"/rate/{link.token(keys)}", data={"value": "1"}),
    ):
        assert answer.status_code == 410
        assert "此链接已过期" in words_of(answer)


async def test_the_headers_of_a_page(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    token = (await sold(db, clock)).link("rate", "satisfaction").token(keys)
    page = await customer.get(f"/rate/{token}")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert not re.search(r" (style|on\w+)=", page.text)
    style = re.search(r'href="(/look/customer\.css\?v=\w+)"', page.text)
    assert style is not None
    sheet = await customer.get(style[1])
    assert sheet.status_code == 200
    assert "immutable" in sheet.headers["cache-control"]
    assert (await customer.get("/look/../pages/rate.html")).status_code == 404


async def test_a_link_that_is_opened_without_end_has_to_wait(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/rate/{order.link('rate', 'satisfaction').token(keys)}"
    codes = [(await customer.head(address)).status_code for _ in range(70)]
    assert codes[:59] == [200] * 59
    assert codes[-1] == 429
    other = await customer.get(f"/rate/{order.link('rate', 'arrived').token(keys)}")
    assert other.status_code == 200, "each link has its own patience"


async def test_what_is_no_page_is_as_before(customer: httpx2.AsyncClient) -> None:
    assert (await customer.get("/rate")).status_code == 404
    assert (await customer.get("/rates/x")).headers["content-type"] == "application/json"
    assert (await customer.get("/healthz")).status_code == 200
    assert (await customer.put("/rate/x")).status_code == 405


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", languages())
def test_each_language_has_every_text_with_the_same_values(language: str) -> None:
    english, other = wording("en").texts, wording(language).texts
    assert set(other) == set(english)
    assert {key for key in english if fields(english[key]) != fields(other[key])} == set()
    assert [key for key, text in other.items() if not text.strip() or text != text.strip()] == []


FORMAL = {
    "de": r"\b(Sie|Ihre?[nmrs]?|Ihnen)\b",
    "fr": r"(?i)\b(vous|votre|vos|veuillez)\b",
    "es": r"(?i)\b(usted|elija|vuelva|responda|puede|desea|le)\b",
    "it": r"\b(Lei|Su[oa]|Suoi|Sue|[Ss]celga|[Rr]isponda|Riprovi|desidera|Vuole|Può|può)\b|[^.] Le\b",
    "nl": r"(?i)\bu(?:w|zelf)?\b",
}


@pytest.mark.parametrize("language", FORMAL)
def test_an_informal_shop_is_informal_throughout(language: str) -> None:
    formal, informal = wording(language).texts, wording(language, formal=False).texts
    assert set(informal) == set(formal)
    assert {key for key in formal if fields(formal[key]) != fields(informal[key])} == set()
    assert {key: text for key, text in informal.items() if re.search(FORMAL[language], text)} == {}
    assert [key for key in formal if re.search(FORMAL[language], formal[key])]
    only = tomllib.loads((PAGES.parent / "words" / "informal" / f"{language}.toml").read_text(encoding="utf-8"))
    same = [
        f"{table}.{key}"
        for table, texts in only.items()
        for key, text in texts.items()
        if text == formal[f"{table}.{key}"]
    ]
    assert same == []


def test_there_are_eight_languages() -> None:
    assert languages() == ("de", "en", "es", "fr", "it", "ja", "nl", "zh")


def test_every_text_is_used_and_every_text_that_is_used_exists() -> None:
    pages = "\n".join(file.read_text(encoding="utf-8") for file in PAGES.glob("*.html"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in PAGES.parent.glob("*.py"))
    known = set(wording("en").texts)
    used = {
        key
        for key in re.findall(r'"([a-z]+\.[a-z_0-9]+)"', pages + code)
        if key.split(".")[0] in tables() and not key.endswith((".html", "_"))
    }
    built = {
        *(f"reason.{one}" for one in REASONS),
        *(f"wish.{one}" for one in WISHES),
        *(f"review.fit_{one}" for one in ("small", "right", "large")),
        *(f"choice.will_{one}" for one in ("wait", "cancel")),
        *(f"return.is_{one}" for one in ("requested", "refused", "received", "settled")),
        *(f"unsubscribe.{one}" for one in ("feedback", "marketing")),
        *(f"photo.{one}" for one in ("many", "type", "size", "broken")),
        *(
            f"closed.{one}{end}"
            for one in ("forged", "expired", "gone", "busy", "large", "broken", "test")
            for end in ("", "_title")
        ),
    }
    assert used - known == set()
    assert known - used - built == set()


def tables() -> set[str]:
    return {key.split(".")[0] for key in wording("en").texts}


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (("de-AT",), "de"),
        (("zh_TW",), "zh"),
        ((None, "fr"), "fr"),
        (("pt", "es"), "es"),
        (("xx", None), "en"),
        ((), "en"),
    ],
)
def test_the_best_language(wanted: tuple[str | None, ...], language: str) -> None:
    assert best(*wanted).language == language


@pytest.mark.parametrize(
    ("header", "language"),
    [("ja,en;q=0.8", "ja"), ("pt-BR, it;q=0.5", "it"), ("", None), ("*", None), ("x" * 999, None)],
)
def test_what_a_browser_asks_for(header: str, language: str | None) -> None:
    assert asked_by_browser(header) == language
