"""How long the worst input of the attack list keeps the labelling of lines: 0.1 MB of text, 1 MB of HTML.

Run as `python benchmarks/reply_attack.py`; the aim is 50 ms for each, of the processor, whatever else runs.
"""

import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from mailer.inbound.quote import label
from mailer.inbound.quote_html import mark_quotes
from tests.inbound.quote_attacks import htmls, texts
from tests.rigs.machine import facts


def measure(what: str, cases: Iterable[tuple[str, str]], run: Callable[[str], object]) -> None:
    times = sorted(((_best(run, text), name) for name, text in cases), reverse=True)
    seconds = [one for one, _ in times]
    print(f"{what}: {len(times)} inputs, median {statistics.median(seconds) * 1000:.1f} ms, worst:")
    for one, name in times[:5]:
        print(f"  {one * 1000:6.1f} ms  {name!r}")


def _best(run: Callable[[str], object], text: str) -> float:
    # The better of two: a busy machine empties the caches.
    return min(_once(run, text), _once(run, text))


def _once(run: Callable[[str], object], text: str) -> float:
    start = process_time()
    run(text)
    return process_time() - start


if __name__ == "__main__":
    print(f"machine: {facts()}")
    label("the words are read once")
    measure("text", texts(), label)
    measure("HTML", htmls(), mark_quotes)
    measure("text of HTML", htmls(), lambda html: label(mark_quotes(html), marked=True))
