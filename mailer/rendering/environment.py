"""The door to jinja2: a sandbox for templates that people write, and plain pages for the console."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailer.clock import worked
from mailer.errors import InputError
from mailer.rendering import front, locales
from mailer.rendering.blank import Blank

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
# Texts that stand over the files of the folder, by name.
Texts = tuple[tuple[str, str], ...]
_KEPT_METHODS = ("items", "keys", "values", "get", "startswith", "endswith", "lower", "upper", "strip")


class _LimitedCode(CodeGenerator):
    """Compiles `a ~ b` into a call that counts: doubled forty times, a word would fill the memory."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concat((")
        for part in node.nodes:
            self.write("str(environment.finalize(")
            self.visit(part, frame)
            self.write(")), ")
        self.write("))")


class _BlockLoader(FileSystemLoader):
    """Blocks of the storefront first, what was published before its file; their front matter is no part of the mail."""

    def __init__(self, directory: Path, storefront: str, published: Texts) -> None:
        super().__init__(directory, encoding="utf-8-sig")
        self.storefront = storefront
        self.published = dict(published)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The words of a block. Raises TemplateNotFound, or InputError when its front matter is broken."""
        try:
            text, file, fresh = self._text(environment, f"storefronts/{self.storefront}/{template}")
        except TemplateNotFound:
            text, file, fresh = self._text(environment, template)
        return front.split(f"templates/{template}", text)[1], file, fresh

    def _text(self, environment: Environment, name: str) -> tuple[str, str, Callable[[], bool]]:
        if (text := self.published.get(name)) is not None:
            return text, f"{self.searchpath[0]}/{name}", lambda: True
        found: tuple[str, str, Callable[[], bool]] = super().get_source(environment, name)
        return found


class MailEnvironment(ImmutableSandboxedEnvironment):
    """jinja2's sandbox, less what lets one expression fill the memory."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})
    code_generator_class = _LimitedCode

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Joins what a block, a macro or `~` wrote, up to the length of the longest mail."""
        pieces = list(parts)
        if sum(map(len, pieces)) > _MOST_CHARACTERS:
            raise SecurityError("it writes too much")
        return "".join(pieces)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers: `"a" * 10**9` would be a gigabyte. Only `+` also joins texts, up to a length."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return self.concat((left, right))
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"{operator} works on numbers only, and ** not at all")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A value before a method of its name: `shipment.items` are the items of the shipment."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros and a few methods of plain values; `"".ljust(10**9)` would be a gigabyte as well."""
        harmless = isinstance(obj, Macro) or getattr(obj, "__name__", "") in _KEPT_METHODS
        return harmless and super().is_safe_callable(obj)


@lru_cache
def mail_environment(directory: Path, storefront: str = "main", published: Texts = ()) -> MailEnvironment:
    """An environment for mails in Markdown: what it includes is published, else a file.

    Unknown variables are errors. No HTML escaping here: the text is the mail, and what becomes of it in HTML is
    escaped there.
    """
    # Markdown: the HTML part is made from it with HTML switched off.
    return _environment(directory, storefront, published, autoescape=False)


@lru_cache
def html_environment(directory: Path, storefront: str = "main", published: Texts = ()) -> MailEnvironment:
    """The same for mails in HTML: every value is escaped, and no filter lifts that."""
    return _environment(directory, storefront, published, autoescape=True)


def _environment(directory: Path, storefront: str, published: Texts, *, autoescape: bool) -> MailEnvironment:
    environment = MailEnvironment(
        loader=_BlockLoader(directory, storefront, published),
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        # A block ends its line itself; the line break after an include is trimmed.
        keep_trailing_newline=True,
        finalize=_printable,
    )
    environment.globals.clear()
    environment.filters = {name: one for name, one in environment.filters.items() if name in _KEPT_FILTERS}
    environment.filters.update(day=_day, moment=_moment, money=_money, number=_number, country=_country)
    environment.filters.update(informal=_informal, join=_join, replace=_replace)
    return environment


