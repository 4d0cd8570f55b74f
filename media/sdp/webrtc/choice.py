"""What we take of an offer: one format of one picture and one sound, or why not.

Ingest takes the publisher's first choice that we carry. Egress takes what can carry the channel's own units, for
nothing is transcoded here: a refusal says what stands in the way, and the app plays the channel by the WebSocket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from media.sdp.webrtc.h264_profile import LEVEL_5_2, H264Profile, answered_fmtp, profile_of, shows
from media.sdp.webrtc.h265_profile import answered_h265_fmtp, shows_h265
from media.sdp.webrtc.offer import Direction, Extension, Offer, OfferedMedia, PayloadFormat
from media.track import AudioConfig, Codec, Track, TrackKind, VideoConfig

TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_INGEST_EXTENSIONS = (TRANSPORT_CC_URI,)
_INGEST_FEEDBACK = {
    TrackKind.VIDEO: ("nack", "nack pli", "ccm fir", "transport-cc"),
    TrackKind.AUDIO: ("transport-cc",),
}
# Without transport-wide feedback: a viewer would send twenty messages a second, and each packet to it have eight bytes
# more. Of a viewer that shall have all or key pictures, a report a second and REMB say enough (docs/design/webrtc.md).
_EGRESS_FEEDBACK: dict[TrackKind, tuple[str, ...]] = {
    TrackKind.VIDEO: ("nack", "nack pli", "ccm fir", "goog-remb"),
    TrackKind.AUDIO: (),
}
_SENDS = (Direction.SENDONLY, Direction.SENDRECV)
_RECEIVES = (Direction.RECVONLY, Direction.SENDRECV)
_INGEST_CODECS = {
    TrackKind.VIDEO: (Codec.H264, Codec.H265),
    TrackKind.AUDIO: (Codec.OPUS, Codec.PCM_ALAW, Codec.PCM_MULAW),
}
_Offered = tuple[OfferedMedia, PayloadFormat]
_CLOCK_RATES = {Codec.OPUS: 48_000, Codec.PCM_ALAW: 8_000, Codec.PCM_MULAW: 8_000}


class WhyNot(StrEnum):
    """Why an offer's picture or sound is not taken; words for the API, told to people by the app."""

    NOT_OFFERED = "not_offered"  # no m-line of the kind, or none that goes our way
    NO_TRACK = "no_track"  # the channel has nothing of the kind
    CODEC_NOT_OFFERED = "codec_not_offered"
    PROFILE_NOT_OFFERED = "profile_not_offered"  # the codec is, but not so much of it
    B_FRAMES = "b_frames"  # browsers show WebRTC pictures in the order they come


