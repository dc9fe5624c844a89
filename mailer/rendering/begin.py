"""A template that did not exist: a new mail from a skeleton or a copy, and a mail in one more language.

Each begins as a draft of the person who asked for it; nothing of it is in service before it is published.
"""

import re
from datetime import datetime

from sqlmodel import Session

from mailer.errors import Conflict, InputError
from mailer.model import TemplateRevision
from mailer.rendering.catalog import Catalog, chain
from mailer.rendering.names import Name, parse_name
from mailer.rendering.revision import own_draft, save_draft

_KINDS = {
    "replies": ("reply", "acknowledgement"),
    "lifecycle": ("transactional", "feedback", "marketing"),
    "blocks": ("",),
}
_REPLY = """+++
kind = "{kind}"
opening = "Thank you for your message."

[needs]
order.number = "#1001"
+++

About your order {{{{ order.number }}}}: write the answer here.
"""
_LIFECYCLE = """+++
kind = "{kind}"
subject = "Your order {{{{ order.number }}}}"
preheader = "What this mail says, in one line."

[needs]
order.number = "#1001"
+++

<h1>What this mail says</h1>
<p>About your order {{{{ order.number }}}}: write the words here.</p>
"""
_BLOCK = """+++
+++

Write the words here.
"""
_SKELETONS = {"replies": _REPLY, "lifecycle": _LIFECYCLE, "blocks": _BLOCK}


def begin_template(
    session: Session,
    name: Name,
    *,
    kind: str = "",
    like: str = "",
    catalog: Catalog,
    agent_id: int,
    now: datetime,
) -> TemplateRevision:
    """A draft of a new template: from a skeleton of this kind, or as a copy. Raises Conflict when it exists."""
    text = _in_language(catalog.text(parse_name(like).path), name.locale) if like else skeleton(name, kind)
    return _begun(session, name, text, catalog, agent_id, now)


def begin_locale(
    session: Session, path: str, locale: str, *, catalog: Catalog, agent_id: int, now: datetime
) -> TemplateRevision:
    """A draft of a mail in one more language, with the words that its customers get until then.

    Raises Conflict when it exists, InputError for what has no language.
    """
    source = parse_name(path)
    name = source.in_locale(locale)
    nearest = [source.in_locale(one).path for one in chain([locale])[1:]]
    found = next((one for one in nearest if catalog.has(one)), source.path)
    return _begun(session, name, _in_language(catalog.text(found), locale), catalog, agent_id, now)


def skeleton(name: Name, kind: str = "") -> str:
    """What a new template begins with. Raises InputError for a kind that such a template cannot have."""
    kinds = _KINDS.get(name.use, ())
    if not kinds or (kind or kinds[0]) not in kinds:
        raise InputError(name.path, [f"its kind is one of {', '.join(filter(None, kinds)) or 'none: it has a file'}"])
    return _SKELETONS[name.use].format(kind=kind or kinds[0])


def _begun(session: Session, name: Name, text: str, catalog: Catalog, agent_id: int, now: datetime) -> TemplateRevision:
    if catalog.has(name.path):
        raise Conflict(f"templates/{name.path} exists already; open it")
    if (known := own_draft(session, name.path, agent_id)) is not None:
        return known
    return save_draft(session, name.path, text, agent_id=agent_id, expected_version=0, catalog=catalog, now=now)


def _in_language(text: str, locale: str) -> str:
    """The blocks that it includes are those of its language."""
    return re.sub(r"""(["']blocks/[a-z0-9_]+)\.[A-Za-z-]+(\.(?:md|html)["'])""", rf"\g<1>.{locale}\g<2>", text)
