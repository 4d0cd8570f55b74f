"""What a device sends, written down before it is sent: pictures, sound and sender reports, with the truth about each.

A programme is played live by `broadcast.py`, or past the wire by `rehearsal.py`. What can be wrong with a device's
clocks and counts is a variation: a small function on one item, to be composed with others (`variations.py`).

Every picture carries the stamp of the simulator; every frame of sound carries its number, too (`sound_stamp.py`).
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from media import Codec
from media.nal import stamp_sei
from media.rtp import packetize_aac, packets
from media.sdp import SessionDescription, audio_config
from mingjing.simulator.clip import PACKET_BYTES, SOUND_PAYLOAD_TYPE, VIDEO_CLOCK, VIDEO_PAYLOAD_TYPE, Clip, Sound
from mingjing.simulator.tone import FRAME_SAMPLES, TONES, tone
from tests.house.sound_stamp import with_number

S = 1_000_000_000
MS = 1_000_000
PICTURE, SOUND = 0, 1  # tracks by their place in the announcement
RATES = (VIDEO_CLOCK, TONES[Codec.AAC].clock_rate)  # unless a programme has another sound
NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970
BEGAN_UTC_S = 1_790_000_000  # what the device's clock says when it begins, unless a variation says otherwise


@dataclass(frozen=True, slots=True)
class Unit:
    """A picture or a frame of sound. Times are since the programme's begin."""

    track: int
    n: int
    taken_ns: int  # the truth: when it is to be seen or heard
    sent_ns: int
    rtp_time: int
    payloads: tuple[bytes, ...]
    payload_type: int
    ssrc: int
    rate: int  # of its track's RTP clock
    key: bool = False
    skipped: int = 0  # sequence numbers passed over before it, since the begin


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report (RFC 3550, 6.4.1)."""

    track: int
    n: int
    taken_ns: int
    sent_ns: int
    rtp_time: int
    ntp: int
    ssrc: int
    rate: int


Item = Unit | Report
Variation = Callable[[Item], Item | None]  # None: it is not sent


@dataclass(frozen=True, slots=True)
class Programme:
    """Items in the order in which they are sent."""

    items: tuple[Item, ...]
    description: SessionDescription
    sequences: tuple[int, ...]  # of the first packet of each track
    rates: tuple[int, ...]  # of the RTP clock of each track

    def units(self, track: int) -> list[Unit]:
        return [item for item in self.items if isinstance(item, Unit) and item.track == track]

    @property
    def pictures(self) -> list[int]:
        """Their numbers, in the order in which they are sent."""
        return [unit.n for unit in self.units(PICTURE)]


class Wire:
    """Gives the packets of a programme their numbers."""

    def __init__(self, programme: Programme) -> None:
        self._next = list(programme.sequences)

    def packets(self, unit: Unit) -> list[bytes]:
        sequence = self._next[unit.track]
        self._next[unit.track] += len(unit.payloads)
        return packets(
            unit.payloads,
            payload_type=unit.payload_type,
            sequence=sequence + unit.skipped,
            rtp_time=unit.rtp_time,
            ssrc=unit.ssrc,
        )


def make_programme(
    name: str,
    clips: Sequence[Clip],
    seconds: float,
    *variations: Variation,
    sound: Sound | None = None,
    change_every: int = 0,
    report_every_s: float = 1.0,
    first_report_s: float = 0.1,
    first_sequence: int = -1,
    seed: int = 1,
) -> Programme:
    """`clips` are shown in turn, `change_every` pictures each, from their own begin; a report comes behind the
    unit of its moment. Packets are numbered from `first_sequence` on each track, by chance where it is negative.
    """
    chance = random.Random(seed)
    rates = (VIDEO_CLOCK,) if sound is None else (VIDEO_CLOCK, sound.clock_rate)
    bases = [chance.randrange(1 << 31) for _ in RATES]
    ssrcs = [chance.randrange(1 << 32) for _ in RATES]
    sources: list[Iterable[Item]] = [_pictures(name, clips, seconds, change_every, bases[PICTURE], ssrcs[PICTURE])]
    if sound is not None:
        sources.append(_sound(sound, seconds, bases[SOUND], ssrcs[SOUND]))
    tracks = range(len(sources))
    moments = range(round(first_report_s * S), round(seconds * S), round(report_every_s * S))
    sources.append(_reports(tracks, moments, bases, ssrcs, rates))
    items = [item for source in sources for item in _in_turn(source, variations)]
    items.sort(key=lambda item: item.sent_ns)
    sequences = tuple(chance.randrange(1 << 16) if first_sequence < 0 else first_sequence for _ in tracks)
    return Programme(tuple(items), replace(clips[0], sound=sound).description(), sequences, rates)


def tone_sound() -> Sound:
    """Two seconds of the simulator's tone that loop; numbers are put in when it is sent."""
    return Sound(TONES[Codec.AAC], tuple((frame,) for frame in tone(2)), FRAME_SAMPLES[Codec.AAC])