def render_text(environment: MailEnvironment, name: str, source: str, values: Mapping[str, Any], locale: str) -> str:
    """Fill a template. Raises InputError with the line; stops one that runs too long or writes too much."""
    pieces: list[str] = []
    length, end = 0, worked() + _LONGEST_SECONDS
    try:
        for piece in _compiled(environment, source).generate({"formal": True, **values, "locale": locale}):
            length += len(piece)
            if length > _MOST_CHARACTERS or worked() > end:
                raise InputError(f"templates/{name}", ["it writes too much or runs too long"])
            pieces.append(piece)
    except TemplateSyntaxError as error:
        raise InputError(f"templates/{error.name or name}", [f"line {error.lineno}: {error.message}"]) from None
    except TemplateNotFound as error:
        raise _told(environment, name, error, f"there is no block {error.message}") from None
    except RecursionError:
        raise InputError(f"templates/{name}", ["it includes or calls itself without end"]) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise _told(environment, name, error, str(error) or type(error).__name__) from None
    return "".join(pieces)


def written(html: str) -> Markup:
    """HTML that a template of ours wrote, to stand in another one as it is."""
    return Markup(html)  # noqa: S704


def macros(environment: MailEnvironment, name: str, source: str, values: Mapping[str, Any], locale: str) -> Any:
    """The macros of a file, to be called by templates under a name. Raises InputError with the line."""
    try:
        return _compiled(environment, source).make_module({"formal": True, **values, "locale": locale})
    except TemplateSyntaxError as error:
        raise InputError(f"templates/{name}", [f"line {error.lineno}: {error.message}"]) from None


