"""What placing and fragmenting cost a unit: `python -m tests.media.measure_hot_path`.

200 devices in turn, as in the house: pictures of 7,500 bytes in one NAL unit (1.5 Mbit/s at 25 a
second), sound of 160 bytes every 20 ms. Not a test: it prints, and says how much of a core 5,000
pictures and 10,000 frames of sound a second would take.
"""

import sys
import time

from media import AccessUnit, AudioConfig, Codec, PictureFragmenter, SoundFragmenter, Timeline, Track, VideoConfig

DEVICES = 200
UNITS = 500  # of each device
ROUNDS = 5  # the least is taken: a shared machine only ever adds

PICTURE = Track(1, VideoConfig(Codec.H264, 1280, 720, "avc3.42c01f", (b"\x67\x42\xc0\x1f", b"\x68"), 0))
SOUND = Track(2, AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000))


def units(payload: bytes, clock_rate: int, interval_ms: int) -> list[AccessUnit]:
    """Arrivals with a few milliseconds of jitter, and RTP time that wraps on the way."""
    out = []
    for n in range(UNITS):
        at_ns = n * interval_ms * 1_000_000 + n * 7_919 % 3_000 * 1_000
        rtp_time = (2**32 - 90_000 + n * interval_ms * clock_rate // 1_000) & 0xFFFF_FFFF
        out.append(AccessUnit((payload,), rtp_time, 10**12 + at_ns, 10**18 + at_ns, n % 50 == 0))
    return out


def measure_pictures() -> tuple[float, float]:
    """Seconds a picture: placing, fragmenting."""
    arrivals = units(b"\x41" + bytes(7_499), 90_000, 40)
    devices = [(Timeline().track(90_000), PictureFragmenter(PICTURE)) for _ in range(DEVICES)]
    for times, _ in devices:
        times.sender_report(1 << 63, arrivals[0].rtp_time, 10**12)
    placing = fragmenting = 0.0
    for sequence, each in enumerate(arrivals):
        begin = time.perf_counter()
        places = [times.place(each.rtp_time, each.received_mono_ns, each.received_utc_ns) for times, _ in devices]
        middle = time.perf_counter()
        for (_, fragmenter), place in zip(devices, places, strict=True):
            fragmenter.fragment(each, place, sequence)
        placing += middle - begin
        fragmenting += time.perf_counter() - middle
    return placing / UNITS / DEVICES, fragmenting / UNITS / DEVICES


def measure_sound() -> float:
    """Seconds a frame: placing, collecting and a fragment each five frames."""
    arrivals = units(bytes(160), 8_000, 20)
    devices = [(Timeline().track(8_000), SoundFragmenter(SOUND)) for _ in range(DEVICES)]
    begin = time.perf_counter()
    for sequence, each in enumerate(arrivals):
        for times, fragmenter in devices:
            place = times.place(each.rtp_time, each.received_mono_ns, each.received_utc_ns)
            if fragmenter.collect(each, place):
                fragmenter.fragment(sequence)
    return (time.perf_counter() - begin) / UNITS / DEVICES


def main() -> None:
    placing, fragmenting = min((measure_pictures() for _ in range(ROUNDS)), key=sum)
    sound = min(measure_sound() for _ in range(ROUNDS))
    sys.stdout.write(
        f"picture: place {placing * 1e6:.1f} µs, fragment {fragmenting * 1e6:.1f} µs\n"
        f"sound: {sound * 1e6:.1f} µs a frame\n"
        f"200 devices: {(placing + fragmenting) * 5_000:.1%} of a core, with sound {sound * 10_000:.1%} more\n"
    )


if __name__ == "__main__":
    main()
