"""Secrets that the server must be able to say again, as a camera's password, encrypted at rest (AES-256-GCM).

The key is a file of its own, made at the first start with mode 0600, so that a copy of the database alone
tells no password. Whoever has both has the passwords: this is no protection from who owns the server.

What is sealed is bound to a context, the sentence that says what it is for: moved to another row, or with
that row altered, it cannot be read.

Not here: which secrets there are; those that need not be said again are kept as hashes by their rooms.
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE = "secrets.key"  # in DATA_DIR; a backup holds it as well
KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D: random 96-bit nonces are good for 2^32 secrets under one key


class SecretUnreadable(Exception):
    """It was sealed with another key or for another purpose, or was altered. Somebody must enter it again."""


class SecretKeyDamaged(Exception):
    """The key file is no key. The message says which, and what can be done."""


class SecretBox:
    """Seals and unseals with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, path: Path) -> Self:
        """With the key in this file, which is made when there is none. Blocks on the disk.

        Raises:
            SecretKeyDamaged: the file is not `KEY_BYTES` long.
            OSError: it cannot be read, or not be made.
        """
        with contextlib.suppress(FileExistsError):
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                os.fchmod(descriptor, 0o600)  # a restore by hand may have opened it to others
            key = file.read(KEY_BYTES + 1)
        if len(key) != KEY_BYTES:
            words = f"{path} holds no key. Put it back from a backup, or remove it and enter the passwords again"
            raise SecretKeyDamaged(words)
        return cls(key)

    def seal(self, secret: str, context: str) -> bytes:
        """Nonce and ciphertext; another one each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), context.encode())

    def unseal(self, sealed: bytes, context: str) -> str:
        """Raises SecretUnreadable."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, ValueError):
            raise SecretUnreadable("sealed with another key, or altered") from None


def _make(path: Path) -> None:
    """The whole file or none, also when the power goes: written aside, synced, then given its name.

    Raises:
        FileExistsError: there is one.
    """
    if path.exists():
        raise FileExistsError(path)
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(aside, path)  # unlike a rename it never replaces a key
    finally:
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
