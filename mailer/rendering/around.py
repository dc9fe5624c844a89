"""What one text does to others: a block, the kit, the layout and files of words are parts of many mails."""

from mailer.errors import InputError
from mailer.rendering.catalog import FRAME, Catalog
from mailer.rendering.critique import Remark, examine, remarks_of
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import FOOTER, KIT, LAYOUT
from mailer.rendering.names import Name, parse_name
from mailer.rendering.show import About, show


def dependents(catalog: Catalog, path: str) -> list[str]:
    """The whole mails that are made from it, by name; none of what is a mail itself."""
    name = parse_name(path)
    if name.use in ("replies", "lifecycle"):
        return []
    found = []
    for mail in (*catalog.names(), *catalog.lifecycle()):
        its = parse_name(mail)
        same_shop = name.storefront in ("main", its.storefront)
        if same_shop and name.locale in ("", its.locale) and _is_made_from(catalog, its, name):
            found.append(mail)
    return found


def spoilt(catalog: Catalog, path: str) -> list[Remark]:
    """The mistakes of one mail, which something around it may have brought about."""
    try:
        found = examine(catalog, path, catalog.text(path))
        if not any(one.is_mistake for one in found):
            show(catalog, path, About(SAMPLES))
    except InputError as error:
        found = remarks_of(error, path)
    return [Remark(one.line, one.words, file=one.file or path) for one in found if one.is_mistake]


def _is_made_from(catalog: Catalog, mail: Name, name: Name) -> bool:
    around = (FOOTER, KIT, LAYOUT, "words") if mail.use == "lifecycle" else (FRAME,)
    stem = name.path.removeprefix(f"storefronts/{name.storefront}/")
    if any(stem == one or stem.startswith((f"{one}.", f"{one}/")) for one in around):
        return True
    try:
        return any(part.name == name.path for part in catalog.parts(catalog.read(mail.path), mail.storefront))
    except InputError:
        # It is broken already, by something else.
        return False
