"""What the making of a package needs of the notary, wherever it is made: a head over all there is, and a signature."""

from pathlib import Path
from typing import Protocol

from storage.heads import Signer


class KnownKey(Protocol):
    @property
    def key(self) -> str | None: ...


class SignedHeads(Protocol):
    """`folder` is where heads and leaves lie; entries of the ledger up to number `ledger` have a head over them."""

    @property
    def folder(self) -> Path: ...

    @property
    def ledger(self) -> int: ...

    @property
    def signer(self) -> Signer: ...

    def statistics(self) -> KnownKey: ...


class Signing(Protocol):
    @property
    def heads(self) -> SignedHeads: ...

    async def round(self) -> object:
        """Sign a head over all that was recorded and written so far.

        Raises:
            OSError, HeadKeyMissing: there is none.
        """