def reads(environment: MailEnvironment, name: str, source: str) -> dict[str, int]:
    """The facts that a template reads, each with its first line: `order.number`, `parcels.*.carrier`."""
    found: dict[str, int] = {}
    tree = _parsed(environment, name, source)
    own = {node.name: "" for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    _collect(tree, {"loop": "", **own}, found)
    return found


@lru_cache(maxsize=1000)
def includes(environment: MailEnvironment, name: str, source: str) -> tuple[str, ...]:
    """The blocks that a template names. Raises InputError when one is not named as a literal."""
    found = []
    for node in _parsed(environment, name, source).find_all((nodes.Include, nodes.Import, nodes.Extends)):
        if not isinstance(node, nodes.Include) or not isinstance(node.template, nodes.Const):
            raise InputError(
                f"templates/{name}", [f'line {node.lineno}: name a block as in {{% include "blocks/x" %}}']
            )
        found.append(str(node.template.value))
    return tuple(dict.fromkeys(found))


def is_true(expression: str, values: Mapping[str, Any]) -> bool:
    """Whether one expression is true of these values. Raises InputError when it is none or reads what is not there."""
    try:
        return bool(_expression(expression)(values))
    except (RecursionError, MemoryError, SyntaxError):
        raise InputError("expression", ["it is nested too deep"]) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise InputError("expression", [str(error) or type(error).__name__]) from None


def expression_reads(expression: str) -> list[str]:
    """The values that one expression reads, as in `order.number`. Raises InputError when it is none."""
    found: dict[str, int] = {}
    environment = mail_environment(Path())
    try:
        _expression(expression)
        for node in _read_by(Parser(environment, expression, state="variable").parse_expression()):
            _collect(node, {}, found)
    except (RecursionError, MemoryError, SyntaxError):
        raise InputError("expression", ["it is nested too deep"]) from None
    except TemplateError as error:
        raise InputError("expression", [str(error) or type(error).__name__]) from None
    return list(found)


def pages_environment(directory: Path) -> Environment:
    """An environment for our own HTML pages: everything escaped, unknown variables are errors.

    `_("...")` and `{% trans %}` say a text in the language of the translations that are installed, else as it is.
    """
    environment = Environment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return environment


def speak(environment: Environment, translations: NullTranslations) -> None:
    """Let the pages of this environment say their texts in another language."""
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    # Jinja's own takes whatever it is given for HTML of ours, and for a format: what a row says is neither.
    environment.globals["_"] = partial(_said, translations)


def _said(translations: NullTranslations, text: str, /, **values: object) -> Markup:
    told = escape(translations.gettext(text))
    return told % values if values else told.replace("%%", "%")


def _parsed(environment: MailEnvironment, name: str, source: str) -> nodes.Template:
    try:
        return environment.parse(source)
    except TemplateSyntaxError as error:
        raise InputError(f"templates/{name}", [f"line {error.lineno}: {error.message}"]) from None


def _collect(node: nodes.Node, names: dict[str, str], found: dict[str, int]) -> None:
    """`names` are those of the template's own: with the path that a loop goes through, or an empty one."""
    path = _path(node, names)
    if path:
        found.setdefault(path, node.lineno)
    if path is not None:
        return
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        through = _path(node.iter, names)
        inner = {**names, node.target.name: f"{through}.*" if through else ""}
        within = [*node.body, *([node.test] if node.test else [])]
    else:
        within, inner = [], names
    for child in node.iter_child_nodes():
        for one in _read_by(child):
            _collect(one, inner if child in within else names, found)


def _read_by(node: nodes.Node) -> list[nodes.Node]:
    """What a call reads: that which the method belongs to (`order` of `order.items()`), and what it is given."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        return [node.node.node, *node.args, *node.kwargs]
    return [node]


def _path(node: nodes.Node, names: Mapping[str, str]) -> str | None:
    """The path that an expression reads; "" for a name of the template's own, None for any other expression."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const):
            parts.append("*" if isinstance(node.arg.value, int) else str(node.arg.value))
        else:
            return None
        node = node.node
    if not isinstance(node, nodes.Name) or node.ctx != "load":
        return None
    root = names.get(node.name, node.name)
    return ".".join([root, *reversed(parts)]) if root else ""


@lru_cache(maxsize=1000)
def _expression(source: str) -> Callable[[Mapping[str, Any]], Any]:
    return mail_environment(Path()).compile_expression(source, undefined_to_none=False)


@lru_cache(maxsize=1000)
def _compiled(environment: MailEnvironment, source: str) -> Template:
    return environment.from_string(source)


def _told(environment: MailEnvironment, name: str, error: Exception, words: str) -> InputError:
    """The mistake with the file and line that was running."""
    place, line, step = name, 0, error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file == "<template>" or file.endswith(".md"):
            place = name if file == "<template>" else _within(environment, file)
            line = step.tb_lineno
        step = step.tb_next
    return InputError(f"templates/{place}", [f"line {line}: {words}" if line else words])


def _within(environment: MailEnvironment, file: str) -> str:
    folder = str(environment.loader.searchpath[0]) if isinstance(environment.loader, FileSystemLoader) else ""
    return file.removeprefix(folder).lstrip("/")


def _printable(value: Any) -> Any:
    """What may stand in a mail as it is; the rest is a mistake that a customer would otherwise read."""
    if value is None:
        raise TypeError("it prints a value that is not known here; put {% if %} around it, or `or` behind it")
    if isinstance(value, bool) or not isinstance(value, str | int | float | Undefined):
        kind = type(value).__name__
        raise TypeError(f"it prints a {kind} as programs write it; use a filter such as `day`, or a word of your own")
    return value


@pass_context
def _day(context: Context, value: Any) -> str:
    return value if isinstance(value, Blank) else locales.day(value, context["locale"])


@pass_context
def _moment(context: Context, value: Any) -> str:
    return value if isinstance(value, Blank) else locales.moment(value, context["locale"])


@pass_context
def _money(context: Context, value: Any, currency: Any = None) -> str:
    if isinstance(value, Blank):
        return value
    return locales.money(value, None if isinstance(currency, Blank) else currency, context["locale"])


@pass_context
def _number(context: Context, value: Any) -> str:
    return value if isinstance(value, Blank) else locales.number(value, context["locale"])


@pass_context
def _country(context: Context, value: Any) -> str:
    return value if isinstance(value, Blank) else locales.country(value, context["locale"])


@pass_context
def _informal(context: Context, formal: str, informal: str) -> str:
    """The first word to people whom the shop addresses formally, the second to the others."""
    return formal if context["formal"] else informal


def _join(values: Iterable[Any], separator: str = "") -> str:
    words = [str(_printable(one)) for one in values]
    return MailEnvironment.concat([part for word in words for part in (separator, word)][1:])


def _replace(text: str, old: str, new: str) -> str:
    if len(text) + str(text).count(old) * len(new) > _MOST_CHARACTERS:
        raise SecurityError("it writes too much")
    return str(text).replace(old, new)
