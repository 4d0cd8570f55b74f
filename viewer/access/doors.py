"""Which door asks for which action: every route and every WebSocket message has its row here.

The app is not built when a route has no row, or a row no route (`app.check_doors`). Not here: who
may do the action, which is `policy.TABLE`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from viewer.access.actions import Action

WEBSOCKET = "WEBSOCKET"  # stands where a method stands

DOORS: Mapping[tuple[str, str], Action] = {
    ("GET", "/healthz"): Action.HEALTH_READ,
    ("GET", "/readyz"): Action.HEALTH_READ,
    ("GET", "/metrics"): Action.METRICS_READ,
    ("GET", "/api/openapi.json"): Action.SCHEMA_READ,
    ("GET", "/{path:path}"): Action.APP_READ,
    ("POST", "/api/v1/login"): Action.SESSION_OPEN,
    ("GET", "/api/v1/session"): Action.SESSION_READ,
    ("DELETE", "/api/v1/session"): Action.SESSION_CLOSE,
    ("GET", "/api/v1/session/list"): Action.SESSION_LIST_OWN,
    ("DELETE", "/api/v1/session/list/{session}"): Action.SESSION_REVOKE_OWN,
    ("POST", "/api/v1/password"): Action.PASSWORD_CHANGE,
    ("GET", "/api/v1/stream-passwords"): Action.STREAM_PASSWORD_LIST_OWN,
    ("POST", "/api/v1/stream-passwords"): Action.STREAM_PASSWORD_CREATE,
    ("DELETE", "/api/v1/stream-passwords/{password}"): Action.STREAM_PASSWORD_REVOKE_OWN,
    ("GET", "/api/v1/users"): Action.USER_LIST,
    ("POST", "/api/v1/users"): Action.USER_CREATE,
    ("GET", "/api/v1/users/{user}"): Action.USER_READ,
    ("PATCH", "/api/v1/users/{user}"): Action.USER_EDIT,
    ("POST", "/api/v1/users/{user}/disable"): Action.USER_DISABLE,
    ("POST", "/api/v1/users/{user}/enable"): Action.USER_ENABLE,
    ("POST", "/api/v1/users/{user}/reset-password"): Action.USER_RESET_PASSWORD,
    ("GET", "/api/v1/users/{user}/sessions"): Action.SESSION_LIST,
    ("DELETE", "/api/v1/users/{user}/sessions/{session}"): Action.SESSION_REVOKE,
    ("GET", "/api/v1/units"): Action.UNIT_LIST,
    ("POST", "/api/v1/units"): Action.UNIT_CREATE,
    ("GET", "/api/v1/units/{unit}"): Action.UNIT_READ,
    ("PATCH", "/api/v1/units/{unit}"): Action.UNIT_EDIT,
    ("DELETE", "/api/v1/units/{unit}"): Action.UNIT_REMOVE,
    ("GET", "/api/v1/checkpoints"): Action.CHECKPOINT_LIST,
    ("POST", "/api/v1/checkpoints"): Action.CHECKPOINT_CREATE,
    ("GET", "/api/v1/checkpoints/{checkpoint}"): Action.CHECKPOINT_READ,
    ("PATCH", "/api/v1/checkpoints/{checkpoint}"): Action.CHECKPOINT_EDIT,
    ("DELETE", "/api/v1/checkpoints/{checkpoint}"): Action.CHECKPOINT_REMOVE,
    ("GET", "/api/v1/devices"): Action.DEVICE_LIST,
    ("POST", "/api/v1/devices"): Action.DEVICE_PLACE,
    ("GET", "/api/v1/devices/{device}"): Action.DEVICE_READ,
    ("PATCH", "/api/v1/devices/{device}"): Action.DEVICE_EDIT,
    ("DELETE", "/api/v1/devices/{device}"): Action.DEVICE_REMOVE,
    ("POST", "/api/v1/devices/{device}/rotate-key"): Action.DEVICE_ROTATE_KEY,
    ("POST", "/api/v1/devices/{device}/enable"): Action.DEVICE_ENABLE,
    ("POST", "/api/v1/devices/{device}/disable"): Action.DEVICE_DISABLE,
    ("GET", "/api/v1/devices/{device}/source"): Action.DEVICE_READ_SOURCE,
    ("PUT", "/api/v1/devices/{device}/source"): Action.DEVICE_SET_SOURCE,
    ("DELETE", "/api/v1/devices/{device}/source"): Action.DEVICE_REMOVE_SOURCE,
    ("GET", "/api/v1/devices/{device}/officer"): Action.DEVICE_READ_OFFICER,
    ("PUT", "/api/v1/devices/{device}/officer"): Action.DEVICE_HAND_OVER,
    ("DELETE", "/api/v1/devices/{device}/officer"): Action.DEVICE_TAKE_BACK,
    ("GET", "/api/v1/officers"): Action.OFFICER_LIST,
    ("GET", "/api/v1/streams"): Action.STREAM_LIST,
    ("OPTIONS", "/whip/{device}"): Action.STREAM_PUBLISH,
    ("POST", "/whip/{device}"): Action.STREAM_PUBLISH,
    ("OPTIONS", "/whip/{device}/{session}"): Action.STREAM_PUBLISH,
    ("PATCH", "/whip/{device}/{session}"): Action.STREAM_PUBLISH,
    ("DELETE", "/whip/{device}/{session}"): Action.STREAM_PUBLISH,
    ("OPTIONS", "/whep/{device}"): Action.LIVE_ASK,
    ("POST", "/whep/{device}"): Action.LIVE_VIEW,
    ("OPTIONS", "/whep/{device}/{session}"): Action.LIVE_ASK,
    ("PATCH", "/whep/{device}/{session}"): Action.LIVE_CONTROL,
    ("DELETE", "/whep/{device}/{session}"): Action.LIVE_CONTROL,
    ("GET", "/api/v1/recordings"): Action.RECORDING_READ,
    ("GET", "/api/v1/timeline"): Action.TIMELINE_READ,
    ("POST", "/api/v1/playback"): Action.PLAYBACK_OPEN,
    ("DELETE", "/api/v1/playback/{view}"): Action.PLAYBACK_READ,
    ("GET", "/api/v1/playback/{view}/at"): Action.PLAYBACK_READ,
    ("GET", "/api/v1/playback/{view}/thumbnail"): Action.PLAYBACK_READ,
    ("GET", "/api/v1/playback/{view}/segments/{segment}"): Action.PLAYBACK_READ,
    ("GET", "/api/v1/playback/{view}/segments/{segment}/media"): Action.PLAYBACK_READ,
    ("OPTIONS", "/api/v1/backfill/devices/{device}"): Action.BACKFILL_SEND,
    ("POST", "/api/v1/backfill/devices/{device}"): Action.BACKFILL_SEND,
    ("OPTIONS", "/api/v1/backfill/devices/{device}/{upload}"): Action.BACKFILL_SEND,
    ("HEAD", "/api/v1/backfill/devices/{device}/{upload}"): Action.BACKFILL_SEND,
    ("PATCH", "/api/v1/backfill/devices/{device}/{upload}"): Action.BACKFILL_SEND,
    ("DELETE", "/api/v1/backfill/devices/{device}/{upload}"): Action.BACKFILL_SEND,
    ("OPTIONS", "/api/v1/backfill/uploads"): Action.BACKFILL_ASK,
    ("POST", "/api/v1/backfill/uploads"): Action.BACKFILL_UPLOAD,
    ("OPTIONS", "/api/v1/backfill/uploads/{upload}"): Action.BACKFILL_ASK,
    ("HEAD", "/api/v1/backfill/uploads/{upload}"): Action.BACKFILL_UPLOAD,
    ("PATCH", "/api/v1/backfill/uploads/{upload}"): Action.BACKFILL_UPLOAD,
    ("DELETE", "/api/v1/backfill/uploads/{upload}"): Action.BACKFILL_UPLOAD,
    ("GET", "/api/v1/backfills"): Action.BACKFILL_LIST,
    ("GET", "/api/v1/backfills/{backfill}"): Action.BACKFILL_READ,
    ("POST", "/api/v1/backfills/{backfill}/place"): Action.BACKFILL_PLACE,
    ("POST", "/api/v1/backfills/{backfill}/reject"): Action.BACKFILL_REJECT,
    ("GET", "/api/v1/backfills/{backfill}/media"): Action.ORIGINAL_DOWNLOAD,
    ("GET", "/api/v1/retention"): Action.RETENTION_READ,
    ("GET", "/api/v1/retention/policies"): Action.RETENTION_LIST,
    ("GET", "/api/v1/retention/policies/{unit}"): Action.RETENTION_READ_POLICY,
    ("PUT", "/api/v1/retention/policies/{unit}"): Action.RETENTION_SET,
    ("GET", "/api/v1/retention/policies/{unit}/effect"): Action.RETENTION_READ_POLICY,
    ("GET", "/api/v1/retention/policies/{unit}/history"): Action.RETENTION_READ_POLICY,
    ("GET", "/api/v1/retention/plan"): Action.RETENTION_PLAN,
    ("GET", "/api/v1/retention/plan/channels"): Action.RETENTION_PLAN,
    ("GET", "/api/v1/deletions"): Action.CERTIFICATE_LIST,
    ("GET", "/api/v1/deletions/{sequence}"): Action.CERTIFICATE_READ,
    ("GET", "/api/v1/archive/health"): Action.ARCHIVE_READ,
    ("GET", "/api/v1/clips"): Action.CLIP_LIST,
    ("POST", "/api/v1/clips"): Action.CLIP_CREATE,
    ("GET", "/api/v1/clips/{keeping}"): Action.CLIP_READ,
    ("PATCH", "/api/v1/clips/{keeping}"): Action.CLIP_EDIT,
    ("POST", "/api/v1/clips/{keeping}/removal"): Action.CLIP_ASK_REMOVAL,
    ("POST", "/api/v1/clips/{keeping}/removal/agree"): Action.CLIP_AGREE_REMOVAL,
    ("DELETE", "/api/v1/clips/{keeping}/removal"): Action.CLIP_WITHDRAW_REMOVAL,
    ("GET", "/api/v1/holds"): Action.HOLD_LIST,
    ("POST", "/api/v1/holds"): Action.HOLD_CREATE,
    ("GET", "/api/v1/holds/{keeping}"): Action.HOLD_READ,
    ("PATCH", "/api/v1/holds/{keeping}"): Action.HOLD_EDIT,
    ("POST", "/api/v1/holds/{keeping}/removal"): Action.HOLD_ASK_REMOVAL,
    ("POST", "/api/v1/holds/{keeping}/removal/agree"): Action.HOLD_AGREE_REMOVAL,
    ("DELETE", "/api/v1/holds/{keeping}/removal"): Action.HOLD_WITHDRAW_REMOVAL,
    ("GET", "/api/v1/exports"): Action.EXPORT_LIST,
    ("POST", "/api/v1/exports"): Action.EXPORT_CREATE,
    ("POST", "/api/v1/exports/estimate"): Action.EXPORT_CREATE,
    ("GET", "/api/v1/exports/{export}"): Action.EXPORT_READ,
    ("POST", "/api/v1/exports/{export}/agree"): Action.EXPORT_AGREE,
    ("POST", "/api/v1/exports/{export}/cancel"): Action.EXPORT_CANCEL,
    ("GET", "/api/v1/exports/{export}/bundle"): Action.EXPORT_DOWNLOAD,
    ("GET", "/api/v1/audit"): Action.AUDIT_READ,
    ("GET", "/api/v1/audit/verify"): Action.AUDIT_VERIFY,
    ("GET", "/api/v1/alarms"): Action.ALARM_LIST,
    ("GET", "/api/v1/alarms/{alarm}"): Action.ALARM_READ,
    ("POST", "/api/v1/alarms/{alarm}/acknowledge"): Action.ALARM_ACKNOWLEDGE,
    ("GET", "/api/v1/cases"): Action.CASE_LIST,
    ("POST", "/api/v1/cases"): Action.CASE_CREATE,
    ("PUT", "/api/v1/cases/by-external/{system}/{number}"): Action.CASE_CREATE,
    ("POST", "/api/v1/cases/import/preview"): Action.CASE_PREVIEW,
    ("POST", "/api/v1/cases/import"): Action.CASE_IMPORT,
    ("GET", "/api/v1/cases/export"): Action.CASE_EXPORT,
    ("GET", "/api/v1/cases/{case}"): Action.CASE_READ,
    ("PATCH", "/api/v1/cases/{case}"): Action.CASE_EDIT,
    ("POST", "/api/v1/cases/{case}/close"): Action.CASE_CLOSE,
    ("POST", "/api/v1/cases/{case}/reopen"): Action.CASE_REOPEN,
    ("GET", "/api/v1/cases/{case}/history"): Action.CASE_READ,
    ("GET", "/api/v1/cases/{case}/footage"): Action.CASE_LOOK_ROUND,
    ("GET", "/api/v1/archive/scrub"): Action.SCRUB_READ,
    ("GET", "/api/v1/overview"): Action.OVERVIEW_READ,
    ("GET", "/api/v1/system"): Action.SYSTEM_READ,
    (WEBSOCKET, "/ws/events"): Action.EVENTS_WATCH,
    (WEBSOCKET, "/ws/live/{device}"): Action.LIVE_VIEW,
    (WEBSOCKET, "/ws/whep/{device}/{session}"): Action.LIVE_CONTROL,
}

# What a client may say on a WebSocket, by the `type` of its message.
MESSAGES: Mapping[tuple[str, str], Action] = {
    ("/ws/events", "active"): Action.SESSION_KEEP,
    ("/ws/whep/{device}/{session}", "talk"): Action.TALK,
}

# What the server says on a WebSocket, and what its receiver must be allowed to do to the thing it is about.
PUSHES: Mapping[tuple[str, str], Action] = {
    ("/ws/events", "channel"): Action.DEVICE_READ,
    ("/ws/events", "statistics"): Action.DEVICE_READ,
    ("/ws/events", "alarm"): Action.DEVICE_READ,
    ("/ws/events", "server_alarm"): Action.SERVER_ALARM_READ,
    ("/ws/events", "device"): Action.DEVICE_READ,
    ("/ws/events", "checkpoint"): Action.CHECKPOINT_READ,
    ("/ws/events", "unit"): Action.UNIT_READ,
    ("/ws/events", "case"): Action.CASE_READ,
}

# Doors that open to a stream password as well, shown as a bearer (decision 0013): players have no cookie, and their
# page is any page. What else its owner may do, it opens not.
BY_STREAM_PASSWORD = frozenset(
    {
        ("POST", "/whep/{device}"),
        ("PATCH", "/whep/{device}/{session}"),
        ("DELETE", "/whep/{device}/{session}"),
    }
)

# What a page does by itself, by POST though it be: it asks again when a device comes back or its codec changes, and
# opens a view of recordings anew that has ended. That says of no person that they are there (caller: use of a session).
BY_ITSELF = frozenset({Action.LIVE_VIEW, Action.LIVE_CONTROL, Action.PLAYBACK_OPEN, Action.PLAYBACK_READ})

# Doors at which no cookie counts, only what the request itself shows: other pages may call there.
WITHOUT_COOKIE = frozenset({Action.BACKFILL_SEND, Action.STREAM_PUBLISH})

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])
_ACCEPTS = "__mingjing_accepts__"


def accepts(*message_types: str) -> Callable[[Endpoint], Endpoint]:
    """Declares which message types a WebSocket takes from its client, none included."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ACCEPTS, frozenset(message_types))
        return endpoint

    return declare


def accepted_messages(endpoint: Callable[..., object]) -> frozenset[str] | None:
    """What `accepts` declared; None when it was forgotten."""
    declared: frozenset[str] | None = getattr(endpoint, _ACCEPTS, None)
    return declared


class DoorWithoutRow(RuntimeError):
    """A route or message nobody decided about, or a row nobody can enter. The app is not built."""
