"""Three texts of one template side by side: what both began with, the file as it is now, and the published text."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "file", "published", "both", "clash"]


@dataclass(frozen=True)
class Block:
    """Some lines of the three texts that belong beside one another, and which of them were changed."""

    kind: Kind
    base: tuple[str, ...]
    file: tuple[str, ...]
    published: tuple[str, ...]


def three_ways(base: str, file: str, published: str) -> list[Block]:
    """The texts cut into blocks: `same` where nobody changed, `clash` where both did and not alike."""
    lines, left, right = (one.split("\n") for one in (base, file, published))
    anchors = _anchors(lines, left, right)
    blocks: list[Block] = []
    at = (0, 0, 0)
    for start, file_start, published_start, length in [*anchors, (len(lines), len(left), len(right), 0)]:
        before = (lines[at[0] : start], left[at[1] : file_start], right[at[2] : published_start])
        if any(before):
            blocks.append(_changed(*before))
        if length:
            kept = tuple(lines[start : start + length])
            blocks.append(Block("same", kept, kept, kept))
        at = (start + length, file_start + length, published_start + length)
    return blocks


def merged(blocks: Sequence[Block]) -> str | None:
    """Both changes in one text where they do not clash; else None."""
    if any(block.kind == "clash" for block in blocks):
        return None
    taken = (block.file if block.kind in ("file", "both", "same") else block.published for block in blocks)
    return "\n".join(line for lines in taken for line in lines)


def _anchors(base: list[str], left: list[str], right: list[str]) -> list[tuple[int, int, int, int]]:
    """Runs of lines that all three have, in order: place in each, and length."""
    to_left, to_right = _places(base, left), _places(base, right)
    found: list[tuple[int, int, int, int]] = []
    for place in range(len(base)):
        if place not in to_left or place not in to_right:
            continue
        here = (place, to_left[place], to_right[place])
        if found and all(at + found[-1][3] == now for at, now in zip(found[-1][:3], here, strict=True)):
            found[-1] = (*found[-1][:3], found[-1][3] + 1)
        else:
            found.append((*here, 1))
    return found


def _places(base: list[str], other: list[str]) -> dict[int, int]:
    matches = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {match.a + step: match.b + step for match in matches for step in range(match.size)}


def _changed(base: list[str], file: list[str], published: list[str]) -> Block:
    kind: Kind = "clash"
    if file == published:
        kind = "both"
    elif published == base:
        kind = "file"
    elif file == base:
        kind = "published"
    return Block(kind, tuple(base), tuple(file), tuple(published))