@dataclass(frozen=True, slots=True)
class ChosenMedia:
    """An m-line that we take, with the one format for it. `fmtp` and `feedback` are what we answer."""

    media: OfferedMedia
    format: PayloadFormat
    codec: Codec
    fmtp: Mapping[str, str]
    feedback: tuple[str, ...]
    extensions: tuple[Extension, ...]
    rtx_payload_type: int | None

    @property
    def payload_types(self) -> tuple[int, ...]:
        """Of its packets and of those that are sent again."""
        own = self.format.payload_type
        return (own,) if self.rtx_payload_type is None else (own, self.rtx_payload_type)

    def extension_id(self, uri: str) -> int | None:
        """The number of a header extension that was agreed on."""
        return next((one.id for one in self.extensions if one.uri == uri), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken by kind, and of the rest why not. `direction` is ours."""

    direction: Direction
    chosen: Mapping[TrackKind, ChosenMedia]
    why_not: Mapping[TrackKind, WhyNot] = field(default_factory=dict)


def choose_ingest(offer: Offer) -> Choice:
    """For WHIP: the first video and audio m-line that sends something we carry.

    A publisher is not left believing that all is well: an offer with a `CODEC_NOT_OFFERED` is refused as a whole
    (RFC 9725, 4.4.3), and so is one of which nothing is chosen.
    """
    chosen: dict[TrackKind, ChosenMedia] = {}
    why_not: dict[TrackKind, WhyNot] = {}
    for kind, codecs in _INGEST_CODECS.items():
        sections = _sections(offer, kind, _SENDS)
        found = [(media, one) for media in sections for one in media.formats if one.codec in codecs and _fits(one)]
        if found:
            media, one = min(found, key=lambda pair: (sections.index(pair[0]), not _may_be_cut(pair[1])))
            chosen[kind] = _chosen(media, one, _ingest_fmtp(one), _INGEST_FEEDBACK, _INGEST_EXTENSIONS)
        else:
            why_not[kind] = WhyNot.CODEC_NOT_OFFERED if sections else WhyNot.NOT_OFFERED
    return Choice(Direction.RECVONLY, chosen, why_not)


def choose_egress(offer: Offer, tracks: Sequence[Track]) -> Choice:
    """For WHEP: what the offer can carry of a channel's tracks, as they are."""
    chosen: dict[TrackKind, ChosenMedia] = {}
    why_not: dict[TrackKind, WhyNot] = {}
    for kind in TrackKind:
        track = next((one for one in tracks if one.kind is kind), None)
        sections = _sections(offer, kind, _RECEIVES)
        if not sections:
            why_not[kind] = WhyNot.NOT_OFFERED
        elif track is None:
            why_not[kind] = WhyNot.NO_TRACK
        else:
            config = track.config
            offered = [(media, one) for media in sections for one in media.formats]
            answer = _video(offered, config) if isinstance(config, VideoConfig) else _audio(offered, config)
            if isinstance(answer, WhyNot):
                why_not[kind] = answer
            else:
                chosen[kind] = answer
    return Choice(Direction.SENDONLY, chosen, why_not)


def still_carries(chosen: ChosenMedia, config: VideoConfig | AudioConfig) -> bool:
    """Whether what was agreed on carries a track of this config too: one described anew, or of another channel."""
    found = [(chosen.media, chosen.format)]
    answer = _video(found, config) if isinstance(config, VideoConfig) else _audio(found, config)
    return not isinstance(answer, WhyNot)


def _sections(offer: Offer, kind: TrackKind, directions: tuple[Direction, ...]) -> list[OfferedMedia]:
    return [one for one in offer.media if one.kind is kind and one.takes_part and one.direction in directions]


def _fits(one: PayloadFormat) -> bool:
    """Whether the payload format is one that we read: not interleaved, and of the clock that its codec has."""
    if one.codec is Codec.H264:
        return one.fmtp.get("packetization-mode", "0") in ("0", "1")
    return one.codec is Codec.H265 or (one.codec is not None and _CLOCK_RATES.get(one.codec) == one.clock_rate)


def _may_be_cut(one: PayloadFormat) -> bool:
    """Packetization mode 0 forbids to cut a NAL unit, so it is only taken where there is nothing else."""
    return one.codec is not Codec.H264 or one.fmtp.get("packetization-mode") == "1"


def _ingest_fmtp(one: PayloadFormat) -> dict[str, str]:
    match one.codec:
        case Codec.H264:
            return answered_fmtp(one.fmtp, LEVEL_5_2)
        case Codec.H265:
            return answered_h265_fmtp(one.fmtp)
        case Codec.OPUS:
            return {"minptime": "10", "useinbandfec": "1"}
        case _:
            return {}


def _video(offered: Sequence[_Offered], config: VideoConfig) -> ChosenMedia | WhyNot:
    found = [(media, one) for media, one in offered if one.codec is config.codec]
    if not found:
        return WhyNot.CODEC_NOT_OFFERED
    if config.reorder_depth:
        return WhyNot.B_FRAMES
    if config.codec is Codec.H264:
        sps = next((nal for nal in config.parameter_sets if nal and nal[0] & 0x1F == 7 and len(nal) >= 4), None)
        profile = profile_of(sps[1], sps[2]) if sps else H264Profile.OTHER
        level = sps[3] if sps else LEVEL_5_2
        ranked = [
            (rank, place)
            for place, (_, one) in enumerate(found)
            if _may_be_cut(one) and (rank := shows(one.fmtp, profile)) is not None
        ]
        if not ranked:
            return WhyNot.PROFILE_NOT_OFFERED
        media, one = found[min(ranked)[1]]
        return _chosen(media, one, answered_fmtp(one.fmtp, level), _EGRESS_FEEDBACK)
    for media, one in found:
        if shows_h265(one.fmtp, config.codec_string):
            return _chosen(media, one, answered_h265_fmtp(one.fmtp), _EGRESS_FEEDBACK)
    return WhyNot.PROFILE_NOT_OFFERED


def _audio(offered: Sequence[_Offered], config: AudioConfig) -> ChosenMedia | WhyNot:
    for media, one in offered:
        same = one.codec is config.codec and one.clock_rate == config.clock_rate
        if same and _fits(one) and (config.codec is Codec.OPUS or one.channels == config.channels):
            stereo = {"sprop-stereo": "1"} if config.codec is Codec.OPUS and config.channels == 2 else {}
            return _chosen(media, one, stereo, _EGRESS_FEEDBACK)
    return WhyNot.CODEC_NOT_OFFERED


def _chosen(
    media: OfferedMedia,
    one: PayloadFormat,
    fmtp: Mapping[str, str],
    feedback: Mapping[TrackKind, tuple[str, ...]],
    extensions: tuple[str, ...] = (),
) -> ChosenMedia:
    assert one.codec is not None
    assert media.kind is not None
    return ChosenMedia(
        media,
        one,
        one.codec,
        fmtp,
        tuple(name for name in feedback[media.kind] if name in one.feedback),
        tuple(extension for extension in media.extensions if extension.uri in extensions),
        media.rtx_of(one.payload_type),
    )
