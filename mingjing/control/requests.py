"""The commands: what each asks and what it is answered, as they go over the socket.

Values are plain; rules about them are the rooms'. What should not be here: doing anything.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gateway.registry import SourceTransport
from viewer.access import Role


class CommandError(Exception):
    """The operator is told what is wrong, with which argument, and what to do."""

    def __init__(self, words: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.field = field
        self.fix = fix


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Message):
    """What a command prints; with --json, exactly this."""


# Places


class UnitItem(Answer):
    id: str
    name: str
    parent: str | None


class UnitItems(Answer):
    items: tuple[UnitItem, ...]


class CheckpointItem(Answer):
    id: str
    name: str
    unit: str
    latitude: float | None
    longitude: float | None
    address: str


class CheckpointItems(Answer):
    items: tuple[CheckpointItem, ...]


class UnitAdd(_Message):
    command: Literal["unit.add"] = "unit.add"
    id: str
    name: str
    parent: str | None = None


class UnitList(_Message):
    command: Literal["unit.list"] = "unit.list"


class CheckpointAdd(_Message):
    command: Literal["checkpoint.add"] = "checkpoint.add"
    id: str
    name: str
    unit: str | None = None  # None: the only one there is
    latitude: float | None = None
    longitude: float | None = None
    address: str = ""


class CheckpointList(_Message):
    command: Literal["checkpoint.list"] = "checkpoint.list"


# Devices


class DeviceKey(Answer):
    """The only time that the key is shown."""

    id: str
    key: Annotated[str, Field(repr=False)]
    rtsp_url: str
    rtsps_url: str | None = None  # None: RTSP has no certificate
    whip_url: str


class DeviceItem(Answer):
    id: str
    name: str
    model: str
    checkpoint: str
    unit: str
    enabled: bool
    last_seen: str | None
    last_refusal: str | None  # reason, and where it called from
    source: str | None  # where the pictures of a fixed camera are fetched from


class DeviceItems(Answer):
    items: tuple[DeviceItem, ...]


class DeviceAdd(_Message):
    command: Literal["device.add"] = "device.add"
    id: str
    checkpoint: str
    name: str = ""
    model: str = ""


class DeviceList(_Message):
    command: Literal["device.list"] = "device.list"


class DeviceRotateKey(_Message):
    command: Literal["device.rotate_key"] = "device.rotate_key"
    id: str
    overlap_s: float = 0


class DeviceSwitch(_Message):
    command: Literal["device.switch"] = "device.switch"
    id: str
    enabled: bool


class DeviceSetSource(_Message):
    command: Literal["device.set_source"] = "device.set_source"
    id: str
    url: str
    user: str = ""
    password: Annotated[str | None, Field(repr=False)] = None  # None: as it is
    transport: SourceTransport = SourceTransport.AUTO
    fingerprint: str = ""


class DeviceRemoveSource(_Message):
    command: Literal["device.remove_source"] = "device.remove_source"
    id: str


# People


class UserAdded(Answer):
    """`password` is the one-time password; left out when one was given."""

    name: str
    role: Role
    password: Annotated[str | None, Field(repr=False)] = None


class UserItem(Answer):
    name: str
    role: Role
    unit: str | None
    enabled: bool
    last_login: str | None


class UserItems(Answer):
    items: tuple[UserItem, ...]


class UserAdd(_Message):
    command: Literal["user.add"] = "user.add"
    name: str
    role: Role
    unit: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None


class UserList(_Message):
    command: Literal["user.list"] = "user.list"


class UserDisable(_Message):
    command: Literal["user.disable"] = "user.disable"
    name: str


# The store


class HeadKeyUse(Answer):
    """A key that signed heads, from which head on, and whether the key before vouched for it."""

    key: str
    from_head: int
    vouched: bool


class BrokenHeadItem(Answer):
    """Where heads, or what they vouch for, are not what they were. Head 0: the second copy."""

    head: int
    leaf: int | None
    subject: str
    file: str
    line: int
    reason: str


class HeadKey(Answer):
    """The key that signs heads now; `pem` is its public part. `history`: every key so far, the present one last."""

    key: str
    pem: str
    head: int | None = None  # the first that it signed, where it is new
    history: tuple[HeadKeyUse, ...] = ()


class AuditKey(_Message):
    command: Literal["audit.key"] = "audit.key"


class AuditRotateKey(_Message):
    command: Literal["audit.rotate_key"] = "audit.rotate_key"
    lost: bool = False


class AuditReport(Answer):
    """`broken` is the first entry that is missing or altered, `broken_head` what differs from the signed heads."""

    entries: int
    intact: bool  # both
    from_head: int = 0  # heads up to this one were proven before, and not looked at again
    heads: int = 0  # signed ones that are true
    leaves: int = 0  # what they vouch for
    gone: int = 0  # of these, name footage that was deleted since
    second_copy: bool = False
    copy_unread: str = ""  # why it could not be compared: it is not there, or does not answer
    keys: tuple[HeadKeyUse, ...] = ()
    broken_head: BrokenHeadItem | None = None
    broken: int | None = None
    file: str = ""
    line: int = 0
    reason: str = ""


class AuditVerify(_Message):
    command: Literal["audit.verify"] = "audit.verify"
    full: bool = True


class StoreFault(Answer):
    """Where in the store, and what is not as the rules promise."""

    path: str
    words: str


class StoreReport(Answer):
    """`faults` empty: everything that the rules promise is so. With a damaged index only the database was looked at."""

    segments: int = 0
    fragments: int = 0
    gaps: int = 0
    size_bytes: int = 0
    open_segments: int = 0  # being written, or left by a crash for the next start
    without_row: int = 0  # sealed, and their rows are still to come
    quarantined: int = 0
    originals: int = 0  # files that devices recorded themselves
    original_bytes: int = 0
    faults: tuple[StoreFault, ...]


class StoreRebuilt(Answer):
    segments: int
    recovered: int  # of these, a crash had left open
    gaps: int
    size_bytes: int
    quarantined: tuple[StoreFault, ...]


class StoreCheck(_Message):
    """Hash every byte of every segment, or, not `deep`, look at rows, names and sizes only."""

    command: Literal["store.check"] = "store.check"
    deep: bool = True


class StoreRebuild(_Message):
    """Not while a server runs: it has rows in memory."""

    command: Literal["store.rebuild"] = "store.rebuild"


class SnapshotTaken(Answer):
    """Where database and ledger were copied to, and up to which entry."""

    folder: str
    ledger_entries: int


class SnapshotTake(_Message):
    """Copy database and ledger, consistent with each other,, for a backup to fetch."""

    command: Literal["snapshot.take"] = "snapshot.take"


Request = (
    UnitAdd
    | UnitList
    | CheckpointAdd
    | CheckpointList
    | DeviceAdd
    | DeviceList
    | DeviceRotateKey
    | DeviceSwitch
    | DeviceSetSource
    | DeviceRemoveSource
    | UserAdd
    | UserList
    | UserDisable
    | AuditVerify
    | AuditKey
    | AuditRotateKey
    | StoreCheck
    | StoreRebuild
    | SnapshotTake
)

REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="command")])


class Failure(_Message):
    """Instead of an answer."""

    words: str
    field: str = ""
    fix: str = ""
