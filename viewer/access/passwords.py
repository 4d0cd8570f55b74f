"""Passwords: the two profiles, hashing, and one-time passwords.

Argon2id costs about a tenth of a second and 64 MiB, so it runs in two threads of its own and never
in the event loop; the queue before them is bounded, because anybody may knock. Not here: whose
password it is, and how often somebody may try (`lockout`).
"""

import asyncio
import base64
import secrets
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

ASVS_LENGTH_MIN = 12  # OWASP ASVS 4.0, 2.1.1
MLPS_LENGTH_MIN = 8  # the usual reading of GB/T 22239-2019, 8.1.4.1
MLPS_CLASSES_MIN = 3  # of lower case, upper case, digits and the rest
MLPS_AGE_MAX_S = 90 * 24 * 3600  # GB/T 22239-2019 wants passwords changed periodically; 90 days is customary
LENGTH_MAX = 128  # ASVS 2.1.2; beyond it somebody feeds the hasher
DISTINCT_MIN = 5  # "aaaaaaaaaaaa" and "121212121212" are long and worthless

NAME_LENGTH_MIN = 4  # a shorter user name is in too many words to be asked for

HASH_THREADS = 2
WAITING_MAX = 32  # 32 waiting on two threads is some two seconds; who comes later is asked to come again

# 20 letters out of 32 are 100 bits. No 0, O, 1, l: these are typed from a screen.
_ONE_TIME_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_ONE_TIME_GROUPS = 4
_ONE_TIME_GROUP_LENGTH = 5

# Well-known passwords of twelve letters and more, and the stems people build theirs from.
_WELL_KNOWN = frozenset(
    {
        "123456789012", "1234567890123", "12345678901234", "qwertyuiop12", "qwertyuiop123", "password1234",
        "passwordpassword", "administrator", "administrator1", "iloveyou1234", "1q2w3e4r5t6y", "1qaz2wsx3edc",
        "qwerty123456", "letmein12345", "welcome12345", "changeme1234", "mingjing1234", "woaini1314520",
        "asdfghjkl123", "zxcvbnm12345", "abcd12345678", "abc123456789", "aa1234567890", "a12345678901",
    }
)  # fmt: skip

Result = TypeVar("Result")


class PasswordProfile(StrEnum):
    """The two standards contradict each other, so the operator chooses one."""

    ASVS = "asvs"  # length only, never expires
    MLPS3 = "mlps3"  # complexity, and a new one every 90 days

    def fault(self, password: str, user: str) -> str | None:
        """What to change about this password before it is taken; None when it is good."""
        length_min = ASVS_LENGTH_MIN if self is PasswordProfile.ASVS else MLPS_LENGTH_MIN
        if len(password) < length_min:
            return f"Use at least {length_min} characters."
        if len(password) > LENGTH_MAX:
            return f"Use at most {LENGTH_MAX} characters."
        if len(user) >= NAME_LENGTH_MIN and user.lower() in password.lower():
            return "Leave the user name out of the password."
        if len(set(password)) < DISTINCT_MIN:
            return f"Use at least {DISTINCT_MIN} different characters."
        if password.lower() in _WELL_KNOWN:
            return "This password is on every list of common passwords; choose another."
        if self is PasswordProfile.MLPS3 and _classes(password) < MLPS_CLASSES_MIN:
            return "Mix at least three of: lower case, upper case, digits, other characters."
        return None

    def expired(self, age_s: float) -> bool:
        return self is PasswordProfile.MLPS3 and age_s > MLPS_AGE_MAX_S


def _classes(password: str) -> int:
    known = string.ascii_lowercase, string.ascii_uppercase, string.digits
    found = sum(any(letter in letters for letter in password) for letters in known)
    return found + any(all(letter not in letters for letters in known) for letter in password)


def one_time_password() -> str:
    """100 random bits in four groups behind a capital; with the dashes between them good for `mlps3` too."""
    groups = [
        "".join(secrets.choice(_ONE_TIME_ALPHABET) for _ in range(_ONE_TIME_GROUP_LENGTH))
        for _ in range(_ONE_TIME_GROUPS)
    ]
    return secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + "-".join(groups)


class HasherBusy(Exception):
    """More passwords wait to be checked than is reasonable. Try again in a few seconds."""


def _of_no_password(hasher: PasswordHasher) -> str:
    """What a hash looks like (RFC 9106 in PHC's string format), as dear to check as one of `hasher`'s own.

    Random bytes stand where one is computed: every command opens the store, and most of them check no password.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${cost}${salt}${digest}"


class PasswordHashing:
    """Argon2id in threads of its own. `close` waits for the ones running."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(HASH_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # Checked when there is no such user, so that the answer takes as long as for a real one.
        self._nobody = _of_no_password(self._hasher)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; `stored` None (no such user) takes the same time and never fits."""
        if len(password) > LENGTH_MAX:
            return False
        fits = await self._run(lambda: self._fits(stored or self._nobody, password))
        return fits and stored is not None

    def close(self) -> None:
        self._threads.shutdown()

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= WAITING_MAX:
            raise HasherBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
