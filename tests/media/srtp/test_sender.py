"""What a viewer gets: headers, markers, numbers, and an index that rolls over; libsrtp reads it."""

import pytest

from media.srtp import FIRST_SEQUENCE_MAX, KeyExhausted, Profile, SessionKeys, SrtpReceiver, SrtpSender
from media.srtp.sender import PACKETS_MAX
from tests.media.srtp.oracle import PAYLOAD_TYPE, PROFILES, SSRC, Oracle, joined, master_key, plain, session_keys

profiles = pytest.mark.parametrize("profile", PROFILES)
PICTURE = [b"a" * 1_180, b"b" * 1_180, b"c" * 400]
EXTENSION = b"\xbe\xde\x00\x01\x51\x12\x34\x00"  # one-byte header, id 5, two bytes (transport-cc)


@profiles
def test_libsrtp_reads_a_picture(profile: Profile) -> None:
    master = master_key(profile)
    sender = SrtpSender(SessionKeys.derive(master), SSRC, 500)
    oracle = Oracle(master, outbound=False)
    packets = joined(sender.protect(PICTURE, 90_000, PAYLOAD_TYPE))
    assert [oracle.unprotect(packet) for packet in packets] == [
        plain(500, PICTURE[0], 90_000),
        plain(501, PICTURE[1], 90_000),
        plain(502, PICTURE[2], 90_000, marked=True),
    ]
    assert sender.next_sequence == 503
    assert [len(packet) for packet in packets] == [12 + len(each) + profile.tag_bytes for each in PICTURE]


@profiles
def test_libsrtp_reads_header_extensions(profile: Profile) -> None:
    master = master_key(profile)
    extensions = [EXTENSION[:5] + bytes((0, n, 0)) for n in range(3)]
    packets = joined(
        SrtpSender(SessionKeys.derive(master), SSRC, 0).protect(
            PICTURE, 0, PAYLOAD_TYPE, mark_last=False, extensions=extensions
        )
    )
    oracle = Oracle(master, outbound=False)
    for n, packet in enumerate(packets):
        header = plain(n, b"")
        assert oracle.unprotect(packet) == b"\x90" + header[1:] + extensions[n] + PICTURE[n]


@profiles
def test_the_rollover_counter_advances_twice_over(profile: Profile) -> None:
    """What the prototype left out: after 65,536 packets, seven minutes of a picture, its viewers saw nothing more."""
    master = master_key(profile)
    keys = SessionKeys.derive(master)
    sender, receiver, oracle = SrtpSender(keys, SSRC, 7), SrtpReceiver(keys), Oracle(master, outbound=False)
    every = 1_000  # the oracle hears each thousandth packet, ours each tenth: the others are lost
    for first in range(7, 2 * 65_536 + 4 * every, every):
        packets = joined(sender.protect([b"x"] * every, 0, PAYLOAD_TYPE, mark_last=False))
        assert oracle.unprotect(packets[0]) == plain(first, b"x")
        for n in range(0, every, 10):
            assert receiver.unprotect(packets[n], 0, len(packets[n])) == plain(first + n, b"x")
    assert receiver.refusals().total == 0


@profiles
def test_an_empty_batch_is_nothing(profile: Profile) -> None:
    sender = SrtpSender(session_keys(profile), SSRC, 9)
    assert sender.protect([], 0, PAYLOAD_TYPE) == []
    assert sender.next_sequence == 9


@profiles
def test_a_packet_again_is_the_same_packet_on_either_side_of_the_rollover(profile: Profile) -> None:
    sender = SrtpSender(session_keys(profile), SSRC, 20_000)
    while sender.next_sequence != 65_000:
        sender.protect([b""] * 1_000, 0, PAYLOAD_TYPE)
    sent: dict[int, list[bytes]] = {}
    for _ in range(1_100):
        sequence = sender.next_sequence
        sent[sequence] = sender.protect([b"p%d" % sequence], 45, PAYLOAD_TYPE, extensions=[EXTENSION])
    assert min(sent) == 0, "the rollover is among them"
    assert max(sent) == 65_535
    for sequence, buffers in sent.items():
        again = sender.protect_again(sequence, b"p%d" % sequence, 45, PAYLOAD_TYPE, marked=True, extension=EXTENSION)
        assert again == buffers, sequence
    assert sender.next_sequence == 564, "nothing new was numbered"


@profiles
def test_a_number_that_was_never_sent_is_not_sent_again(profile: Profile) -> None:
    sender = SrtpSender(session_keys(profile), SSRC, 100)
    assert sender.protect_again(100, b"x", 0, PAYLOAD_TYPE, marked=False) == []
    sender.protect([b"x"], 0, PAYLOAD_TYPE)
    assert sender.protect_again(99, b"x", 0, PAYLOAD_TYPE, marked=False) == []
    assert sender.protect_again(101, b"x", 0, PAYLOAD_TYPE, marked=False) == []
    assert sender.protect_again(100, b"x", 0, PAYLOAD_TYPE, marked=True) != []


@profiles
def test_an_rtx_stream_runs_beside_with_numbers_of_its_own(profile: Profile) -> None:
    master = master_key(profile)
    keys = SessionKeys.derive(master)
    oracle = Oracle(master, outbound=False)
    video, rtx = SrtpSender(keys, SSRC, 10), SrtpSender(keys, SSRC + 1, 30_000)
    for n in range(5):
        assert oracle.unprotect(joined(video.protect([b"v"], 0, PAYLOAD_TYPE))[0])
        again = joined(rtx.protect([(10 + n).to_bytes(2, "big") + b"v"], 0, PAYLOAD_TYPE, mark_last=False))[0]
        assert oracle.unprotect(again) == plain(30_000 + n, (10 + n).to_bytes(2, "big") + b"v", ssrc=SSRC + 1)


def test_payloads_are_not_copied_for_the_header() -> None:
    """A viewer's buffers are its own, a payload's never among them, and payloads stay as they were."""
    before = [bytes(each) for each in PICTURE]
    buffers = SrtpSender(session_keys(Profile.AEAD_AES_128_GCM), SSRC, 0).protect(PICTURE, 0, PAYLOAD_TYPE)
    assert [len(each) for each in buffers[::2]] == [12] * 3
    assert before == PICTURE


def test_a_key_ends_before_an_index_comes_again() -> None:
    sender = SrtpSender(session_keys(Profile.AEAD_AES_128_GCM), SSRC, 0)
    sender._next_index = PACKETS_MAX - 2
    with pytest.raises(KeyExhausted):
        sender.protect([b"x"] * 3, 0, PAYLOAD_TYPE)
    assert len(sender.protect([b"x"] * 2, 0, PAYLOAD_TYPE)) == 4
    with pytest.raises(KeyExhausted):
        sender.protect([b"x"], 0, PAYLOAD_TYPE)


@pytest.mark.parametrize("first", [-1, FIRST_SEQUENCE_MAX + 1])
def test_a_first_number_too_near_the_rollover_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match="first_sequence"):
        SrtpSender(session_keys(Profile.AEAD_AES_128_GCM), SSRC, first)


def test_extensions_are_for_all_payloads_or_none() -> None:
    sender = SrtpSender(session_keys(Profile.AEAD_AES_128_GCM), SSRC, 0)
    with pytest.raises(ValueError, match="1 extensions for 3 payloads"):
        sender.protect(PICTURE, 0, PAYLOAD_TYPE, extensions=[EXTENSION])
    assert sender.next_sequence == 0
