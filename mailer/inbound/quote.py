"""Which lines of a mail did its sender write? One pass over the lines, no backtracking."""

_ORIGINAL = ("-----original message-----", "-------- original message --------")
# How far down the end of a head may stand: mail programs fold long ones.
_HEAD_LINES = 4


def own_words(text: str) -> str:
    """The text without quoted lines, and without all that follows the head of a mail quoted without marks."""
    lines = text.splitlines()
    kept: list[str] = []
    skip_until = 0
    for number, line in enumerate(lines):
        if number < skip_until or line.lstrip().startswith(">"):
            continue
        attributed = _attribution_end(lines, number)
        if attributed and _quotes(lines, attributed):
            # Many people answer below or between what they quote.
            skip_until = attributed
        elif _names_writer(lines[number:attributed]) or _is_original(line) or _is_outlook_head(lines, number):
            break
        else:
            kept.append(line)
    return "\n".join(kept).strip()


def _attribution_end(lines: list[str], number: int) -> int:
    """The line behind `On ... wrote:`, which may be folded; 0 when no such words begin here."""
    if not lines[number].lstrip().lower().startswith("on "):
        return 0
    ends = (end for end in range(number, min(number + _HEAD_LINES, len(lines))) if _says_wrote(lines[end]))
    return next(ends, -1) + 1


def _says_wrote(line: str) -> bool:
    return line.rstrip()[-6:].lower() == "wrote:"


def _quotes(lines: list[str], number: int) -> bool:
    following = next((line for line in lines[number : number + _HEAD_LINES] if line.strip()), "")
    return following.lstrip().startswith(">")


def _names_writer(head: list[str]) -> bool:
    """Whether it says who by address, as mail programs do and people telling a story do not."""
    return any("@" in line for line in head)


def _is_original(line: str) -> bool:
    return line.strip().lower() in _ORIGINAL


def _is_outlook_head(lines: list[str], number: int) -> bool:
    """`From:`, `Sent:`, `To:`, `Subject:` one below the other, above a mail that is quoted without marks."""
    names = [_field(line) for line in lines[number : number + 6]]
    return names[0] == "from" and ("sent" in names or "date" in names) and ("to" in names or "subject" in names)


def _field(line: str) -> str:
    return line[:20].lstrip(" *").partition(":")[0].rstrip(" *").lower()
