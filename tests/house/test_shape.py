"""Files and functions keep their size; time, print and hidden imports keep to their places."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, files, functions, in_room, name, tree

# The clock is read in clock.py; everything else is handed `now`.
CLOCK_READS = re.compile(
    r"\b(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|monotonic|monotonic_ns|perf_counter))\b"
)
# Packages whose __init__ holds more than a docstring, and why.
NOT_ONLY_A_DOCSTRING = {
    "mailer/__init__.py",  # the version
    "mailer/model/__init__.py",  # importing it registers every table
    "mailer/migrations/__init__.py",  # its one verb under a short name
    "mailer/cli/__init__.py",  # puts the commands together
    "mailer/orders/sources/__init__.py",  # the dict of adapters
}


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    # Migrations are lists of columns that alembic writes; nobody reads them top to bottom.
    written = {path: lines for path, lines in lengths.items() if "/migrations/versions/" not in path}
    assert {path: lines for path, lines in written.items() if lines > 400} == {}


def test_functions_are_short() -> None:
    found = list(functions())
    lengths = sorted(function.lines for function in found)
    median, p90 = statistics.median(lengths), lengths[int(len(lengths) * 0.9)]
    longest = sorted(found, key=lambda function: -function.lines)[:20]
    words = f"{len(found)} functions, median {median}, p90 {p90}; the longest:\n" + "\n".join(
        f"{function.lines} {function.place}" for function in longest
    )
    assert median <= 8, words
    assert p90 <= 25, words


def test_only_the_clock_reads_the_time() -> None:
    others = [path for path in files() if name(path) != "mailer/clock.py"]
    assert [f"{name(path)}:{node.lineno} {ast.unparse(node)}" for path in others for node in _reads_of_time(path)] == []


def _reads_of_time(path: Path) -> Iterator[ast.Attribute | ast.ImportFrom]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and CLOCK_READS.search(ast.unparse(node)):
            yield node
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield node


def test_no_import_is_hidden_from_the_contracts() -> None:
    hiding = [name(path) for path in files() if "TYPE_CHECKING" in path.read_text(encoding="utf-8")]
    assert hiding == []


def test_only_commands_and_the_demo_print() -> None:
    printing = [
        f"{name(path)}:{node.lineno}"
        for path in files()
        if not in_room(path, "cli", "demo", "__main__.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


@pytest.mark.parametrize("path", [path for path in files() if path.name == "__init__.py"], ids=name)
def test_a_room_begins_with_what_it_is_for(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module), f"{name(path)} needs a docstring: its question, what to read first, its states"
    if name(path) not in NOT_ONLY_A_DOCSTRING:
        assert len(module.body) == 1, f"{name(path)} holds more than its docstring"


def test_every_file_says_what_it_is_for() -> None:
    silent = [name(path) for path in files() if not ast.get_docstring(tree(path))]
    assert silent == []


def test_words_that_say_nothing_name_no_file() -> None:
    empty_words = {"ticket", "campaign", "contact", "manager", "helper", "helpers", "utils", "core", "common"}
    assert [name(path) for path in files() if path.stem in empty_words] == []
    assert [each.name for each in PACKAGE.iterdir() if each.name in empty_words] == []
