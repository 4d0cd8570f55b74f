"""The messages of /ws/events, encoded. Channels and alarms have the shape they have in the API."""

import json
from collections.abc import Iterable, Sequence

from gateway.registry import Change
from gateway.stream import ChannelStatistics
from supervision.cases import CaseChanged
from viewer.access import Kind
from viewer.alarms import KeptAlarm
from viewer.api.alarms import alarm_item
from viewer.api.channels import channel_figures, live_channel


def snapshot(channels: Iterable[ChannelStatistics], alarms: Iterable[KeptAlarm]) -> str:
    """Always the first message, and again whenever what came before no longer holds."""
    return _encode(
        "snapshot",
        {
            "channels": [live_channel(statistics).model_dump() for statistics in channels],
            "alarms": [alarm_item(alarm).model_dump() for alarm in alarms],
        },
    )


def channel(statistics: ChannelStatistics) -> str:
    return _encode("channel", live_channel(statistics).model_dump())


def statistics(channels: Sequence[ChannelStatistics]) -> str:
    return _encode("statistics", {"channels": [channel_figures(one).model_dump() for one in channels]})


def alarm(kept: KeptAlarm) -> str:
    """New, come again, over, or acknowledged: its `id` tells which line it replaces."""
    return _encode("alarm", alarm_item(kept).model_dump())


def registry(kind: Kind, thing_id: str, change: Change) -> str:
    return _encode("registry", {"kind": kind.value, "id": thing_id, "change": change.value})


def case(news: CaseChanged) -> str:
    """`version` is the one that the change made."""
    change, version = news.change.value, news.version
    return _encode("registry", {"kind": Kind.CASE.value, "id": news.case_id, "change": change, "version": version})


def closing(reason: str) -> str:
    """`reason`: revoked | expired | server_stopping."""
    return _encode("closing", {"reason": reason})


def _encode(kind: str, fields: dict[str, object]) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
