"""The one policy table: which role may do what, to whose things. Pure, and deny by default.

`decide` needs no database and no clock, so that every cell of the table can be tested. Not here:
who somebody is (`sessions`), which door does what (`doors`), writing the audit (`guard`).

What is foreign and what does not exist give the same verdict, HIDDEN: nobody learns from a
refusal that a thing is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from viewer.access.actions import Action
from viewer.access.roles import Principal, Role


class Kind(StrEnum):
    """What an action is done to. NOTHING is an action without an object, as reading a list is."""

    NOTHING = "nothing"
    UNIT = "unit"
    CHECKPOINT = "checkpoint"
    DEVICE = "device"
    VIEW = "view"
    BACKFILL = "backfill"
    KEPT = "kept"  # a clip or a hold
    EXPORT = "export"  # a package, or what one would be made of
    ALARM = "alarm"
    CASE = "case"
    USER = "user"
    SESSION = "session"
    STREAM_PASSWORD = "stream_password"


@dataclass(frozen=True, slots=True)
class Object:
    """The thing an action is done to, as far as policy needs it.

    `unit_path` is the unit it belongs to and every unit above that one. `exists` False stands for
    a thing that was asked for and is not there. `opened` says that the case which the principal has at hand opens all
    of the footage that it stands for (viewer.case_at_hand).
    """

    kind: Kind
    id: str = ""
    unit_path: tuple[str, ...] = ()
    owner: str | None = None
    exists: bool = True
    opened: bool = False


NOTHING = Object(Kind.NOTHING)


class Scope(Enum):
    """How far a row reaches."""

    OPEN = "open"  # anybody, without a session
    MACHINE = "machine"  # programs on the server itself, without a session; else the roles
    ALL = "all"  # every object of the kind
    UNIT = "unit"  # objects of the principal's unit and the units under it
    OWN = "own"  # what belongs to the principal


class Record(Enum):
    """Who writes the ledger entry when the answer is yes. Exactly one does (I11)."""

    NONE = "none"  # tells nothing about footage or people
    GUARD = "guard"  # a view: the guard, before the room is entered
    ROOM = "room"  # a change: the room, in the transaction of the change


class Verdict(Enum):
    ALLOWED = "allowed"
    UNAUTHENTICATED = "unauthenticated"
    MUST_CHANGE_PASSWORD = "must_change_password"
    FORBIDDEN = "forbidden"
    HIDDEN = "hidden"
    NEEDS_CASE = "needs_case"


@dataclass(frozen=True, slots=True)
class Row:
    """`by_case`: who reviews does it to what the case at hand opens, and to nothing else."""

    roles: frozenset[Role]
    kind: Kind
    scope: Scope
    record: Record
    by_case: bool = False


_EVERYBODY = frozenset(Role)
_FIELD = frozenset({Role.SUPERVISOR, Role.REVIEWER, Role.UNIT_USER, Role.EXPORTER, Role.SITE_ADMIN})
_SEES_PLACES = _FIELD | {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}  # the latter gives people their unit
_SEES_DEVICES = _FIELD | {Role.SYSTEM_ADMIN}
_SEES_LIVE = frozenset({Role.SUPERVISOR, Role.SITE_ADMIN})
_SITE = frozenset({Role.SITE_ADMIN})
_SECURITY = frozenset({Role.SECURITY_ADMIN})
_AUDITOR = frozenset({Role.AUDITOR})
_SYSTEM = frozenset({Role.SYSTEM_ADMIN})
_CASE_FILES = frozenset({Role.REVIEWER, Role.UNIT_USER})  # whose work a case file is
_SEES_CASES = _CASE_FILES | {Role.SUPERVISOR}
_SEES_FOOTAGE = frozenset({Role.SUPERVISOR, Role.REVIEWER, Role.EXPORTER})
# Who works with footage sees how long it stays and what will go, while there is time to keep it.
_SEES_RETENTION = frozenset({Role.SUPERVISOR, Role.REVIEWER, Role.SYSTEM_ADMIN})
_KEEPS_FOOTAGE = frozenset({Role.SUPERVISOR, Role.REVIEWER})
_SEES_BACKFILLS = _SEES_FOOTAGE | _SITE
_PLACES_BACKFILLS = _KEEPS_FOOTAGE | _SITE
_BY_CASE = frozenset({Role.REVIEWER})
_NOBODY: frozenset[Role] = frozenset()

_OPEN = Row(_NOBODY, Kind.NOTHING, Scope.OPEN, Record.NONE)
_LOGIN = Row(_NOBODY, Kind.NOTHING, Scope.OPEN, Record.ROOM)
_PRIVATE = Row(_EVERYBODY, Kind.NOTHING, Scope.ALL, Record.NONE)
_PRIVATE_CHANGE = Row(_EVERYBODY, Kind.NOTHING, Scope.ALL, Record.ROOM)
_USER_CHANGE = Row(_SECURITY, Kind.USER, Scope.ALL, Record.ROOM)
_UNIT_CHANGE = Row(_SITE, Kind.UNIT, Scope.UNIT, Record.ROOM)
_CHECKPOINT_CHANGE = Row(_SITE, Kind.CHECKPOINT, Scope.UNIT, Record.ROOM)
_CASE_CHANGE = Row(_CASE_FILES, Kind.CASE, Scope.UNIT, Record.ROOM)
_DEVICE_CHANGE = Row(_SITE, Kind.DEVICE, Scope.UNIT, Record.ROOM)
_KEPT_LIST = Row(_SEES_FOOTAGE, Kind.NOTHING, Scope.UNIT, Record.NONE)
_KEPT_READ = Row(_SEES_FOOTAGE, Kind.KEPT, Scope.UNIT, Record.NONE)
_KEEP = Row(_KEEPS_FOOTAGE, Kind.DEVICE, Scope.UNIT, Record.ROOM)
_KEPT_CHANGE = Row(_KEEPS_FOOTAGE, Kind.KEPT, Scope.UNIT, Record.ROOM)
# Who may see footage may ask for a package of it; what mass export is, and that it takes two, the room says.
_EXPORT_CHANGE = Row(_SEES_FOOTAGE, Kind.EXPORT, Scope.UNIT, Record.ROOM)
_FOOTAGE_VIEW = Row(_SEES_FOOTAGE, Kind.DEVICE, Scope.UNIT, Record.GUARD, by_case=True)

TABLE: Mapping[Action, Row] = {
    Action.HEALTH_READ: _OPEN,
    Action.SCHEMA_READ: _OPEN,
    Action.APP_READ: _OPEN,
    Action.STREAM_PUBLISH: _OPEN,  # by the device's own key: gateway.admission
    Action.METRICS_READ: Row(_SYSTEM, Kind.NOTHING, Scope.MACHINE, Record.NONE),
    Action.SESSION_OPEN: _LOGIN,
    Action.SESSION_READ: _PRIVATE,
    Action.SESSION_CLOSE: _PRIVATE_CHANGE,
    Action.SESSION_LIST_OWN: _PRIVATE,
    Action.SESSION_REVOKE_OWN: Row(_EVERYBODY, Kind.SESSION, Scope.OWN, Record.ROOM),
    Action.SESSION_KEEP: _PRIVATE,
    Action.PASSWORD_CHANGE: _PRIVATE_CHANGE,
    # Whoever may see live pictures in the browser may see them in a player.
    Action.STREAM_PASSWORD_LIST_OWN: Row(_SEES_LIVE, Kind.NOTHING, Scope.ALL, Record.NONE),
    Action.STREAM_PASSWORD_CREATE: Row(_SEES_LIVE, Kind.NOTHING, Scope.ALL, Record.ROOM),
    Action.STREAM_PASSWORD_REVOKE_OWN: Row(_SEES_LIVE, Kind.STREAM_PASSWORD, Scope.OWN, Record.ROOM),
    Action.USER_LIST: Row(_SECURITY | _AUDITOR, Kind.NOTHING, Scope.ALL, Record.GUARD),
    Action.USER_READ: Row(_SECURITY | _AUDITOR, Kind.USER, Scope.ALL, Record.GUARD),
    Action.USER_CREATE: Row(_SECURITY, Kind.NOTHING, Scope.ALL, Record.ROOM),
    Action.USER_EDIT: _USER_CHANGE,
    Action.USER_DISABLE: _USER_CHANGE,
    Action.USER_ENABLE: _USER_CHANGE,
    Action.USER_RESET_PASSWORD: _USER_CHANGE,
    Action.SESSION_LIST: Row(_SECURITY, Kind.USER, Scope.ALL, Record.GUARD),
    Action.SESSION_REVOKE: Row(_SECURITY, Kind.SESSION, Scope.ALL, Record.ROOM),
    Action.UNIT_LIST: Row(_SEES_PLACES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.UNIT_READ: Row(_SEES_PLACES, Kind.UNIT, Scope.UNIT, Record.NONE),
    Action.UNIT_CREATE: _UNIT_CHANGE,  # the object is the parent
    Action.UNIT_EDIT: _UNIT_CHANGE,
    Action.UNIT_REMOVE: _UNIT_CHANGE,
    Action.CHECKPOINT_LIST: Row(_SEES_DEVICES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.CHECKPOINT_READ: Row(_SEES_DEVICES, Kind.CHECKPOINT, Scope.UNIT, Record.NONE),
    Action.CHECKPOINT_CREATE: _UNIT_CHANGE,  # the object is the unit it is put in
    Action.CHECKPOINT_EDIT: _CHECKPOINT_CHANGE,
    Action.CHECKPOINT_REMOVE: _CHECKPOINT_CHANGE,
    Action.DEVICE_LIST: Row(_SEES_DEVICES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.DEVICE_READ: Row(_SEES_DEVICES, Kind.DEVICE, Scope.UNIT, Record.NONE),
    Action.DEVICE_PLACE: _CHECKPOINT_CHANGE,  # registering or moving: the object is where it goes
    Action.DEVICE_EDIT: _DEVICE_CHANGE,
    Action.DEVICE_REMOVE: _DEVICE_CHANGE,
    Action.DEVICE_ROTATE_KEY: _DEVICE_CHANGE,
    Action.DEVICE_ENABLE: _DEVICE_CHANGE,
    Action.DEVICE_DISABLE: _DEVICE_CHANGE,
    # The addresses of a network, and the users of its cameras, are not for everybody who sees the device.
    Action.DEVICE_READ_SOURCE: Row(_SITE, Kind.DEVICE, Scope.UNIT, Record.NONE),
    Action.DEVICE_SET_SOURCE: _DEVICE_CHANGE,
    Action.DEVICE_REMOVE_SOURCE: _DEVICE_CHANGE,
    # Who searches for an officer's footage, and who hands devices over.
    Action.DEVICE_READ_OFFICER: Row(_SEES_FOOTAGE | _SITE, Kind.DEVICE, Scope.UNIT, Record.NONE),
    Action.DEVICE_HAND_OVER: _DEVICE_CHANGE,
    Action.DEVICE_TAKE_BACK: _DEVICE_CHANGE,
    Action.OFFICER_LIST: Row(_SEES_FOOTAGE | _SITE, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.STREAM_LIST: Row(_SEES_DEVICES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.EVENTS_WATCH: _PRIVATE,  # each message has its own row (doors.PUSHES); the end of the session concerns all
    # A site admin sees the picture of the device being registered (screens.md).
    Action.LIVE_VIEW: Row(_SEES_LIVE, Kind.DEVICE, Scope.UNIT, Record.GUARD),
    Action.LIVE_ASK: _OPEN,  # how a player has to ask, as it says before it does
    # Of a view that one has opened and that is on record: what a player sends behind its offer, news, the end.
    Action.LIVE_CONTROL: Row(_SEES_LIVE, Kind.VIEW, Scope.OWN, Record.NONE),
    # To the officer, from a view of the device. A site admin sees a picture to set a device up, and has nothing to say.
    Action.TALK: Row(frozenset({Role.SUPERVISOR}), Kind.DEVICE, Scope.UNIT, Record.GUARD),
    Action.RECORDING_READ: _FOOTAGE_VIEW,
    # Of a checkpoint each device is asked for by itself, as recordings read.
    Action.TIMELINE_READ: Row(_SEES_FOOTAGE, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.PLAYBACK_OPEN: _FOOTAGE_VIEW,
    # Of a view that one has opened and that is on record, whose end says what was sent.
    Action.PLAYBACK_READ: Row(_SEES_FOOTAGE, Kind.VIEW, Scope.OWN, Record.NONE),
    Action.BACKFILL_SEND: _OPEN,  # by the device's own key: gateway.admission
    Action.BACKFILL_ASK: _OPEN,  # how an upload is done, as its client asks before it does
    Action.BACKFILL_UPLOAD: Row(_SITE, Kind.DEVICE, Scope.UNIT, Record.ROOM),  # a docking station's folder
    Action.BACKFILL_LIST: Row(_SEES_BACKFILLS, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.BACKFILL_READ: Row(_SEES_BACKFILLS, Kind.BACKFILL, Scope.UNIT, Record.NONE),
    Action.BACKFILL_PLACE: Row(_PLACES_BACKFILLS, Kind.BACKFILL, Scope.UNIT, Record.ROOM),
    Action.BACKFILL_REJECT: Row(_PLACES_BACKFILLS, Kind.BACKFILL, Scope.UNIT, Record.ROOM),
    Action.ORIGINAL_DOWNLOAD: Row(_SEES_FOOTAGE, Kind.BACKFILL, Scope.UNIT, Record.GUARD, by_case=True),
    # Of footage: that it is kept and why. Looking at it is `recording.read`.
    Action.RETENTION_READ: Row(_SEES_FOOTAGE, Kind.DEVICE, Scope.UNIT, Record.NONE),
    Action.RETENTION_LIST: Row(_SEES_RETENTION, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.RETENTION_READ_POLICY: Row(_SEES_RETENTION, Kind.UNIT, Scope.UNIT, Record.NONE),
    # Who runs the disks, and gains by shortening: so never below the law's least, seven days later, and on record.
    Action.RETENTION_SET: Row(_SYSTEM, Kind.UNIT, Scope.UNIT, Record.ROOM),
    Action.RETENTION_PLAN: Row(_SEES_RETENTION, Kind.NOTHING, Scope.UNIT, Record.NONE),
    # Certificates are a part of the log, and a look at them is a look into it.
    Action.CERTIFICATE_LIST: Row(_AUDITOR, Kind.NOTHING, Scope.ALL, Record.GUARD),
    Action.CERTIFICATE_READ: Row(_AUDITOR, Kind.NOTHING, Scope.ALL, Record.GUARD),
    Action.ARCHIVE_READ: Row(_SYSTEM, Kind.NOTHING, Scope.ALL, Record.NONE),
    Action.CLIP_LIST: _KEPT_LIST,
    Action.CLIP_READ: _KEPT_READ,
    # A clip of a case is opened by it: so only what the case opens is tagged to it (api.kept).
    Action.CLIP_CREATE: Row(_KEEPS_FOOTAGE, Kind.DEVICE, Scope.UNIT, Record.ROOM, by_case=True),
    Action.CLIP_EDIT: Row(_KEEPS_FOOTAGE, Kind.KEPT, Scope.UNIT, Record.ROOM, by_case=True),
    Action.CLIP_ASK_REMOVAL: _KEPT_CHANGE,
    Action.CLIP_AGREE_REMOVAL: _KEPT_CHANGE,
    Action.CLIP_WITHDRAW_REMOVAL: _KEPT_CHANGE,
    Action.HOLD_LIST: _KEPT_LIST,
    Action.HOLD_READ: _KEPT_READ,
    Action.HOLD_CREATE: _KEEP,
    Action.HOLD_EDIT: _KEPT_CHANGE,
    Action.HOLD_ASK_REMOVAL: _KEPT_CHANGE,
    Action.HOLD_AGREE_REMOVAL: _KEPT_CHANGE,
    Action.HOLD_WITHDRAW_REMOVAL: _KEPT_CHANGE,
    Action.EXPORT_LIST: _KEPT_LIST,
    Action.EXPORT_READ: Row(_SEES_FOOTAGE, Kind.EXPORT, Scope.UNIT, Record.NONE),
    # The object is all of what is to be in it.
    Action.EXPORT_CREATE: Row(_SEES_FOOTAGE, Kind.EXPORT, Scope.UNIT, Record.ROOM, by_case=True),
    Action.EXPORT_AGREE: _EXPORT_CHANGE,
    Action.EXPORT_CANCEL: _EXPORT_CHANGE,
    # Each answer with bytes of one: that it begins is written before the first of them, and how it ended by the room.
    Action.EXPORT_DOWNLOAD: Row(_SEES_FOOTAGE, Kind.EXPORT, Scope.UNIT, Record.GUARD, by_case=True),
    Action.SCRUB_READ: Row(_SYSTEM, Kind.NOTHING, Scope.ALL, Record.NONE),
    Action.AUDIT_READ: Row(_AUDITOR, Kind.NOTHING, Scope.ALL, Record.GUARD),
    Action.AUDIT_VERIFY: Row(_AUDITOR, Kind.NOTHING, Scope.ALL, Record.GUARD),
    Action.OVERVIEW_READ: Row(_EVERYBODY, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.SYSTEM_READ: Row(_SYSTEM, Kind.NOTHING, Scope.ALL, Record.NONE),
    # A full disk is the system admin's to mend, and the duty room's to know: nothing is being kept.
    Action.SERVER_ALARM_READ: Row(
        frozenset({Role.SYSTEM_ADMIN, Role.SUPERVISOR, Role.SITE_ADMIN}), Kind.NOTHING, Scope.ALL, Record.NONE
    ),
    # Who sees a device sees its alarms; of the server's own only who may know of them (SERVER_ALARM_READ).
    Action.ALARM_LIST: Row(_SEES_DEVICES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.ALARM_READ: Row(_SEES_DEVICES, Kind.ALARM, Scope.UNIT, Record.NONE),
    # Acknowledging says that somebody sees to it: for those on duty and those who mend.
    Action.ALARM_ACKNOWLEDGE: Row(
        frozenset({Role.SUPERVISOR, Role.SITE_ADMIN, Role.SYSTEM_ADMIN}), Kind.ALARM, Scope.UNIT, Record.ROOM
    ),
    Action.CASE_LIST: Row(_SEES_CASES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    # To open a case file is a look at people, as an export of them is.
    Action.CASE_READ: Row(_SEES_CASES, Kind.CASE, Scope.UNIT, Record.GUARD),
    # Its number, and from when to when footage may be looked for: no more than the list of cases tells.
    Action.CASE_LOOK_ROUND: Row(_SEES_CASES, Kind.CASE, Scope.UNIT, Record.NONE),
    # Who was punished is personal data: a supervisor judges how officers work, and does so without the name.
    Action.CASE_READ_PARTY: Row(_CASE_FILES, Kind.CASE, Scope.UNIT, Record.NONE),
    Action.CASE_CREATE: Row(_CASE_FILES, Kind.UNIT, Scope.UNIT, Record.ROOM),  # the object is the unit it is put in
    Action.CASE_EDIT: _CASE_CHANGE,
    Action.CASE_CLOSE: _CASE_CHANGE,
    Action.CASE_REOPEN: _CASE_CHANGE,
    # Of a file every row is asked for by itself, as a case created in its unit.
    Action.CASE_PREVIEW: Row(_CASE_FILES, Kind.NOTHING, Scope.UNIT, Record.NONE),
    Action.CASE_IMPORT: Row(_CASE_FILES, Kind.NOTHING, Scope.UNIT, Record.ROOM),
    Action.CASE_EXPORT: Row(_SEES_CASES, Kind.NOTHING, Scope.UNIT, Record.GUARD),
}

# With a one-time password nobody does anything but replace it, look who they are, and leave.
BEFORE_PASSWORD_CHANGE = frozenset({Action.SESSION_READ, Action.SESSION_CLOSE, Action.PASSWORD_CHANGE})


def admits(principal: Principal | None, action: Action, *, on_machine: bool = False) -> Verdict:
    """What can be said before the object is known: ALLOWED means that some object may be.

    `on_machine`: the request comes from a program on the server itself, by no proxy.
    """
    row = TABLE.get(action)
    if row is None:
        return Verdict.FORBIDDEN
    if row.scope is Scope.OPEN or (row.scope is Scope.MACHINE and on_machine):
        return Verdict.ALLOWED
    if principal is None:
        return Verdict.UNAUTHENTICATED
    if principal.must_change_password and action not in BEFORE_PASSWORD_CHANGE:
        return Verdict.MUST_CHANGE_PASSWORD
    return Verdict.ALLOWED if principal.role in row.roles else Verdict.FORBIDDEN


def decide(principal: Principal | None, action: Action, thing: Object, *, on_machine: bool = False) -> Verdict:
    """What the table says. An action without a row, or done to another kind of thing, is forbidden."""
    verdict = admits(principal, action, on_machine=on_machine)
    if verdict is not Verdict.ALLOWED:
        return verdict
    row = TABLE[action]
    if thing.kind is not row.kind:
        return Verdict.FORBIDDEN
    if row.scope in (Scope.OPEN, Scope.MACHINE) or principal is None:
        return Verdict.ALLOWED
    if not thing.exists:
        return Verdict.HIDDEN
    if row.scope is Scope.OWN and thing.owner != principal.name:
        return Verdict.HIDDEN
    narrowed = row.scope is Scope.UNIT and thing.kind is not Kind.NOTHING and principal.unit is not None
    if narrowed and principal.unit not in thing.unit_path:
        return Verdict.HIDDEN
    return Verdict.NEEDS_CASE if row.by_case and principal.role in _BY_CASE and not thing.opened else Verdict.ALLOWED


def may(principal: Principal | None, action: Action, thing: Object) -> bool:
    return decide(principal, action, thing) is Verdict.ALLOWED


def allowed_actions(principal: Principal) -> list[Action]:
    """What the web app may offer this person: every action that some object would allow."""
    return [action for action in TABLE if admits(principal, action) is Verdict.ALLOWED]
