"""A picture of our mails on the public listener: by its hash only, for ever, without a cookie."""

import httpx2

from mailer.clock import FrozenClock
from mailer.db import Database
from tests.rendering.test_image import file, kept


async def test_it_is_given_by_its_hash(db: Database, clock: FrozenClock, customer: httpx2.AsyncClient) -> None:
    row = await db.run(kept, clock.now(), file())
    found = await customer.get(f"/images/{row.sha256}.png")
    assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
    assert "immutable" in found.headers["cache-control"]
    assert "set-cookie" not in found.headers
    assert found.headers["x-content-type-options"] == "nosniff"
    for name in (f"{'0' * 64}.png", "..%2f..%2fconfig.toml", "bench"):
        assert (await customer.get(f"/images/{name}")).status_code == 404
