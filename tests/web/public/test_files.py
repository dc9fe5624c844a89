"""A PDF that mails link to on the public listener: by its hash only, as a download, for ever, without a cookie."""

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from tests.rendering.test_files import DATA, SHA256, kept


async def test_it_is_given_by_its_hash_to_be_kept(
    db: Database, clock: FrozenClock, customer: httpx2.AsyncClient
) -> None:
    await db.run(kept, clock.now())
    found = await customer.get(f"/files/{SHA256}/gr%C3%B6%C3%9Fe.pdf", headers={"range": "bytes=0-9"})
    assert (found.status_code, found.headers["content-type"], found.content) == (200, "application/pdf", DATA)
    told = found.headers
    assert told["content-disposition"] == "attachment; filename=\"file.pdf\"; filename*=utf-8''gr%C3%B6%C3%9Fe.pdf"
    assert told["content-security-policy"] == "default-src 'none'; sandbox"
    assert told["cache-control"] == "public, max-age=31536000, immutable"
    assert (told["x-content-type-options"], told["accept-ranges"]) == ("nosniff", "none")
    assert "set-cookie" not in told
    head = await customer.head(f"/files/{SHA256}/size-chart.pdf")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))
    assert 'filename="size-chart.pdf"' in head.headers["content-disposition"]
    assert (await customer.post(f"/files/{SHA256}/size-chart.pdf")).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        f"{'0' * 64}/a.pdf",
        f"{SHA256}/a.html",
        f"{SHA256}/%22%0d%0aX.pdf",
        SHA256,
        f"{SHA256}x/a.pdf",
        "..%2f..%2fx/a.pdf",
    ],
)
async def test_nothing_else_is_there(db: Database, clock: FrozenClock, customer: httpx2.AsyncClient, path: str) -> None:
    await db.run(kept, clock.now())
    assert (await customer.get(f"/files/{path}")).status_code == 404
