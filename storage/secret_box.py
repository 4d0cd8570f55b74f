"""Secrets that the server must be able to say again, as a camera's password, encrypted at rest (AES-256-GCM).

The key is a file of its own, made at the first start with mode 0600, so that a copy of the database alone
tells no password. Whoever has both has the passwords: this is no protection from who owns the server.

What is sealed is bound to a context, the sentence that says what it is for: moved to another row, or with
that row altered, it cannot be read.

Not here: which secrets there are; those that need not be said again are kept as hashes by their rooms.
"""

import contextlib
import secrets
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.key_file import make_key_file, read_key_file

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
            make_key_file(path, secrets.token_bytes(KEY_BYTES))
        key = read_key_file(path)
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
