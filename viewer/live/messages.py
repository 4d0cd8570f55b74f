"""The text messages of the live WebSocket, as bytes of JSON. Times are placed times, ISO 8601."""

import json
from collections.abc import Callable, Mapping, Sequence

from gateway.stream import ChannelChanged, ChannelState, StreamInfo
from gateway.webrtc import LinkNews
from media import Gap, Track, VideoConfig
from media.fmp4 import mime_type
from storage import iso_from_ns

Json = Mapping[str, object]


def encode(message: Json) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def heard_listening(text: str | None) -> bool | None:
    """Whether a viewer listens from now on, by `{"type": "listen", "on": true}`; None of all else that it may say.

    The limit on frames bounds it.
    """
    try:
        said = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    listening = said.get("on") if isinstance(said, dict) and said.get("type") == "listen" else None
    return listening if isinstance(listening, bool) else None


def init(stream: StreamInfo, tracks: Sequence[tuple[Track, Track | None]]) -> Json:
    """What comes next: one binary init segment a track with a `mime`, in this order.

    `tracks` are the device's, each with what is sent instead of it, if something is.
    """
    return {
        "type": "init",
        "stream": stream.stream_id,
        "device": stream.device_id,
        "channel": stream.channel,
        "started": iso_from_ns(stream.started_utc_ns),
        "tracks": [_track(track, instead) for track, instead in tracks],
    }


def sound_given_up() -> Json:
    """No more of the replaced sound comes until the next `init`, if then."""
    return {"type": "sound", "state": "given_up"}


def view(stream: StreamInfo, tracks: Sequence[Track], why_not: Mapping[str, str]) -> Json:
    """What a WebRTC viewer is sent, and of what else it is not, and why; whether it may talk to the device."""
    return {
        "type": "view",
        "channel": stream.channel,
        "stream": stream.stream_id,
        "tracks": [{"kind": track.kind, "codec": track.config.codec, **_figures(track)} for track in tracks],
        "why_not": why_not,
        "talk": "talk" not in why_not,
    }


def _track(track: Track, instead: Track | None) -> Json:
    sent = instead or track
    common = {
        "id": sent.id,
        "kind": sent.kind,
        "codec": sent.config.codec,
        "mime": mime_type(sent),  # null: no browser plays it, and none of its fragments follow
        "timescale": sent.clock_rate,
    }
    if instead is not None:
        common["replaces"] = track.config.codec  # what the device sends and the archive keeps
    return {**common, **_figures(sent)}


def _figures(track: Track) -> Json:
    config = track.config
    if isinstance(config, VideoConfig):
        return {"width": config.width, "height": config.height}
    return {"sample_rate": config.sample_rate, "channels": config.channels}


def talk(state: str, by: str | None, reason: str | None) -> Json:
    """`state`: granted | busy | refused | ended. `by` is who talks; `reason` is why not, or why not any more."""
    return {"type": "talk", "state": state, "by": by, "reason": reason}


def gap(missing: Gap) -> Json:
    return {
        "type": "gap",
        "cause": missing.cause.name.lower(),
        "track": missing.track_id,
        "from": iso_from_ns(missing.start_utc_ns),
        "to": iso_from_ns(missing.end_utc_ns),
    }


def lag(missed_units: int, resumed_at_seq: int) -> Json:
    return {"type": "lag", "missed_units": missed_units, "resumed_at_seq": resumed_at_seq}


def delay(seconds: float) -> Json:
    return {"type": "delay", "seconds": round(seconds, 1)}


def online() -> Json:
    return {"type": "online"}


def stalled(since_utc_ns: int) -> Json:
    return {"type": "stalled", "since": iso_from_ns(since_utc_ns)}


def offline(change: ChannelChanged, last_seen_utc_ns: int | None) -> Json:
    return {
        "type": "offline",
        "state": change.state,
        "since": iso_from_ns(change.since_utc_ns),
        "last_seen": None if last_seen_utc_ns is None else iso_from_ns(last_seen_utc_ns),
        "reason": change.reason or None,
    }


def link(news: LinkNews) -> Json:
    """How a WebRTC viewer's link does, and what it is shown by it."""
    round_trip_ns = news.round_trip_ns
    return {
        "type": "link",
        "state": news.state,
        "shown": news.shown,
        "loss": round(news.loss, 3),
        "round_trip_ms": None if round_trip_ns is None else round(round_trip_ns / 1e6),
        "units_missed": news.units_missed,
    }


def of_change(change: ChannelChanged, last_seen_utc_ns: Callable[[], int | None]) -> Json | None:
    """What a viewer is told of a channel's new state; nothing while it only connects."""
    match change.state:
        case ChannelState.LIVE:
            return online()
        case ChannelState.STALLED:
            return stalled(change.since_utc_ns)
        case ChannelState.CONNECTING:
            return None
        case _:
            return offline(change, last_seen_utc_ns())


def closing(reason: str) -> Json:
    """`reason`: revoked | expired | device_removed | server_stopping; by WHEP codec_changed too."""
    return {"type": "closing", "reason": reason}
