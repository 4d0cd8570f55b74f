"""What a browser is asked whether it can play a track."""

from media.track import Codec, Track, TrackKind

_NO_BROWSER_PLAYS = frozenset((Codec.PCM_ALAW, Codec.PCM_MULAW))  # in MSE; seen in Chromium 156


def mime_type(track: Track) -> str | None:
    """The type and codecs string for MediaSource (RFC 6381); None where no browser plays it."""
    if track.config.codec in _NO_BROWSER_PLAYS:
        return None
    kind = "video" if track.kind is TrackKind.VIDEO else "audio"
    return f'{kind}/mp4; codecs="{track.config.codec_string}"'
