"""The door to jinja2: a sandbox for templates that people write, and plain pages for the console."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.clock import monotonic
from mailer.errors import InputError

_MOST_CHARACTERS = 200_000
_LONGEST_SECONDS = 1.0
# What mails need. Others fill the memory with one call (indent, center, batch), take for ever (round) or throw dice.
_KEPT_FILTERS = (
    *(
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "int",
        "items",
        "join",
    ),
    *("last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "select"),
    *("selectattr", "sort", "string", "striptags", "sum", "title", "trim", "truncate", "unique", "upper"),
    *("urlencode", "wordcount"),
)
_KEPT_METHODS = ("items", "keys", "values", "get", "startswith", "endswith", "lower", "upper", "strip")


class MailEnvironment(ImmutableSandboxedEnvironment):
    """jinja2's sandbox, less what lets one expression fill the memory."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers only: `"a" * 10**9` would be a gigabyte."""
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"{operator} works on numbers only, and ** not at all")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros and a few methods of plain values; `"".ljust(10**9)` would be a gigabyte as well."""
        harmless = isinstance(obj, Macro) or getattr(obj, "__name__", "") in _KEPT_METHODS
        return harmless and super().is_safe_callable(obj)


@lru_cache
def mail_environment(directory: Path) -> MailEnvironment:
    """An environment for mails in Markdown: blocks are included from `directory`, unknown variables are errors.

    No HTML escaping here: the text is the mail, and what becomes of it in HTML is escaped there.
    """
    environment = MailEnvironment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown; the HTML part is made from it with HTML switched off
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters = {name: one for name, one in environment.filters.items() if name in _KEPT_FILTERS}
    environment.filters.update(day=_day, moment=_moment)
    return environment


def render_text(environment: MailEnvironment, name: str, source: str, values: Mapping[str, Any], locale: str) -> str:
    """Fill a template. Raises InputError with the line; stops one that runs too long or writes too much."""
    pieces: list[str] = []
    length, end = 0, monotonic() + _LONGEST_SECONDS
    try:
        for piece in _compiled(environment, source).generate({**values, "locale": locale}):
            length += len(piece)
            if length > _MOST_CHARACTERS or monotonic() > end:
                raise InputError(f"templates/{name}", ["it writes too much or runs too long"])
            pieces.append(piece)
    except TemplateSyntaxError as error:
        raise InputError(f"templates/{error.name or name}", [f"line {error.lineno}: {error.message}"]) from None
    except RecursionError:
        raise InputError(f"templates/{name}", ["it includes or calls itself without end"]) from None
    except (
        TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        UnknownLocaleError,
    ) as error:
        raise InputError(f"templates/{name}", [str(error) or type(error).__name__]) from None
    return "".join(pieces)


def variables(environment: MailEnvironment, name: str, source: str) -> set[str]:
    """The dotted paths that a template reads, as in `order.number`; loop variables are not among them."""
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        raise InputError(f"templates/{name}", [f"line {error.lineno}: {error.message}"]) from None
    local = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    found: set[str] = set()
    _collect(tree, found)
    return {path for path in found if path.split(".")[0] not in local}


def pages_environment(directory: Path) -> Environment:
    """An environment for our own HTML pages: everything escaped, unknown variables are errors."""
    return Environment(loader=FileSystemLoader(directory), undefined=StrictUndefined, autoescape=True)


def _collect(node: nodes.Node, found: set[str]) -> None:
    path = _path(node)
    if path is not None:
        found.add(path)
        return
    for child in node.iter_child_nodes():
        _collect(child, found)


def _path(node: nodes.Node) -> str | None:
    parts: list[str] = []
    while isinstance(node, nodes.Getattr):
        parts.append(node.attr)
        node = node.node
    if isinstance(node, nodes.Name) and node.ctx == "load":
        return ".".join([node.name, *reversed(parts)])
    return None


@lru_cache(maxsize=500)
def _compiled(environment: MailEnvironment, source: str) -> Template:
    return environment.from_string(source)


@pass_context
def _day(context: Context, value: date | datetime) -> str:
    # Without a value, babel would say today.
    if not isinstance(value, date):
        raise TypeError(f"`day` needs a date, not {value!r}")
    return format_date(value, "full", locale=context["locale"].replace("-", "_"))


@pass_context
def _moment(context: Context, value: datetime) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"`moment` needs a date with a time, not {value!r}")
    return format_datetime(value, "d MMMM, HH:mm", locale=context["locale"].replace("-", "_"))
