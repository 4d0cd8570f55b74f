"""What the operator is told: what is wrong, with which field, and what to do."""


class RegistryError(Exception):
    """An operator's error. The message is a sentence for them; `field` and `fix` go with it."""

    def __init__(self, words: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(words)
        self.field = field
        self.fix = fix


class NotFound(RegistryError):
    """There is no such unit, checkpoint or device."""


class AlreadyExists(RegistryError):
    """The id is taken."""


class Invalid(RegistryError):
    """A value that cannot be."""


class Conflict(RegistryError):
    """Somebody else changed it meanwhile, or something still depends on it."""
