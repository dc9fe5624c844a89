"""The sandbox for templates once more, in which everything that prints a fact puts marks around it (see `marked`).

A second door to jinja2, since what an expression reads is known only to whoever compiles it.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from mailer.rendering.blank import Blank
from mailer.rendering.environment import MailEnvironment, Texts, mail_environment
from mailer.rendering.marked import with_mark

_FILTER, PLACES = "_marked", "_places"


class MarkingEnvironment(MailEnvironment):
    """Compiles `{{ order.number }}` as if it read `{{ order.number | _marked([(order, "number")]) }}`."""

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(_Marker().visit(source), name, filename, defer_init)


class _Marker(NodeTransformer):
    def visit_Output(self, node: nodes.Output, *args: Any, **kwargs: Any) -> nodes.Output:
        node.nodes = [part if isinstance(part, nodes.TemplateData) else _watched(part) for part in node.nodes]
        return node

    def visit_Assign(self, node: nodes.Assign, *args: Any, **kwargs: Any) -> nodes.Assign:
        # A name for words that are printed later; what is counted or compared is left as it is.
        if isinstance(node.node, nodes.CondExpr | nodes.Or | nodes.Concat | nodes.Getattr):
            node.node = _watched(node.node)
        return node


@lru_cache
def marking_environment(directory: Path, storefront: str = "main", published: Texts = ()) -> MarkingEnvironment:
    """The environment for mails in Markdown whose text comes out with marks."""
    plain = mail_environment(directory, storefront, published)
    environment = MarkingEnvironment(
        loader=plain.loader,
        undefined=plain.undefined,
        autoescape=False,
        trim_blocks=plain.trim_blocks,
        lstrip_blocks=plain.lstrip_blocks,
        keep_trailing_newline=plain.keep_trailing_newline,
        finalize=plain.finalize,
    )
    environment.globals.clear()
    environment.filters = {**plain.filters, _FILTER: _mark}
    return environment


def places(values: Mapping[str, Any]) -> dict[int, str]:
    """The path of each table among the values, by its identity: a loop hands out the very same tables."""
    found: dict[int, str] = {}
    waiting: list[tuple[str, Any]] = list(values.items())
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, Mapping | list):
            found[id(node)] = path
            inner = node.items() if isinstance(node, Mapping) else enumerate(node)
            waiting += [(f"{path}.{name}", one) for name, one in inner]
    return found


def _watched(part: nodes.Expr) -> nodes.Expr:
    """The expression with what it reads handed to the filter beside its value; of a choice, only what is printed."""
    if isinstance(part, nodes.CondExpr):
        return nodes.CondExpr(part.test, _watched(part.expr1), part.expr2 and _watched(part.expr2))
    if isinstance(part, nodes.Or):
        return nodes.Or(_watched(part.left), _watched(part.right))
    if isinstance(part, nodes.Concat):
        return nodes.Concat([_watched(one) for one in part.nodes])
    read = [part] if isinstance(part, nodes.Getattr) else []
    pairs: list[nodes.Expr] = [
        nodes.Tuple([one.node, nodes.Const(one.attr)], "load") for one in [*read, *part.find_all(nodes.Getattr)]
    ]
    if not pairs:
        return part
    return nodes.Filter(part, _FILTER, [nodes.List(pairs)], [], None, None, lineno=part.lineno)


@pass_context
def _mark(context: Context, value: Any, pairs: list[tuple[Any, str]]) -> Any:
    known = context[PLACES]
    paths = [f"{known[id(table)]}.{name}" for table, name in pairs if id(table) in known]
    if not paths or not isinstance(value, str | int | float) or isinstance(value, bool | Blank):
        return value
    return with_mark(str(value), dict.fromkeys(path for path in paths if not _is_outer(path, paths)))


def _is_outer(path: str, paths: list[str]) -> bool:
    """Whether it is only the table of another one: `order` of `order.number`."""
    return any(other.startswith(f"{path}.") for other in paths)
