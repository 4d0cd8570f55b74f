"""Which spans of a passage go into one film: as long as its pictures and its sound stay what they are.

A film has one sample entry for its pictures and one for its sound. Another codec, size, rate or number of channels
begins a further film; so does another decoder record, unless the pictures carry their parameter sets themselves. A
track that begins or ends in the middle does not.

Not here: when something is shown (`film_clock`), and the film itself (`filming`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from media import AudioConfig, Codec
from media.fmp4 import Mp4Error, ParsedTrack, codec_of, parse_init
from media.mp4 import (
    FilmTrack,
    made_sound_entry,
    parameter_sets,
    plain_entry,
    sets_in,
    silent_frame,
    silent_opus,
)
from recorder.export.spans import Span, first_key
from recorder.export.waiting import Waiting
from storage import SegmentUnreadableError, read_init

# A table says at most 6.6 hours from one picture to the next, and nobody wants to watch a picture stand for so long.
STANDS_MAX_NS = 6 * 3_600 * 1_000_000_000
MADE_CLOCK_RATE = 48_000
PLAYED_EVERYWHERE = frozenset((Codec.AAC, Codec.OPUS))
_CHANNELS_MADE_MAX = 2


@dataclass(slots=True)
class Reel:
    """One film to be. `made` is set where its sound has to be made into another."""

    spans: list[Span] = field(default_factory=list)
    picture: ParsedTrack | None = None
    sound: ParsedTrack | None = None
    picture_key: bytes = b""

    @property
    def replaces_sound(self) -> bool:
        return self.sound is not None and codec_of(self.sound) not in PLAYED_EVERYWHERE

    def sound_config(self) -> AudioConfig:
        """Of sound that is to be made into another; needs no AudioSpecificConfig."""
        assert self.sound is not None
        rate = self.sound.sample_rate or self.sound.timescale
        return AudioConfig(codec_of(self.sound), rate, self.sound.channels, "", b"", self.sound.timescale)

    def silence(self) -> bytes | None:
        """A frame of it in the codec that the film's sound has."""
        if self.sound is None:
            return None
        return (
            silent_opus(min(self.sound.channels, _CHANNELS_MADE_MAX))
            if self.replaces_sound
            else silent_frame(self.sound)
        )

    def waiting(self) -> Waiting:
        """How its sound is kept in step."""
        kept = self.sound is not None and not self.replaces_sound
        return Waiting(self.silence(), codec_of(self.sound) if self.sound is not None and kept else Codec.OPUS)

    def picture_track(self) -> FilmTrack | None:
        if self.picture is None:
            return None
        entry, width, height = plain_entry(self.picture, self.picture_key)
        return FilmTrack(entry, self.picture.timescale, width, height)

    def sound_track(self) -> FilmTrack | None:
        if self.sound is None:
            return None
        if self.replaces_sound:
            return FilmTrack(made_sound_entry(min(self.sound.channels, _CHANNELS_MADE_MAX)), MADE_CLOCK_RATE)
        return FilmTrack(plain_entry(self.sound)[0], self.sound.timescale)


def reels_of(spans: Sequence[Span]) -> Iterator[Reel]:
    """Of frozen spans, in their order. Those that are lost are in none.

    Raises:
        SegmentUnreadableError: a header, or a key picture, is not what its record says.
    """
    reel = Reel()
    for span in spans:
        if span.lost:
            continue
        picture, sound = _tracks(span)
        stands_ns = span.start_utc_ns - reel.spans[-1].end_utc_ns if reel.spans else 0
        if stands_ns > STANDS_MAX_NS or not (_goes_on(reel, span, picture) and _sounds_on(reel, sound)):
            yield reel
            reel = Reel()
        if reel.picture is None and picture is not None:
            reel.picture, reel.picture_key = picture, first_key(span)
        reel.sound = reel.sound or sound
        reel.spans.append(span)
    if reel.spans:
        yield reel


def _tracks(span: Span) -> tuple[ParsedTrack | None, ParsedTrack | None]:
    try:
        tracks = parse_init(read_init(span.path, span.journal())).tracks
        for track in tracks:
            codec_of(track)
    except Mp4Error as error:
        raise SegmentUnreadableError(f"the header of {span.segment}: {error}") from error
    picture = next((track for track in tracks if track.handler == "vide"), None)
    return picture, next((track for track in tracks if track.handler != "vide"), None)


def _goes_on(reel: Reel, span: Span, picture: ParsedTrack | None) -> bool:
    """Whether these pictures can follow those of the reel."""
    before = reel.picture
    if before is None or picture is None or before == picture:
        return True
    if replace(before, record=b"") != replace(picture, record=b""):
        return False
    try:
        carried = set(sets_in(codec_of(picture), first_key(span)))
        return set(parameter_sets(picture)) <= carried
    except Mp4Error as error:
        raise SegmentUnreadableError(f"pictures of {span.segment}: {error}") from error


def _sounds_on(reel: Reel, sound: ParsedTrack | None) -> bool:
    return reel.sound is None or sound is None or reel.sound == sound
