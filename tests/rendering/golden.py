"""What customers read, kept as text: one file per template and language, read by people before it is committed.

`make golden` writes them anew; `git diff` then shows what a change of words does to every mail.
"""

from collections.abc import Iterator
from pathlib import Path

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog
from mailer.rendering.render import MissingFacts, Rendered, render_named
from tests.build import TEMPLATES
from tests.rendering import golden_lifecycle
from tests.rendering.states import states

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    """Write every file anew, and take away those whose template is gone."""
    catalog = Catalog(TEMPLATES)
    wanted = golden_lifecycle.write(catalog)
    for name in catalog.names():
        path = place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_text(golden(catalog, name), encoding="utf-8")
        except InputError as error:
            print(f"{name}: {error}")
        wanted.add(path)
    for path in GOLDEN.rglob("*.txt"):
        if path not in wanted:
            path.unlink()
    print(f"{len(wanted)} files in {GOLDEN}; now read what changed: git diff {GOLDEN}")


def place(name: str) -> Path:
    """Where the text of a template is kept: golden/de/order_status.txt."""
    key, locale, _ = Path(name).name.rsplit(".", 2)
    return GOLDEN / locale / f"{key}.txt"


def golden(catalog: Catalog, name: str) -> str:
    """All that this template can say: a section for each state in which it says something else."""
    return "\n".join(f"== {state}\n{_told(mail)}\n{mail.text}" for state, mail in mails(catalog, name))


def mails(catalog: Catalog, name: str) -> Iterator[tuple[str, Rendered]]:
    """Each different mail that the template makes, with the first state that brings it forth."""
    seen = set[tuple[str, str]]()
    template = catalog.read(name)
    key = Path(name).name.rsplit(".", 2)[0]
    for state, facts in states(catalog, template):
        try:
            mail = render_named(catalog, key, [template.locale], facts)
        except MissingFacts:
            continue
        # Whose name is known makes no case of its own.
        said = (mail.text.partition("\n")[2], mail.before)
        if said not in seen:
            seen.add(said)
            yield state, mail


def _told(mail: Rendered) -> str:
    """What the agent sees beside it."""
    lines = [f"first: {line}" for line in mail.before.split("\n") if line]
    lines += ["a person answers after it"] if mail.holding else []
    return "".join(f"({line})\n" for line in [*lines, *(["it asks the customer"] if mail.asks else [])])


if __name__ == "__main__":
    main()
