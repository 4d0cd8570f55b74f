"""Who signs heads, and how a signature is checked.

A key is named by its algorithm and its public part, `ed25519:<64 hexadecimal digits>`: whoever has a head has what
checks it, and trusts it if that is the key they were told by other means. Another algorithm, as SM2, is one more
`Scheme` in `SCHEMES`; everything else takes what it is given.

Not here: where the private key rests (key_ring).
"""

from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Signer(Protocol):
    """Signs with one key. May be a device that keeps it to itself."""

    @property
    def key(self) -> str:
        """The key's name: `algorithm:public part in hexadecimal`."""

    def sign(self, message: bytes) -> bytes: ...


class Scheme(Protocol):
    """One algorithm."""

    @property
    def name(self) -> str: ...

    def new_key(self) -> bytes:
        """A private key, as its file holds it."""

    def signer(self, private: bytes) -> Signer:
        """Raises ValueError: these bytes are no private key of this algorithm."""

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool: ...

    def public_pem(self, public: bytes) -> str:
        """The public key as other programs read it. Raises ValueError: it is none."""


class Ed25519Signer:
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = f"{Ed25519.name}:{private.public_key().public_bytes_raw().hex()}"

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class Ed25519:
    """RFC 8032. The private key rests as PKCS #8 in PEM: `openssl pkey` reads it."""

    name = "ed25519"

    def new_key(self) -> bytes:
        return Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def signer(self, private: bytes) -> Ed25519Signer:
        try:
            key = serialization.load_pem_private_key(private, None)
        except Exception as error:  # the library raises many kinds, and each means that it is no key
            raise ValueError("not a private key in PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not a key for Ed25519")
        return Ed25519Signer(key)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def public_pem(self, public: bytes) -> str:
        pem = Ed25519PublicKey.from_public_bytes(public).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()


DEFAULT_SCHEME: Scheme = Ed25519()
SCHEMES: Mapping[str, Scheme] = {DEFAULT_SCHEME.name: DEFAULT_SCHEME}


def verifies(key: str, message: bytes, signature: bytes, schemes: Mapping[str, Scheme] = SCHEMES) -> bool:
    """Whether the key of this name signed the message. One of an unknown algorithm signed nothing."""
    name, _, public = key.partition(":")
    scheme = schemes.get(name)
    try:
        return scheme is not None and scheme.verify(bytes.fromhex(public), message, signature)
    except ValueError:
        return False


def public_pem(key: str, schemes: Mapping[str, Scheme] = SCHEMES) -> str:
    """Raises KeyError, ValueError: no key of an algorithm that is known here."""
    name, _, public = key.partition(":")
    return schemes[name].public_pem(bytes.fromhex(public))
