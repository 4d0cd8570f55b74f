"""The live state of a channel as JSON: one shape for devices, streams and the event WebSocket."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from gateway.stream import ChannelChanged, ChannelStatistics
from media import Track, VideoConfig
from storage import iso_from_ns


class TrackState(BaseModel):
    kind: str
    codec: str
    codec_string: str
    width: int | None = None
    height: int | None = None
    sample_rate: int | None = None


class ChannelFigures(BaseModel):
    """Numbers over the last two seconds."""

    bitrate_kbps: float
    fps: float
    delay_s: float
    clock_offset_s: float | None
    viewers: int


class ChannelState(ChannelFigures):
    channel: str
    state: str
    since: str
    reason: str | None
    tracks: list[TrackState]


class LiveChannel(ChannelState):
    device: str


class FiguresOfChannel(ChannelFigures):
    device: str
    channel: str


def track_state(track: Track) -> TrackState:
    config = track.config
    state = TrackState(kind=track.kind, codec=config.codec, codec_string=config.codec_string)
    if isinstance(config, VideoConfig):
        state.width, state.height = config.width, config.height
    else:
        state.sample_rate = config.sample_rate
    return state


def channel_state(statistics: ChannelStatistics) -> ChannelState:
    return ChannelState(
        channel=statistics.channel,
        state=statistics.state,
        since=iso_from_ns(statistics.since_utc_ns),
        reason=statistics.reason or None,
        tracks=[track_state(track) for track in statistics.tracks],
        bitrate_kbps=round(statistics.bitrate_kbps, 1),
        fps=round(statistics.fps, 1),
        delay_s=round(statistics.delay_s, 2),
        clock_offset_s=statistics.clock_offset_s,
        viewers=statistics.viewers,
    )


def live_channel(statistics: ChannelStatistics) -> LiveChannel:
    return LiveChannel(device=statistics.device_id, **channel_state(statistics).model_dump())


def channel_figures(statistics: ChannelStatistics) -> FiguresOfChannel:
    return FiguresOfChannel(
        device=statistics.device_id,
        channel=statistics.channel,
        bitrate_kbps=round(statistics.bitrate_kbps, 1),
        fps=round(statistics.fps, 1),
        delay_s=round(statistics.delay_s, 2),
        clock_offset_s=statistics.clock_offset_s,
        viewers=statistics.viewers,
    )


def by_device(statistics: Iterable[ChannelStatistics]) -> dict[str, Sequence[ChannelStatistics]]:
    """Channels of each device; one look at the hub serves a whole list."""
    found: defaultdict[str, list[ChannelStatistics]] = defaultdict(list)
    for channel in statistics:
        found[channel.device_id].append(channel)
    return {device: sorted(channels, key=lambda one: one.channel) for device, channels in found.items()}


def changed_channel(change: ChannelChanged) -> dict[str, str | None]:
    """What a change of state alone can say."""
    return {
        "device": change.device_id,
        "channel": change.channel,
        "state": change.state,
        "since": iso_from_ns(change.since_utc_ns),
        "reason": change.reason or None,
    }
