"""What we take of an offer: one format of one picture and one sound, or why not.

Ingest takes the publisher's first choice that we carry. Egress takes what can carry the channel's own units, for
nothing is transcoded here: a refusal says what stands in the way, and the app plays the channel by the WebSocket.

Talkback goes against the stream, and only where the peer offers it: a device that also takes sound (`sendrecv`, or
an m-line of its own) is sent what supervisors say, a viewer that also has a microphone (`sendrecv`) is heard. RFC 9725
and WHEP know streams of one direction alone: who offers `sendonly` or `recvonly` sees nothing of it.
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
    """An m-line that we take, with the one format for it. `fmtp` and `feedback` are what we answer.

    `direction` is ours.
    """

    media: OfferedMedia
    direction: Direction
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
    """What is taken by kind, and of the rest why not.

    `talkback` is where sound goes against the stream: the m-line of the sound itself, one of its own, or none.
    """

    chosen: Mapping[TrackKind, ChosenMedia]
    why_not: Mapping[TrackKind, WhyNot] = field(default_factory=dict)
    talkback: ChosenMedia | None = None

    @property
    def taken(self) -> tuple[ChosenMedia, ...]:
        """Every m-line that is taken, once."""
        chosen = tuple(self.chosen.values())
        return chosen if self.talkback is None or self.talkback in chosen else (*chosen, self.talkback)


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
            speaks = kind is TrackKind.AUDIO and media.direction is Direction.SENDRECV
            direction = Direction.SENDRECV if speaks else Direction.RECVONLY
            chosen[kind] = _ingested(media, direction, one)
        else:
            why_not[kind] = WhyNot.CODEC_NOT_OFFERED if sections else WhyNot.NOT_OFFERED
    return Choice(chosen, why_not, _loudspeaker(offer, chosen.get(TrackKind.AUDIO)))


def choose_egress(offer: Offer, tracks: Sequence[Track], *, may_talk: bool = False) -> Choice:
    """For WHEP: what the offer can carry of a channel's tracks, as they are; its microphone for who `may_talk`."""
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
            answer = _video(offered, config) if isinstance(config, VideoConfig) else _audio(offered, config, may_talk)
            if isinstance(answer, WhyNot):
                why_not[kind] = answer
            else:
                chosen[kind] = answer
    return Choice(chosen, why_not, _microphone(offer, chosen.get(TrackKind.AUDIO)) if may_talk else None)


def _loudspeaker(offer: Offer, sound: ChosenMedia | None) -> ChosenMedia | None:
    """By what a device takes sound: the m-line that it sends its own on, else one that only listens.

    There in the codec of its own sound, if it takes that: so do those who watch it send theirs.
    """
    if sound is not None and sound.direction is Direction.SENDRECV:
        return sound
    found = _first_sound(_sections(offer, TrackKind.AUDIO, (Direction.RECVONLY,)), sound.codec if sound else None)
    return None if found is None else _sent(*found, {})


def _microphone(offer: Offer, sound: ChosenMedia | None) -> ChosenMedia | None:
    """By what a viewer speaks: the m-line on which it hears, or would hear if the device had sound of its own."""
    if sound is not None:
        return sound if sound.direction is Direction.SENDRECV else None
    found = _first_sound(_sections(offer, TrackKind.AUDIO, (Direction.SENDRECV,)))
    return None if found is None else _sent(*found, _ingest_fmtp(found[1]), Direction.RECVONLY)


def _first_sound(sections: Sequence[OfferedMedia], preferred: Codec | None = None) -> _Offered | None:
    """The first format of the codec that is preferred; else of those we carry, Opus before the others."""
    codecs = _INGEST_CODECS[TrackKind.AUDIO]
    ranked = codecs if preferred is None else (preferred, *codecs)
    offered = [(media, one) for media in sections for one in media.formats if _fits(one)]
    return next((pair for codec in ranked for pair in offered if pair[1].codec is codec), None)


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
        return _sent(media, one, answered_fmtp(one.fmtp, level))
    for media, one in found:
        if shows_h265(one.fmtp, config.codec_string):
            return _sent(media, one, answered_h265_fmtp(one.fmtp))
    return WhyNot.PROFILE_NOT_OFFERED


def _audio(offered: Sequence[_Offered], config: AudioConfig, may_talk: bool = False) -> ChosenMedia | WhyNot:
    for media, one in offered:
        same = one.codec is config.codec and one.clock_rate == config.clock_rate
        if same and _fits(one) and (config.codec is Codec.OPUS or one.channels == config.channels):
            stereo = {"sprop-stereo": "1"} if config.codec is Codec.OPUS and config.channels == 2 else {}
            if may_talk and media.direction is Direction.SENDRECV:
                return _sent(media, one, stereo | _ingest_fmtp(one), Direction.SENDRECV)
            return _sent(media, one, stereo)
    return WhyNot.CODEC_NOT_OFFERED


def _ingested(media: OfferedMedia, direction: Direction, one: PayloadFormat) -> ChosenMedia:
    return _chosen(media, direction, one, _ingest_fmtp(one), _INGEST_FEEDBACK, _INGEST_EXTENSIONS)


def _sent(
    media: OfferedMedia, one: PayloadFormat, fmtp: Mapping[str, str], direction: Direction = Direction.SENDONLY
) -> ChosenMedia:
    return _chosen(media, direction, one, fmtp, _EGRESS_FEEDBACK)


def _chosen(
    media: OfferedMedia,
    direction: Direction,
    one: PayloadFormat,
    fmtp: Mapping[str, str],
    feedback: Mapping[TrackKind, tuple[str, ...]],
    extensions: tuple[str, ...] = (),
) -> ChosenMedia:
    assert one.codec is not None
    assert media.kind is not None
    return ChosenMedia(
        media,
        direction,
        one,
        one.codec,
        fmtp,
        tuple(name for name in feedback[media.kind] if name in one.feedback),
        tuple(extension for extension in media.extensions if extension.uri in extensions),
        media.rtx_of(one.payload_type),
    )
