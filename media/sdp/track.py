"""A track of ours as a player is told of it: payload formats of RFC 6184, 7798, 3640, 7587 and 3551.

Parameter sets go in as well, for players that want them before the first picture.
"""

from media.sdp.description import MediaDescription
from media.sdp.writer import codec_name
from media.track import AudioConfig, Codec, Track, TrackKind, VideoConfig

VIDEO_PAYLOAD_TYPE = 96
AUDIO_PAYLOAD_TYPE = 97
_STATIC_PAYLOAD_TYPES = {Codec.PCM_MULAW: 0, Codec.PCM_ALAW: 8}  # RFC 3551, table 4: at 8 kHz, one channel, only
_TELEPHONE_RATE = 8_000

_OPUS_CHANNELS = 2  # RFC 7587, 7: always said to be two
_AAC_HBR = {  # RFC 3640, 3.3.6
    "streamtype": "5",
    "profile-level-id": "1",
    "mode": "AAC-hbr",
    "sizelength": "13",
    "indexlength": "3",
    "indexdeltalength": "3",
}


def describe_track(track: Track) -> MediaDescription:
    """What a player must know of a track. `control` is relative to the session's URL."""
    config = track.config
    control = f"trackID={track.id}"
    if isinstance(config, VideoConfig):
        return MediaDescription(
            TrackKind.VIDEO,
            VIDEO_PAYLOAD_TYPE,
            config.codec,
            codec_name(config.codec),
            config.clock_rate,
            fmtp=_video_parameters(config),
            control=control,
            parameter_sets=config.parameter_sets,
        )
    return MediaDescription(
        TrackKind.AUDIO,
        _audio_payload_type(config),
        config.codec,
        codec_name(config.codec),
        config.clock_rate,
        _OPUS_CHANNELS if config.codec is Codec.OPUS else config.channels,
        _audio_parameters(config),
        control,
        audio=config,
    )


def _video_parameters(config: VideoConfig) -> dict[str, str]:
    if config.codec is not Codec.H264:
        return {}
    sps = next((nal for nal in config.parameter_sets if nal[0] & 0x1F == 7), b"")
    profile = {"profile-level-id": sps[1:4].hex().upper()} if len(sps) >= 4 else {}
    return {"packetization-mode": "1", **profile}


def _audio_payload_type(config: AudioConfig) -> int:
    if (config.clock_rate, config.channels) == (_TELEPHONE_RATE, 1):
        return _STATIC_PAYLOAD_TYPES.get(config.codec, AUDIO_PAYLOAD_TYPE)
    return AUDIO_PAYLOAD_TYPE


def _audio_parameters(config: AudioConfig) -> dict[str, str]:
    if config.codec is Codec.AAC:
        return {**_AAC_HBR, "config": config.config.hex().upper()}
    if config.codec is Codec.OPUS and config.channels == _OPUS_CHANNELS:
        return {"sprop-stereo": "1"}
    return {}
