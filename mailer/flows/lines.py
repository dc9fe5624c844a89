"""Where in a TOML file a key stands: tomllib does not say, and people look for lines."""

import re

_TABLE = re.compile(r"\s*\[(\[)?\s*([\w.\s\"-]+?)\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
# What a key of several lines holds may look like a key: only what stands outside of these counts.
_QUOTES = re.compile(r'"""|\'\'\'')


def lines_of(text: str) -> dict[str, int]:
    """Each key with its line: "name", "exit.on", "step.2.send" (the second [[step]]), and tables by their name."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, quoted = "", False
    for number, line in enumerate(text.split("\n"), 1):
        inside, quoted = quoted, quoted ^ bool(len(_QUOTES.findall(line)) % 2)
        if inside:
            continue
        if head := _TABLE.match(line):
            table = head[2].replace('"', "")
            if head[1]:
                counts[table] = counts.get(table, 0) + 1
                table = f"{table}.{counts[table]}"
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(f"{table}.{key[1]}".lstrip("."), number)
    return found
