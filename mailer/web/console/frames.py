"""A mail in <iframe sandbox>: nothing runs in it and it fetches nothing; only the styles that it came with apply."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from starlette.responses import HTMLResponse

from mailer.web.security import framed


def mail_frame(html: str) -> HTMLResponse:
    """The answer that shows a mail's HTML in a frame of ours."""
    return HTMLResponse(html, headers=framed(style_hashes(html)))


def style_hashes(html: str) -> str:
    """What the policy of a frame names so that the mail's own styles apply, and no others (CSP 3, 6.7.2)."""
    found = _Styles()
    found.feed(html)
    found.close()
    hashes = sorted({b64encode(sha256(style.encode()).digest()).decode() for style in found.styles})
    named = " ".join(f"'sha256-{one}'" for one in hashes)
    return f"'unsafe-hashes' {named}" if named else ""


class _Styles(HTMLParser):
    """Every style attribute as a browser reads it, and the text of every style element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.styles: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note its style; of an attribute that stands there twice the first counts."""
        value = next((value for name, value in attrs if name == "style"), None)
        if value is not None:
            self.styles.append(value)
        if tag == "style":
            self._inside = True
            self.styles.append("")

    def handle_data(self, data: str) -> None:
        """The words of a style element come in pieces."""
        if self._inside:
            self.styles[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """A style element ends."""
        if tag == "style":
            self._inside = False
