"""A film out of a reel: laid out once, so that its size is known, and then told in pieces while it is written.

Both go through the same fragments in the same order, that of their numbers. Memory holds the tables (twenty bytes a
sample) and one fragment; two hours of 4 Mbit/s are told from the store as they lie there.

Invariants: each sample that the spans have is in the film once, untouched, and in order; sound that was made stands
where that stood of which it was made; what else is in it are frames of silence, all the same bytes; what is told is
proven by its digest, or nothing more is told.

Not here: which spans (`reels`), boxes (`media.mp4`), parts of a bundle (`playable`).
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from media import VIDEO_TRACK_ID
from media.fmp4 import FragmentHead
from media.mp4 import Film, FilmTrack
from recorder.export.film_clock import FilmClock
from recorder.export.made_sound import MadeTrack
from recorder.export.reels import Reel
from recorder.export.showing import NS_PER_S, Shown, shown_of, ticks
from recorder.export.spans import whole

TOLD_BYTES = 256 << 10  # at once: sound comes in pieces of some hundred bytes
_LONG_AGO = -(1 << 62)


@dataclass(frozen=True, slots=True)
class LaidFilm:
    """`starts_utc_ns` is the placed time at which the film's clock is zero, `zero_ns` that from which the times of its
    samples are counted. `before` says of each picture how many packets of made sound stand before it, `silent` of
    each fragment of sound how many frames of silence. `off_max_ns`: how far its clock departs from placed time."""

    reel: Reel
    film: Film
    picture: FilmTrack | None
    sound: FilmTrack | None
    starts_utc_ns: int
    zero_ns: int
    squeezed: tuple[tuple[int, int], ...]
    header: bytes
    made: MadeTrack | None
    before: "array[int]"
    silent: "array[int]"
    off_max_ns: int

    @property
    def silent_frames(self) -> int:
        """Frames of silence in its sound."""
        return sum(self.silent) if self.made is None else self.made.silent

    @property
    def size_bytes(self) -> int:
        return len(self.header) + self.film.payload_bytes

    @property
    def duration_ms(self) -> int:
        """From the first sample shown to the end of the last one."""
        return round(self.film.lasts() * 1_000)

    def chunks(self) -> Iterator[bytes]:
        """The file. For a thread: it reads and hashes.

        Raises:
            SegmentUnreadableError: footage is not what its record says.
        """
        collected, size = [self.header], len(self.header)
        for piece in self._payload():
            collected.append(piece)
            size += len(piece)
            if size >= TOLD_BYTES:
                yield b"".join(collected)
                collected, size = [], 0
        if collected:
            yield b"".join(collected)

    def _payload(self) -> Iterator[bytes]:
        made = None if self.made is None else self.made.packets.samples()
        before, silent = iter(self.before), iter(self.silent)
        silence = self.reel.silence() or b""
        for span in self.reel.spans:
            for _, head, data in whole(span):
                if head.track_id == VIDEO_TRACK_ID:
                    if made is not None:
                        for _ in range(next(before)):
                            yield next(made)
                    yield data[head.payload_offset :]
                elif made is None and self.sound is not None and not self.reel.replaces_sound:
                    yield silence * next(silent)
                    yield data[head.payload_offset :]
        if made is not None:
            yield from made


def lay_out(reel: Reel, made: MadeTrack | None = None) -> LaidFilm | None:
    """Its film; None: there is no sample in it. `made` is the sound where it had to be made into another: without it
    the film of such a reel has none.

    Raises:
        SegmentUnreadableError: footage is not what its record says.
        TimesError: more than a film can say.
    """
    clock = FilmClock()
    layer = _Layer(reel, made)
    for shown in shown_of(reel, clock):
        layer.take(shown)
    layer.end()
    if not layer.film.payload_bytes:
        return None
    return LaidFilm(
        reel=reel,
        film=layer.film,
        picture=layer.picture,
        sound=layer.sound,
        starts_utc_ns=layer.zero_ns + round(layer.film.begins() * NS_PER_S),
        zero_ns=layer.zero_ns,
        squeezed=tuple(clock.squeezed),
        header=layer.film.header(),
        made=made,
        before=layer.before,
        silent=layer.silent,
        off_max_ns=clock.off_max_ns,
    )


class _Layer:
    """Puts fragments, and the packets of made sound, into the tables."""

    def __init__(self, reel: Reel, made: MadeTrack | None) -> None:
        self.film = Film()
        self.picture = reel.picture_track()
        self.sound = None if reel.replaces_sound and made is None else reel.sound_track()
        self.film.tracks += [track for track in (self.picture, self.sound) if track is not None]
        self.zero_ns = 0 if made is None else made.zero_ns
        self.before, self.silent = array("I"), array("I")
        self._waiting = reel.waiting()
        self._begun = made is not None
        self._keeps_sound = not reel.replaces_sound
        self._made = made
        self._made_next = 0
        self._picture_decoded = self._sound_decoded = _LONG_AGO

    def take(self, shown: Shown) -> None:
        if not self._begun:
            self.zero_ns, self._begun = shown.shown_ns, True
        at_ns = shown.shown_ns - self.zero_ns
        if shown.head.track_id == VIDEO_TRACK_ID:
            self._take_picture(shown.head, at_ns)
        elif self._keeps_sound:
            self._take_sound(shown.head, at_ns)

    def _take_picture(self, head: FragmentHead, at_ns: int) -> None:
        track = self.picture
        assert track is not None
        shown = ticks(at_ns, track.timescale)
        decoded = self._picture_decoded = max(shown - head.composition_offset, self._picture_decoded + 1)
        if self._made is not None:
            self._take_made(decoded * NS_PER_S // track.timescale)
        self.film.add(track, head.sizes[0], decoded, shown - decoded, head.durations[0], head.key)

    def _take_sound(self, head: FragmentHead, at_ns: int) -> None:
        track, waiting = self.sound, self._waiting
        assert track is not None
        due = ticks(at_ns, track.timescale)
        silent = waiting.before(due, head.durations[0])
        for at in silent:
            self._sound_decoded = max(at, self._sound_decoded + 1)
            self.film.add(track, len(waiting.silence), self._sound_decoded, 0, silent.step, True)
        self.silent.append(len(silent))
        for size, duration in zip(head.sizes, head.durations, strict=True):
            self._sound_decoded = max(due, self._sound_decoded + 1)
            self.film.add(track, size, self._sound_decoded, 0, duration, True)
            waiting.took(duration)
            due += duration

    def _take_made(self, until_ns: int | None) -> None:
        """Put in what was made up to this moment, or all that is left."""
        made, track = self._made, self.sound
        assert made is not None
        assert track is not None
        first = self._made_next
        until = None if until_ns is None else ticks(until_ns, track.timescale)
        packets = made.packets
        while self._made_next < len(packets) and (until is None or packets.time(self._made_next) <= until):
            packets.add_to(self.film, track, self._made_next)
            self._made_next += 1
        if until_ns is not None:
            self.before.append(self._made_next - first)

    def end(self) -> None:
        if self._made is not None:
            self._take_made(None)
