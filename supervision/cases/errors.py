"""What whoever works on a case is told: what is wrong, with which field, and what to do."""


class CaseError(Exception):
    """The message is a sentence for a person; `field` and `fix` go with it."""

    def __init__(self, words: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(words)
        self.field = field
        self.fix = fix


class CaseNotFound(CaseError):
    """There is no such case, or no such unit to put it in."""


class CaseTaken(CaseError):
    """The number is taken in its unit, or the other system's id by another case."""


class CaseInvalid(CaseError):
    """A value that cannot be."""


class CaseConflict(CaseError):
    """Somebody else changed it meanwhile, or it is closed."""


class PreviewGone(CaseError):
    """No preview of that file is kept: it was never made here, or too long ago."""


class ImportRefused(CaseError):
    """The file has rows that cannot be taken, so none was."""


class ImportsBusy(CaseError):
    """As many files are being read as may be at once."""
