"""What a publisher sends, as libsrtp protects it, and what is no publisher's."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.srtp import SOURCES_MAX, Profile, Refusals, SessionKeys, SrtpReceiver, SrtpSender
from media.srtp.receiver import nearest_index
from media.srtp.replay import WINDOW
from tests.media.srtp.oracle import PAYLOAD_TYPE, PROFILES, SSRC, Oracle, joined, master_key, plain, session_keys

profiles = pytest.mark.parametrize("profile", PROFILES)


class Line:
    """A libsrtp sender and a receiver of ours with the same key."""

    def __init__(self, profile: Profile) -> None:
        self.master = master_key(profile)
        self.oracle = Oracle(self.master, outbound=True)
        self.receiver = SrtpReceiver(SessionKeys.derive(self.master))

    def hear(self, packet: bytes) -> bytes | None:
        """In the middle of a buffer that is used again at once."""
        buffer = bytearray(b"<<<" + packet + b">>>>")
        heard = self.receiver.unprotect(memoryview(buffer), 3, 3 + len(packet))
        buffer[:] = bytes(len(buffer))
        return heard

    def refused(self, **causes: int) -> bool:
        return self.receiver.refusals() == Refusals(**causes)


@pytest.fixture(params=PROFILES)
def line(request: pytest.FixtureRequest) -> Line:
    return Line(request.param)


HEADERS = {
    "plain": plain(1, b""),
    "csrcs": b"\x83" + plain(1, b"")[1:] + bytes(range(12)),
    "extension": b"\x90" + plain(1, b"")[1:] + b"\xbe\xde\x00\x01\x51\x12\x34\x00",
    "empty extension": b"\x90" + plain(1, b"")[1:] + b"\x10\x00\x00\x00",
    "both, and padding": b"\xb1" + plain(1, b"")[1:] + b"CSRC" + b"\xbe\xde\x00\x02" + bytes(8),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("payload", [b"", b"p", b"p" * 1_180 + b"\4"], ids=len)
def test_libsrtp_is_read_whatever_the_header(line: Line, header: bytes, payload: bytes) -> None:
    assert line.hear(line.oracle.protect(header + payload)) == header + payload
    assert line.refused()


def test_loss_and_another_order_around_the_rollover(line: Line) -> None:
    """Over and over a third is lost, and what is left comes as much as 40 packets out of its order."""
    chance = random.Random(3711)
    sent = [(n, line.oracle.protect(plain(n, b"%d" % n))) for n in range(65_000, 65_000 + 1_200)]
    # the first comes first, as no receiver could know otherwise what the rollover counter was
    kept = [sent[0], *(each for each in sent[1:] if chance.random() < 0.67)]
    order = [kept[0], *sorted(kept[1:], key=lambda each: each[0] + chance.random() * 40)]
    for n, packet in order:
        assert line.hear(packet) == plain(n, b"%d" % n), n
    assert line.refused()


def test_a_packet_before_the_rollover_comes_after_it(line: Line) -> None:
    before, late, after = (line.oracle.protect(plain(n, b"x")) for n in (65_534, 65_535, 65_536))
    assert line.hear(before)
    assert line.hear(after)
    assert line.hear(late)
    assert line.hear(late) is None
    assert line.refused(replayed=1)


def test_a_packet_counts_once(line: Line) -> None:
    packets = [line.oracle.protect(plain(n, b"x")) for n in range(WINDOW + 1)]
    assert all(map(line.hear, packets))
    assert not any(map(line.hear, packets))
    assert line.refused(replayed=WINDOW, too_old=1)


def test_what_is_older_than_the_window_is_refused_unseen(line: Line) -> None:
    old, at_the_edge = (line.oracle.protect(plain(n, b"x")) for n in (9, 10))
    assert line.hear(line.oracle.protect(plain(8, b"x")))
    assert line.hear(line.oracle.protect(plain(9 + WINDOW, b"x")))
    assert line.hear(old) is None
    assert line.hear(at_the_edge)
    assert line.refused(too_old=1)


def test_another_key_is_a_forger_and_moves_nothing(line: Line) -> None:
    forger = Oracle(master_key(line.master.profile), outbound=True)
    mine = [line.oracle.protect(plain(n, b"x")) for n in range(3)]
    assert line.hear(forger.protect(plain(40_000, b"x"))) is None, "before anything is known"
    assert line.hear(mine[0])
    for n in (1, 2, 30_000, 60_000):
        assert line.hear(forger.protect(plain(n, b"x"))) is None
    assert all(map(line.hear, mine[1:]))
    assert line.refused(forged=5)


def test_a_packet_cut_anywhere_is_refused_and_the_whole_one_is_still_taken(line: Line) -> None:
    for header in HEADERS.values():
        packet = Oracle(line.master, outbound=True).protect(header + b"payload")
        fresh = Line(line.master.profile)
        fresh.receiver = SrtpReceiver(SessionKeys.derive(line.master))
        assert not any(fresh.hear(packet[:size]) for size in range(len(packet)))
        assert fresh.receiver.refusals().total == len(packet)
        assert fresh.receiver.refusals().malformed + fresh.receiver.refusals().forged == len(packet)
        assert fresh.hear(packet) == header + b"payload"


def test_any_changed_bit_is_noticed(line: Line) -> None:
    packet = line.oracle.protect(HEADERS["extension"] + b"payload")
    for bit in range(8 * len(packet)):
        changed = bytearray(packet)
        changed[bit // 8] ^= 1 << bit % 8
        assert line.hear(bytes(changed)) is None, bit
    assert line.receiver.refusals().total == 8 * len(packet)
    assert line.hear(packet) is not None


def test_more_ssrcs_than_a_session_has_are_refused_and_the_known_ones_go_on(line: Line) -> None:
    for ssrc in range(SOURCES_MAX):
        assert line.hear(line.oracle.protect(plain(0, b"x", ssrc=ssrc)))
    for ssrc in range(SOURCES_MAX, SOURCES_MAX + 10):
        assert line.hear(line.oracle.protect(plain(0, b"x", ssrc=ssrc))) is None
    assert len(line.receiver._sources) == SOURCES_MAX
    assert line.hear(line.oracle.protect(plain(1, b"x", ssrc=3)))
    assert line.refused(too_many_sources=10)


def test_a_forger_makes_no_sources(line: Line) -> None:
    forger = Oracle(master_key(line.master.profile), outbound=True)
    assert not any(line.hear(forger.protect(plain(0, b"x", ssrc=ssrc))) for ssrc in range(2 * SOURCES_MAX))
    assert not line.receiver._sources


@profiles
def test_bytes_bytearray_and_memoryview_are_the_same(profile: Profile) -> None:
    keys = session_keys(profile)
    packet = joined(SrtpSender(keys, SSRC, 1).protect([b"payload"], 0, PAYLOAD_TYPE))[0]
    for made in (bytes, bytearray, memoryview):
        assert SrtpReceiver(keys).unprotect(made(packet), 0, len(packet)) == plain(1, b"payload", marked=True)


def test_the_nearest_index_is_that_of_the_standard() -> None:
    """RFC 3711, appendix A, word for word, except that nothing is before the first packet."""

    def standard(newest: int, sequence: int) -> int:
        roc, last = newest >> 16, newest & 0xFFFF
        if last < 32_768:
            guess = roc - 1 if sequence - last > 32_768 else roc
        else:
            guess = roc + 1 if last - 32_768 > sequence else roc
        return max(guess, 0) << 16 | sequence

    places = [0, 1, 2, 32_766, 32_767, 32_768, 32_769, 65_534, 65_535]
    for roc in (0, 1, 2, 0xFFFF):
        for last in places:
            for sequence in places:
                assert nearest_index(roc << 16 | last, sequence) == standard(roc << 16 | last, sequence)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PROFILES), st.lists(st.binary(max_size=60), max_size=8))
def test_strangers_bytes_are_refused_and_counted_once_each(profile: Profile, packets: list[bytes]) -> None:
    receiver = SrtpReceiver(session_keys(profile))
    for packet in packets:
        assert receiver.unprotect(b"<" + packet + b">", 1, 1 + len(packet)) is None
    refusals = receiver.refusals()
    assert refusals.total == refusals.malformed + refusals.forged == len(packets)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(PROFILES), st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=60))
def test_any_order_with_repeats_and_damage_gives_each_packet_once(
    profile: Profile, arrivals: list[tuple[int, bool]]
) -> None:
    keys = session_keys(profile)
    sent = joined(SrtpSender(keys, SSRC, 100).protect([b"%d" % n for n in range(91)], 0, PAYLOAD_TYPE, mark_last=False))
    receiver = SrtpReceiver(keys)
    seen: set[int] = set()
    for n, whole in arrivals:
        packet = sent[n] if whole else sent[n][:-1] + bytes((sent[n][-1] ^ 1,))
        heard = receiver.unprotect(packet, 0, len(packet))
        assert heard == (plain(100 + n, b"%d" % n) if whole and n not in seen else None)
        if whole:
            seen.add(n)
    assert receiver.refusals().total == len(arrivals) - len(seen)
