"""What may be wrong with an upload or a decision, in words that its sender can act on."""


class BackfillError(Exception):
    """The message says what is wrong; `field` where, `fix` what to do."""

    def __init__(self, words: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(words)
        self.field = field
        self.fix = fix


class UploadInvalid(BackfillError):
    """A value that cannot be."""


class UploadTooLarge(BackfillError):
    """More than a file may have."""


class NoRoomForUpload(BackfillError):
    """All originals together, or the disk, have no room for it now."""


class TooManyUploads(BackfillError):
    """Finish some before you begin another."""


class UploadBusy(BackfillError):
    """Its last request is still being written."""


class UploadGone(BackfillError):
    """There is no such upload any more."""


class AlreadyHere(BackfillError):
    """The same file of this device is kept already: `backfill` is its id."""

    def __init__(self, backfill: str) -> None:
        super().__init__("This file is here already.", field="sha256", fix="Do not send it again.")
        self.backfill = backfill


class DigestDiffers(BackfillError):
    """What came is not what the sender said: nothing of it is kept."""


class BackfillChanged(BackfillError):
    """Somebody or something changed it meanwhile."""


class CannotBePlaced(BackfillError):
    """Nothing is known of its pictures, or its file is gone."""
