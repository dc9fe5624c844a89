"""Texts that people write in the console are filled and checked in a limited process (mailer/child.py), and only there.

A question names the folder of the templates, the text, and what to do with it; the bytes beside it are the texts in
service, as JSON.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailer.child import Work, serve
from mailer.errors import InputError
from mailer.rendering.around import dependents, spoilt
from mailer.rendering.attachment import Attachment
from mailer.rendering.catalog import Catalog
from mailer.rendering.context import context
from mailer.rendering.critique import examine
from mailer.rendering.environment import render_text
from mailer.rendering.inline import inlined
from mailer.rendering.picture import Picture
from mailer.rendering.published import Published
from mailer.rendering.render import MissingFacts
from mailer.rendering.show import About, show

MODULE = "mailer.rendering.child"
SECONDS = 1.0
MEMORY = 256 * 1024 * 1024
WORK = Work(
    thing="template",
    does="fills templates",
    done="filled",
    most=5_000,
    by_work=True,
    at_rest=128 * 1024 * 1024,
)
_SAMPLE = "+++\nopening = 'Hi.'\n[needs]\norder.placed_on = '2026-11-02'\n+++\n{{ order.placed_on | day }}\n"


def _answer(question: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    catalog = Catalog(Path(question["directory"]), _published(raw))
    if question["text"] is not None:
        catalog = catalog.with_text(question["name"], question["text"])
    return _DOES[question["do"]](catalog, question)


def _show(catalog: Catalog, question: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"shown": asdict(show(catalog, question["name"], About(**question["about"])))}
    except MissingFacts as error:
        return {"missing": error.paths, "source": error.source}
    except InputError as error:
        return {"wrong": error.problems, "source": error.source}


def _examine(catalog: Catalog, question: Mapping[str, Any]) -> dict[str, Any]:
    name = question["name"]
    found = examine(catalog, name, catalog.text(name), question["never_told"])
    return {"remarks": [asdict(one) for one in found], "dependents": dependents(catalog, name)}


def _spoilt(catalog: Catalog, question: Mapping[str, Any]) -> dict[str, Any]:
    return {"remarks": [asdict(one) for one in spoilt(catalog, question["mail"])]}


def _fill(catalog: Catalog, question: Mapping[str, Any]) -> dict[str, Any]:
    """A text that is no template of ours, on facts by path."""
    name, text, values = question["name"], question["text"], context(question["values"])
    try:
        return {"filled": render_text(catalog.environment(), name, text, values, question["language"])}
    except InputError as error:
        return {"wrong": error.problems, "source": error.source}


_DOES: Mapping[str, Callable[[Catalog, Mapping[str, Any]], dict[str, Any]]] = {
    "show": _show,
    "examine": _examine,
    "spoilt": _spoilt,
    "fill": _fill,
}


@lru_cache(maxsize=4)
def _published(raw: bytes) -> Published:
    told = json.loads(raw)
    return Published(
        told["texts"],
        images={name: Picture(**one) for name, one in told["images"].items()},
        files={one["sha256"]: Attachment(**one) for one in told["files"]},
        most_attached=told["most"],
    )


def _prepare() -> None:
    """Everything that is read or compiled once."""
    name = "replies/sample.en.md"
    catalog = Catalog(Path()).with_text(name, _SAMPLE).with_text("blocks/frame.en.md", "+++\n+++\n{{ answers }}\n")
    examine(catalog, name, _SAMPLE)
    show(catalog, name, About())
    inlined("<p>x</p>", "p { margin: 0 }")


if __name__ == "__main__":
    serve(_answer, WORK, _prepare)
