"""Identifiers repeat and cannot be forged; secrets never repeat; the key file is for its owner only."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.signing import Keys, digest, fresh_token, read_keys, token_hash, write_key_file

OLD, NEW = b"o" * 32, b"n" * 32
LINE = base64.b64encode(OLD).decode()


@given(st.text(), st.text(), st.text())
def test_a_signature_holds_for_its_purpose_and_text_only(purpose: str, text: str, other: str) -> None:
    keys = Keys((OLD,))
    signature = keys.sign(purpose, text)
    assert keys.verify(purpose, text, signature)
    assert keys.sign(purpose, text) == signature
    assert keys.verify(purpose, other, signature) == (other == text)
    assert not keys.verify(purpose + "x", text, signature)


@given(st.text())
def test_a_signature_fits_in_any_header(text: str) -> None:
    signature = Keys((OLD,)).sign("link", text)
    assert len(signature) == 26
    assert set(signature) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_after_a_change_of_keys_old_signatures_still_hold_and_the_new_key_signs() -> None:
    before, after = Keys((OLD,)), Keys((NEW, OLD))
    assert after.verify("link", "12", before.sign("link", "12"))
    assert after.sign("link", "12") == Keys((NEW,)).sign("link", "12")
    assert not Keys((NEW,)).verify("link", "12", before.sign("link", "12"))


@pytest.mark.parametrize("forged", ["", "a", "ä" * 26, "a" * 26, "\n"])
def test_a_guess_is_no_signature(forged: str) -> None:
    assert not Keys((OLD,)).verify("link", "12", forged)


def test_the_same_business_key_has_the_same_message_id() -> None:
    keys = Keys((OLD,))
    assert keys.message_id("reply:1", "shop.test") == keys.message_id("reply:1", "shop.test")
    assert keys.message_id("reply:1", "shop.test") != keys.message_id("reply:2", "shop.test")
    assert keys.message_id("reply:1", "shop.test").endswith("@shop.test>")


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "mailer.key"
    write_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    first = read_keys(path)
    assert [len(key) for key in first.keys] == [32]
    with pytest.raises(FileExistsError):
        write_key_file(path)
    assert read_keys(path) == first


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (f"{LINE}\n", 1),
        (f"# ours\n\n{LINE}\n{base64.b64encode(NEW).decode()}\n", 2),
        (f"  {LINE}  \r\n", 1),
    ],
)
def test_a_key_file_holds_a_key_a_line(tmp_path: Path, text: str, keys: int) -> None:
    assert len(read_keys(_key_file(tmp_path, text)).keys) == keys


@pytest.mark.parametrize("text", ["", "# only a remark\n", "not base64!\n", "c2hvcnQ=\n", f"{LINE}\nshort\n"])
def test_a_key_file_without_good_keys_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        read_keys(_key_file(tmp_path, text))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = _key_file(tmp_path, LINE)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_keys(path)


def test_a_missing_or_binary_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mailer init"):
        read_keys(tmp_path / "none.key")
    path = _key_file(tmp_path, "")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="mailer init"):
        read_keys(path)


def test_tokens_never_repeat_and_are_stored_as_something_else() -> None:
    tokens = {fresh_token() for _ in range(200)}
    assert len(tokens) == 200
    assert all(len(token) >= 43 for token in tokens)
    assert token_hash("a") != "a"
    assert token_hash("a") == token_hash("a") != token_hash("b")


def test_bytes_are_named_by_their_sha256() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _key_file(folder: Path, text: str) -> Path:
    path = folder / "mailer.key"
    path.write_text(text)
    path.chmod(0o600)
    return path
