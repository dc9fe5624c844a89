"""Which lines of a mail did its sender write? One pass over the lines, no backtracking."""

_ORIGINAL = ("-----original message-----", "-------- original message --------")


def own_words(text: str) -> str:
    """The text without quoted lines and without all that follows a quoted mail's head."""
    lines = text.splitlines()
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _is_original(line) or _is_attribution(lines, number):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    return "\n".join(kept).strip()


def _is_original(line: str) -> bool:
    return line.strip().lower() in _ORIGINAL


def _is_attribution(lines: list[str], number: int) -> bool:
    """`On ... wrote:` before a quoted line, on one line or folded into two."""
    line = lines[number].strip()
    if not line.lower().startswith("on "):
        return False
    following = [one.strip() for one in lines[number + 1 : number + 4] if one.strip()]
    if line.lower().endswith("wrote:"):
        return bool(following) and following[0].startswith(">")
    return len(following) > 1 and following[0].lower().endswith("wrote:") and following[1].startswith(">")
