"""docs/relay-outcomes.md says what happens; here it happens again."""

import pytest

from tests.outbound.relay_outcomes import DOCUMENT, postfix_rows, scripted_rows
from tests.rigs.postfix import Postfix

AGAIN = "docs/relay-outcomes.md is old; run `make outcomes` and look at the difference"


def written() -> list[str]:
    return DOCUMENT.read_text(encoding="utf-8").splitlines()


async def test_the_table_of_the_scripted_server_is_what_happens() -> None:
    rows = await scripted_rows()
    assert [row for row in rows if row not in written()] == [], AGAIN
    assert len(rows) == sum(line.startswith(("| says", "| breaks", "| is not")) for line in written()), AGAIN


@pytest.mark.journey
async def test_the_table_of_postfix_is_what_happens(postfix: Postfix) -> None:
    rows = await postfix_rows(postfix.open_port)
    assert [row for row in rows if row not in written()] == [], AGAIN
    assert len(rows) == sum(line.startswith("| Postfix") for line in written()), AGAIN
