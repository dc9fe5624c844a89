"""What a template may be called: `replies/order_status.en.md`; what follows from the name."""

import re
from dataclasses import dataclass

from mailer.errors import InputError

_KEY = r"[a-z][a-z0-9_]{0,60}"
_LOCALE = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
_NAME = re.compile(
    rf"(?:storefronts/(?P<storefront>[a-z0-9][a-z0-9_-]{{0,40}})/)?"
    rf"(?:(?P<use>replies|lifecycle|blocks)/(?P<key>{_KEY})\.(?P<locale>{_LOCALE})\.(?P<suffix>md|html)"
    rf"|(?P<whole>layout|kit)\.html|words/(?P<words>{_LOCALE})\.toml)"
)
_SUFFIXES = {"replies": ("md",), "lifecycle": ("html",), "blocks": ("md", "html")}


@dataclass(frozen=True)
class Name:
    """A template's path, taken apart. `use` is replies, lifecycle, blocks, or frame: what stands around all mails."""

    path: str
    use: str
    key: str
    locale: str
    storefront: str = "main"

    def in_locale(self, locale: str) -> "Name":
        """The same template in another language."""
        head, _, suffix = self.path.rsplit(".", 2) if self.locale and self.use != "frame" else ("", "", "")
        if not head:
            raise InputError(self.path, ["it has no language of its own"])
        return parse_name(f"{head}.{locale}.{suffix}")


def parse_name(path: str) -> Name:
    """The name of a template. Raises InputError for all else, paths that lead elsewhere among them."""
    found = _NAME.fullmatch(path)
    if found is None or (found["use"] and found["suffix"] not in _SUFFIXES[found["use"]]):
        shape = "replies/KEY.LOCALE.md, lifecycle/KEY.LOCALE.html or blocks/KEY.LOCALE.md"
        raise InputError(path[:100], [f"is no name of a template; it has the form {shape}"])
    key = found["key"] or found["whole"] or "words"
    use = found["use"] or "frame"
    return Name(path, use, key, found["locale"] or found["words"] or "", found["storefront"] or "main")


def made_name(use: str, key: str, locale: str, storefront: str = "main") -> Name:
    """The name of a new template. Raises InputError."""
    suffix = _SUFFIXES.get(use, ("md",))[0]
    before = "" if storefront == "main" else f"storefronts/{storefront}/"
    return parse_name(f"{before}{use}/{key}.{locale}.{suffix}")
