"""The messages of /ws/events, encoded. Channels have the shape they have in /api/v1/devices."""

import json
from collections.abc import Iterable, Sequence

from gateway.registry import Change
from gateway.stream import Alarm, ChannelStatistics
from storage import iso_from_ns
from viewer.access import Kind
from viewer.api.channels import channel_figures, live_channel


def snapshot(channels: Iterable[ChannelStatistics], alarms: Iterable[Alarm]) -> str:
    """Always the first message, and again whenever what came before no longer holds."""
    return _encode(
        "snapshot",
        {
            "channels": [live_channel(statistics).model_dump() for statistics in channels],
            "alarms": [_alarm(alarm) for alarm in alarms],
        },
    )


def channel(statistics: ChannelStatistics) -> str:
    return _encode("channel", live_channel(statistics).model_dump())


def statistics(channels: Sequence[ChannelStatistics]) -> str:
    return _encode("statistics", {"channels": [channel_figures(one).model_dump() for one in channels]})


def alarm(raised: Alarm) -> str:
    return _encode("alarm", _alarm(raised))


def registry(kind: Kind, thing_id: str, change: Change) -> str:
    return _encode("registry", {"kind": kind.value, "id": thing_id, "change": change.value})


def closing(reason: str) -> str:
    """`reason`: revoked | expired | server_stopping."""
    return _encode("closing", {"reason": reason})


def _alarm(raised: Alarm) -> dict[str, object]:
    """`device` and `channel` are empty when the server itself is concerned."""
    return {
        "kind": raised.kind.value,
        "device": raised.device_id,
        "channel": raised.channel,
        "at": iso_from_ns(raised.utc_ns),
        "words": raised.words,
    }


def _encode(kind: str, fields: dict[str, object]) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
