"""Passwords as argon2id hashes, worked out beside the event loop."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10

# Verified for a name that nobody has, so that the time it takes does not tell whether the name exists.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$7K1TdgUH3DU66HqBgB/gjA$raGRMGDrRlksOWQmVdbwhq6y8FdU3SCzjKoXa6+zbss"

# Each takes 64 MiB while it runs, and anybody may ask for one.
_AT_ONCE = 2


class Passwords:
    """Hashes and verifies, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """What is stored of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether this is the password behind the hash; as slow, and never, when there is no hash."""
        async with self._turns:
            right = await asyncio.to_thread(self._verify, stored or NOBODY, password)
        return right and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
