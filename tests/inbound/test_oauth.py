"""Access tokens: refreshed in time, by one at a time, and no refresh token is ever lost."""

import asyncio
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from mailer.clock import FrozenClock, SystemClock
from mailer.config import OAuthConfig
from mailer.errors import Trouble
from mailer.inbound.folder import open_folder
from mailer.inbound.imap import Account, Connection
from mailer.inbound.oauth import Grant
from tests.inbound.provider import Provider
from tests.inbound.scripted import imap_server
from tests.rigs.dovecot import Dovecot


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    server = Provider(tmp_path, f"care-{tmp_path.name}")
    yield server
    server.close()


@pytest.fixture
def grant(provider: Provider, tmp_path: Path, clock: FrozenClock) -> Grant:
    return Grant(config(provider), tmp_path / "support.token", clock)


def config(provider: Provider, refresh_token: str = "refresh-0") -> OAuthConfig:
    return OAuthConfig(
        token_url=provider.url, client_id="mailer", refresh_token=SecretStr(refresh_token), ca_file=provider.ca_file
    )


def test_a_token_is_kept_until_three_quarters_of_its_life(provider: Provider, grant: Grant, clock: FrozenClock) -> None:
    first = grant.access_token()
    clock.current += timedelta(minutes=44)
    assert grant.access_token() == first
    assert not grant.is_stale()
    clock.current += timedelta(minutes=2)
    assert grant.is_stale()
    assert grant.access_token() == provider.given[1] != first
    assert [form["refresh_token"] for form in provider.asked] == ["refresh-0", "refresh-1"]


def test_the_new_refresh_token_is_on_the_disk_for_its_owner_only(provider: Provider, grant: Grant) -> None:
    grant.access_token()
    assert stat.S_IMODE(grant.token_file.stat().st_mode) == 0o600
    assert "refresh-1" in grant.token_file.read_text()
    again = Grant(grant.config, grant.token_file, grant.clock)
    assert again.access_token() == provider.given[0]
    assert len(provider.asked) == 1


def test_many_that_find_it_stale_refresh_once(provider: Provider, grant: Grant) -> None:
    threads = [threading.Thread(target=grant.access_token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.asked) == 1


def test_a_refused_access_token_is_replaced_before_its_time(provider: Provider, grant: Grant) -> None:
    first = grant.access_token()
    assert grant.access_token(refused=first) == provider.given[1]
    assert grant.access_token(refused=first) == provider.given[1]


def test_a_new_refresh_token_in_the_configuration_wins_over_the_file(provider: Provider, grant: Grant) -> None:
    grant.access_token()
    provider.valid = "granted-anew"
    anew = Grant(config(provider, "granted-anew"), grant.token_file, grant.clock)
    assert anew.access_token() == provider.given[1]


@pytest.mark.parametrize(("status", "temporary"), [(503, True), (200, False)])
def test_what_the_provider_refuses_is_told_and_changes_no_file(
    provider: Provider, grant: Grant, status: int, temporary: bool
) -> None:
    provider.status, provider.valid = status, "another"
    with pytest.raises(Trouble, match="gives no token") as caught:
        grant.access_token()
    assert caught.value.temporary is temporary
    assert not grant.token_file.exists()


def test_a_provider_that_nobody_vouches_for_gets_no_secret(provider: Provider, grant: Grant) -> None:
    stranger = Grant(grant.config.model_copy(update={"ca_file": None}), grant.token_file, grant.clock)
    with pytest.raises(Trouble, match="cannot be asked"):
        stranger.access_token()
    assert provider.asked == []


async def test_an_expired_token_is_replaced_and_the_login_repeated_once(provider: Provider, grant: Grant) -> None:
    async with imap_server(logins=["NO [AUTHENTICATIONFAILED] AccessTokenExpired"]) as server:
        account = Account(
            "127.0.0.1", server.port, "none", None, "care", "", "INBOX", timedelta(seconds=2), 10**6, grant
        )
        connection = Connection(account)
        await connection.begin(open_folder, "INBOX")
        await connection.close()
    assert server.passwords == provider.given
    assert len(provider.given) == 2


@pytest.mark.journey
async def test_dovecot_lets_us_in_by_token_and_again_with_the_next_one(
    dovecot: Dovecot, provider: Provider, tmp_path: Path
) -> None:
    provider.lasts = 2
    grant = Grant(config(provider), tmp_path / "support.token", SystemClock())
    timeout = timedelta(seconds=5)
    account = Account(
        "localhost", dovecot.ports.imaps, "implicit", dovecot.ca_file, provider.user, "", "INBOX", timeout, 10**6, grant
    )
    connection = Connection(account)
    try:
        await connection.begin(open_folder, "INBOX")
        await asyncio.sleep(1.7)
        await connection.begin(open_folder, "INBOX")
        assert (connection.sessions, len(provider.given)) == (2, 2)
    finally:
        await connection.close()
