"""Passwords, and the hash that nobody has."""

from argon2 import PasswordHasher

from mailer.web.passwords import NOBODY, Passwords


async def test_the_right_password_matches_and_another_does_not() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.matches(stored, "correct horse")
    assert not await passwords.matches(stored, "correct horsf")


async def test_without_a_hash_nothing_matches() -> None:
    assert not await Passwords().matches(None, "anything")
    assert not await Passwords().matches("not a hash", "anything")


def test_an_unknown_name_costs_as_much_as_a_known_one() -> None:
    assert not PasswordHasher().check_needs_rehash(NOBODY)
