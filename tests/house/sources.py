"""The package as its rules see it: files, and functions with the lines of their bodies."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mailer"


@cache
def files() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """A file as people call it: `mailer/orders/ingest.py`."""
    return path.relative_to(ROOT).as_posix()


def in_room(path: Path, *rooms: str) -> bool:
    """Whether a file lies in one of these rooms of the package, or is one of these files."""
    return path.relative_to(PACKAGE).parts[0] in rooms


@dataclass(frozen=True)
class Function:
    """A function or method, and how long its body is."""

    place: str
    lines: int


def functions() -> Iterator[Function]:
    """All functions and methods, nested ones too.

    The length is the count of lines from the first statement after the docstring to the end of the last; lines of a
    nested function count for both.
    """
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{name(path)}:{node.lineno} {node.name}", _length(node))


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
