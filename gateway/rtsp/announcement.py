"""What of an announced session we can carry.

One video and one audio track make a stream; further ones are set up, so that the device does not
give up, and their packets are dropped. A session without a video track that we know is refused by
the name of its codec.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.stream import VideoOffer
from media import AudioConfig, TrackKind
from media.sdp import MediaDescription, SessionDescription


class UnsupportedCodecError(Exception):
    """No track of the session can be carried; the message is the codec's name as announced."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The tracks to carry, by their index in the session description."""

    offers: Mapping[int, VideoOffer | AudioConfig]

    def carries(self, track: int) -> bool:
        return track in self.offers


def read_announcement(description: SessionDescription) -> Announcement:
    """Choose the first video and the first audio track that we know.

    Raises:
        UnsupportedCodecError: video is announced, but in no codec we know; or nothing is.
    """
    offers: dict[int, VideoOffer | AudioConfig] = {}
    video = _first(description, TrackKind.VIDEO)
    audio = _first(description, TrackKind.AUDIO)
    announced = [media for media in description.media if media.kind is TrackKind.VIDEO] or description.media
    if video is None and (audio is None or announced[0].kind is TrackKind.VIDEO):
        raise UnsupportedCodecError(announced[0].codec_name if announced else "no track")
    if video is not None:
        index, media = video
        assert media.codec is not None
        offers[index] = VideoOffer(media.codec, media.clock_rate, media.parameter_sets)
    if audio is not None:
        index, media = audio
        assert media.audio is not None
        offers[index] = media.audio
    return Announcement(offers)


def _first(description: SessionDescription, kind: TrackKind) -> tuple[int, MediaDescription] | None:
    for index, media in enumerate(description.media):
        if media.kind is kind and media.codec is not None and (kind is TrackKind.VIDEO or media.audio is not None):
            return index, media
    return None