def opus_sound() -> Sound:
    """The same of Opus, as WebRTC devices announce it: always of two channels."""
    config = audio_config(Codec.OPUS, 48_000, 2, "")
    assert config is not None
    return Sound(config, tuple((frame,) for frame in tone(2, Codec.OPUS)), FRAME_SAMPLES[Codec.OPUS])


def _in_turn(source: Iterable[Item], variations: Iterable[Variation]) -> Iterator[Item]:
    """A track's items as they go out: none overtakes another on one connection."""
    sent_ns = 0
    for item in source:
        if (varied := _vary(item, variations)) is not None:
            sent_ns = max(sent_ns, varied.sent_ns)
            yield replace(varied, sent_ns=sent_ns)


def _vary(item: Item, variations: Iterable[Variation]) -> Item | None:
    varied: Item | None = item
    for variation in variations:
        if varied is not None:
            varied = variation(varied)
    return varied


def _pictures(
    name: str, clips: Sequence[Clip], seconds: float, change_every: int, base: int, ssrc: int
) -> Iterator[Unit]:
    # No picture goes out before it was taken: where pictures are reordered, all wait for the one that waits longest.
    wait_ticks = max(unit.show_ticks - unit.decode_ticks for clip in clips for unit in clip.video.units)
    labels = [clip.label(name) if clip.label is not None else () for clip in clips]  # the slice above the others
    turn = place = n = 0
    origin_ticks = 0  # of the clip's begin
    while True:
        video = clips[turn].video
        rounds, index = divmod(place, len(video.units))
        unit = video.units[index]
        shift = origin_ticks + rounds * video.period_ticks
        taken_ns = (shift + unit.show_ticks) * S // VIDEO_CLOCK
        sent_ns = (shift + unit.decode_ticks + wait_ticks) * S // VIDEO_CLOCK
        if sent_ns >= seconds * S:
            return
        stamp = stamp_sei(video.codec, name, n, taken_ns)
        label = labels[turn][unit.label] if unit.label >= 0 else ()
        payloads = (*unit.lead, stamp, *label, *unit.body)
        yield Unit(
            PICTURE,
            n,
            taken_ns,
            sent_ns,
            base + shift + unit.show_ticks,
            payloads,
            VIDEO_PAYLOAD_TYPE,
            ssrc,
            VIDEO_CLOCK,
            unit.key,
        )
        n, place = n + 1, place + 1
        if change_every and n % change_every == 0 and len(clips) > 1:
            turn = (turn + 1) % len(clips)
            origin_ticks += place * video.period_ticks // len(video.units)
            place = 0


def _sound(sound: Sound, seconds: float, base: int, ssrc: int) -> Iterator[Unit]:
    """Frames go out when they are complete: one frame later than they begin to be heard."""
    codec, rate = sound.config.codec, sound.clock_rate
    n = 0
    while (sent_ns := (n + 1) * sound.frame_ticks * S // rate) < seconds * S:
        (frame,) = sound.frames[n % len(sound.frames)]
        numbered = with_number(codec, frame, n)
        payloads = tuple(packetize_aac(numbered, mtu=PACKET_BYTES)) if codec is Codec.AAC else (numbered,)
        taken_ns = n * sound.frame_ticks * S // rate
        rtp_time = base + n * sound.frame_ticks
        yield Unit(SOUND, n, taken_ns, sent_ns, rtp_time, payloads, SOUND_PAYLOAD_TYPE, ssrc, rate, key=True)
        n += 1


def _reports(
    tracks: Iterable[int], moments: Iterable[int], bases: Sequence[int], ssrcs: Sequence[int], rates: Sequence[int]
) -> Iterator[Report]:
    for n, at_ns in enumerate(moments):
        ntp = ntp_of(BEGAN_UTC_S * S + at_ns)
        for track in tracks:
            rate = rates[track]
            yield Report(track, n, at_ns, at_ns, bases[track] + at_ns * rate // S, ntp, ssrcs[track], rate)


def ntp_of(utc_ns: int) -> int:
    """64-bit NTP time, of whatever era."""
    seconds, rest = divmod(utc_ns, S)
    return ((seconds + NTP_EPOCH_S) % (1 << 32)) << 32 | (rest << 32) // S
