"""Fetching a stranger's picture: only from where we may, to the address that was checked, and telling little."""

import asyncio
import socket
import struct

import pytest

from mailer.errors import InputError
from mailer.web import fetch
from mailer.web.fetch import Fetcher
from tests.web.picture_server import HOST, drawn, moved, ok, serving_pictures

PICTURE = drawn()


async def refused(fetcher: Fetcher, address: str) -> str:
    with pytest.raises(InputError) as caught:
        await fetcher.fetch(address)
    return caught.value.problems[0]


async def test_a_picture_comes_and_little_is_told() -> None:
    async with serving_pictures({"/a.png?who=ana": ok(PICTURE)}) as server:
        assert await server.fetcher().fetch(server.address("/a.png?who=ana#part")) == PICTURE
    (head,) = server.heads
    names = {line.split(":")[0].lower() for line in head.split("\r\n")[1:] if line}
    assert names == {"host", "accept", "accept-encoding", "user-agent", "connection"}
    assert f"Host: {HOST}:{server.port}\r\n" in head


async def test_certificates_are_proven_for_the_name_though_the_address_is_pinned() -> None:
    async with serving_pictures({"/": ok(PICTURE)}, certified=HOST) as server:
        assert await server.fetcher().fetch(server.address("/")) == PICTURE
        assert (
            await refused(server.fetcher({"other.test": ["127.0.0.1"]}), server.address("/", "other.test")) == "silent"
        )
    async with serving_pictures({"/": ok(PICTURE)}, certified=HOST) as server, serving_pictures({}) as other:
        # Whom we do not trust.
        server.ca = other.ca
        assert await refused(server.fetcher(), server.address("/")) == "silent"


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1/", "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"),
        *("http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://127.1:{port}/", "http://0:{port}/"),
        *("http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://169.254.169.254/latest/"),
        *("http://pictures.test@127.0.0.1:{port}/", "http://u:p@8.8.8.8/", "file:///etc/passwd", "ftp://8.8.8.8/"),
        *(
            "gopher://8.8.8.8/",
            "data:image/png;base64,AA",
            "http:///",
            "http://",
            "//x",
            "http://[",
            "http://8.8.8.8:22/",
        ),
        "http://127.0.0.1\\@8.8.8.8:{port}/",
    ],
)
async def test_without_a_rule_of_a_test_nothing_here_is_ever_asked(address: str) -> None:
    async with serving_pictures({"/": ok(PICTURE)}) as server:
        assert await refused(Fetcher(), address.format(port=server.port)) in ("address", "silent")
    assert server.asked == []


async def test_a_name_is_asked_once_and_what_was_checked_is_what_is_connected() -> None:
    """DNS rebinding: the second answer of the name server would be another address; nobody asks for it."""
    async with serving_pictures({"/": ok(PICTURE)}) as server:
        answers = [["127.0.0.1"], ["127.0.0.2"]]
        told: list[str] = []

        def resolve(host: str, _port: int) -> list[str]:
            told.append(host)
            return answers.pop(0)

        checked: list[str] = []

        def reach(address: str, port: int) -> bool:
            checked.append(address)
            return address == "127.0.0.1"

        assert await Fetcher(reach, resolve=resolve).fetch(server.address("/", "rebind.test")) == PICTURE
        assert (told, checked) == (["rebind.test"], ["127.0.0.1"])
        assert await refused(Fetcher(reach, resolve=resolve), server.address("/", "rebind.test")) == "address"
    assert server.asked == ["/"]


async def test_one_address_that_may_not_be_asked_spoils_a_name() -> None:
    async with serving_pictures({"/": ok(PICTURE)}) as server:
        fetcher = server.fetcher({"both.test": ["127.0.0.1", "10.0.0.1"], "none.test": []})
        assert await refused(fetcher, server.address("/", "both.test")) == "address"
        assert await refused(fetcher, server.address("/", "none.test")) == "address"
        assert await refused(fetcher, "http://no-such-host.invalid/") == "silent"
    assert server.asked == []


async def test_redirects_are_checked_anew_and_carry_no_cookie() -> None:
    async with serving_pictures(
        {
            "/1": moved("/2", 301),
            "/2": moved("/3", 307),
            "/3": moved("/4"),
            "/4": ok(PICTURE),
            "/loop": moved("/loop"),
            "/inside": moved("http://10.0.0.1/"),
            "/link-local": moved("http://169.254.169.254/latest/meta-data/"),
            "/file": moved("file:///etc/passwd"),
            "/nowhere": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            "/odd": moved("http://["),
        }
    ) as server:
        fetcher = server.fetcher()
        assert await fetcher.fetch(server.address("/1")) == PICTURE
        assert all("cookie" not in head.lower() and "referer" not in head.lower() for head in server.heads)
        assert server.asked == ["/1", "/2", "/3", "/4"]
        assert await refused(fetcher, server.address("/loop")) == "silent"
        assert server.asked.count("/loop") == 4
        for path in ("/inside", "/link-local", "/file"):
            assert await refused(fetcher, server.address(path)) == "address", path
        for path in ("/nowhere", "/odd"):
            assert await refused(fetcher, server.address(path)) == "silent", path


async def test_what_is_too_large_is_let_go_of_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 1_000)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + b"x" * 1_000 + b"\r\n"
    async with serving_pictures(
        {
            "/told": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
            "/endless": chunked * 1 + (b"3e8\r\n" + b"x" * 1_000 + b"\r\n") * 50,
            "/lies": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000,
            "/packed": ok(b"x", "Content-Encoding: gzip"),
            "/gone": b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n",
            "/no-http": b"SSH-2.0-OpenSSH\r\n",
            "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx",
        }
    ) as server:
        fetcher = server.fetcher()
        for path in ("/told", "/endless", "/lies"):
            assert await refused(fetcher, server.address(path)) == "large", path
        assert await refused(fetcher, server.address("/packed")) == "kind"
        for path in ("/gone", "/no-http", "/short"):
            assert await refused(fetcher, server.address(path)) == "silent", path


async def test_a_server_that_hangs_up_or_is_not_there_is_silent() -> None:
    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    listening = await asyncio.start_server(reset, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    fetcher = Fetcher(lambda address, _port: address == "127.0.0.1")
    assert await refused(fetcher, f"http://127.0.0.1:{port}/") == "silent"
    listening.close()
    await listening.wait_closed()
    assert await refused(fetcher, f"http://127.0.0.1:{port}/") == "silent"
