"""The shop of the pages for customers, and a browser on the public application."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from mailer.config import Outbound, SenderConfig, Settings, Web
from mailer.feedback_config import FeedbackConfig
from tests.feedback.build import SHOP
from tests.web.conftest import browser_on


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MAILER_CONFIG", "/nonexistent/config.toml")
    return Settings(
        shop=SHOP,
        senders={"care": SenderConfig(address="care@shop.test", name="Linen & Co")},
        outbound=Outbound(host="127.0.0.1", tls="none"),
        web=Web(public_url="https://mail.shop.test"),
        feedback=FeedbackConfig(agree_below="50.00", photos=2, photo_bytes=300_000),
    )


@pytest.fixture
async def customer(public: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(public, "https://mail.shop.test") as client:
        yield client
