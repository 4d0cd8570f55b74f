"""What one system call can take of a unit."""

from itertools import pairwise

from gateway.webrtc.cut_unit import cut_units, runs_of
from gateway.webrtc.port import BATCH_MAX_BYTES, SEGMENTS_MAX
from media.rtp import WEBRTC_MTU, cut
from media.track import AudioConfig, Codec, VideoConfig

VIDEO = VideoConfig(Codec.H264, 16, 16, "avc3.42001e", (bytes(20), bytes(8)), 0)


def runs(*sizes: int) -> tuple[tuple[int, int, int], ...]:
    return runs_of([bytes(size) for size in sizes])


def test_a_picture_is_one_run_and_small_nal_units_before_it_are_others() -> None:
    assert runs(1_162, 1_162, 400) == ((0, 3, 1_162),)
    assert runs(80) == ((0, 1, 80),)
    assert runs(20, 8, 60, 1_162, 1_162, 400) == ((0, 2, 20), (2, 3, 60), (3, 6, 1_162))
    assert runs(1_162, 400, 1_162, 400) == ((0, 2, 1_162), (2, 4, 1_162))  # two slices
    assert runs(1_162, 400, 400) == ((0, 2, 1_162), (2, 3, 400))


def test_a_run_is_as_long_as_the_kernel_cuts() -> None:
    payloads = [payload for payload, _, _ in cut(VIDEO, (b"\x65" + bytes(200_000),), 0, key=False, mtu=WEBRTC_MTU)]
    made = runs_of(payloads)
    assert (made[0][0], made[-1][1]) == (0, len(payloads))
    assert all(before[1] == after[0] for before, after in pairwise(made))
    for first, end, size in made:
        assert end - first <= SEGMENTS_MAX
        assert (end - first) * (size + 28) <= BATCH_MAX_BYTES


def test_long_sound_is_a_unit_for_each_rtp_time() -> None:
    alaw = AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)
    packets = cut(alaw, (bytes(2_000),), 800, key=True, mtu=WEBRTC_MTU)
    first, second = cut_units(packets, 7, key=True, placed_utc_ns=1, mono_ns=2)
    assert (first.rtp_time, first.number, len(first.payloads[0])) == (800, 7, 1_162)
    assert (second.rtp_time, second.number, len(second.payloads[0])) == (1_962, 8, 838)
    assert not first.marked
    again = second.at(90)
    assert (again.number, again.cuts(95)) == (-1, [(second.payloads[0], 95, 0)])
    assert cut_units([], 0, key=False, placed_utc_ns=0, mono_ns=0) == []
