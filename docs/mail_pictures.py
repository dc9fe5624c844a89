"""One picture of each mail that a flow sends, in docs/mails/: phone and desktop, light and dark, German and Chinese.

Made from the samples of `mailer.rendering.known`, without network: on the phone pictures of products do not load, as
in many mail programs; on the desktop they do.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Route

from mailer.rendering.catalog import Catalog
from mailer.rendering.context import flatten
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import LifecycleMail, render_lifecycle

HERE = Path(__file__).parent
MAILS = HERE / "mails"
PHONE, DESKTOP = 390, 820
Scheme = Literal["light", "dark"]
# Language, width and colours of the four views on a sheet.
VIEWS: tuple[tuple[str, int, Scheme], ...] = (
    ("de", PHONE, "light"),
    ("zh", PHONE, "dark"),
    ("de", DESKTOP, "dark"),
    ("zh", DESKTOP, "light"),
)
_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="112" height="112"><rect width="112" height="112"
 fill="#cfd8d3"/><path d="M36 26l20 8 20-8 18 16-12 14-6-4v40H36V52l-6 4-12-14z" fill="#4f7a70"/></svg>"""


async def take_mails(browser: Browser) -> None:
    """A sheet of four views for each mail."""
    catalog = Catalog(HERE.parent / "templates")
    MAILS.mkdir(exist_ok=True)
    for key in sorted({Path(name).name.split(".")[0] for name in catalog.lifecycle()}):
        shots = [await shot(browser, mail(catalog, key, locale), width, scheme) for locale, width, scheme in VIEWS]
        await sheet(browser, shots, MAILS / f"{key}.jpg")


def mail(catalog: Catalog, key: str, locale: str) -> LifecycleMail:
    """The mail with its own samples, those of its language where it has them."""
    template = catalog.find(f"lifecycle/{key}", [locale])
    own = {**flatten(template.optional), **flatten(template.needs)}
    links = {path.removeprefix("links."): str(url) for path, url in SAMPLES.items() if path.startswith("links.")}
    facts = {path: value for path, value in {**SAMPLES, **own}.items() if not path.startswith("links.")}
    return render_lifecycle(catalog, key, facts, links, locales=[locale])


async def shot(browser: Browser, mail: LifecycleMail, width: int, scheme: Scheme) -> bytes:
    """One view of a mail, as high as it is."""
    page = await browser.new_page(viewport={"width": width, "height": 600}, color_scheme=scheme)

    async def answer(route: Route) -> None:
        if width == PHONE:
            await route.abort()
        else:
            await route.fulfill(body=_PICTURE, content_type="image/svg+xml")

    await page.route("**/*", answer)
    await page.set_content(mail.html, wait_until="load")
    picture = await page.screenshot(full_page=True, type="png")
    await page.close()
    return picture


async def sheet(browser: Browser, shots: list[bytes], file: Path) -> None:
    """Several views side by side, as one picture."""
    page = await browser.new_page(viewport={"width": 1300, "height": 10})
    await page.set_content(
        "<body style='margin:0;padding:16px;display:flex;gap:16px;align-items:flex-start;background:#777'>"
        + "".join(_views(shots))
        + "</body>"
    )
    await page.screenshot(path=file, full_page=True, type="jpeg", quality=72)
    await page.close()


def _views(shots: list[bytes]) -> Iterator[str]:
    for (_, width, _), picture in zip(VIEWS, shots, strict=True):
        data = base64.b64encode(picture).decode()
        yield f"<img width='{width // 2}' src='data:image/png;base64,{data}'>"
