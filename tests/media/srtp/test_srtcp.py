"""SRTCP both ways, with libsrtp at the other end."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.srtp import SOURCES_MAX, KeyExhausted, MasterKey, Profile, Refusals, SessionKeys, SrtcpReceiver, SrtcpSender
from media.srtp.replay import WINDOW
from media.srtp.srtcp import RTCP_PACKETS_MAX
from tests.media.srtp.oracle import PROFILES, Oracle, master_key, session_keys

profiles = pytest.mark.parametrize("profile", PROFILES)


@pytest.fixture(params=PROFILES)
def master(request: pytest.FixtureRequest) -> MasterKey:
    return master_key(request.param)


def report(ssrc: int, size: int = 24) -> bytes:
    return b"\x81\xc9" + (1 + size // 4).to_bytes(2, "big") + ssrc.to_bytes(4, "big") + os.urandom(size)


def receiver_of(master: MasterKey) -> SrtcpReceiver:
    return SrtcpReceiver(SessionKeys.derive(master))


def test_libsrtp_reads_ours(master: MasterKey) -> None:
    sender, oracle = SrtcpSender(SessionKeys.derive(master)), Oracle(master, outbound=False)
    for n in range(40):
        packet = report(7 + n % 2, 4 * (n % 6))
        assert oracle.unprotect_rtcp(sender.protect(packet)) == packet


def test_ours_reads_libsrtp_once_and_in_any_order(master: MasterKey) -> None:
    oracle, receiver = Oracle(master, outbound=True), receiver_of(master)
    plain = [report(7, 4 * (n % 6)) for n in range(40)]
    sent = [oracle.protect_rtcp(packet) for packet in plain]
    for n in reversed(range(40)):
        buffer = memoryview(bytearray(b"<" + sent[n] + b">"))
        assert receiver.unprotect(buffer, 1, 1 + len(sent[n])) == plain[n]
        assert receiver.unprotect(buffer, 1, 1 + len(sent[n])) is None
    assert receiver.refusals() == Refusals(replayed=40)


def test_what_is_older_than_the_window_is_refused(master: MasterKey) -> None:
    oracle, receiver = Oracle(master, outbound=True), receiver_of(master)
    sent = [oracle.protect_rtcp(report(7)) for _ in range(WINDOW + 2)]
    for n in (1, WINDOW + 1, 0, 2):
        receiver.unprotect(sent[n], 0, len(sent[n]))
    assert receiver.refusals() == Refusals(too_old=1)


def test_cut_anywhere_changed_anywhere_or_of_another_key_it_is_refused(master: MasterKey) -> None:
    packet = report(7)
    sent = Oracle(master, outbound=True).protect_rtcp(packet)
    receiver = receiver_of(master)
    bad = [sent[:size] for size in range(len(sent))]
    bad += [sent[:at] + bytes((sent[at] ^ 1 << bit,)) + sent[at + 1 :] for at in range(len(sent)) for bit in range(8)]
    bad.append(Oracle(master_key(master.profile), outbound=True).protect_rtcp(packet))
    assert not any(receiver.unprotect(each, 0, len(each)) for each in bad)
    refusals = receiver.refusals()
    assert refusals.total == refusals.malformed + refusals.forged == len(bad)
    assert receiver.unprotect(sent, 0, len(sent)) == packet


def test_more_ssrcs_than_a_session_has_are_refused(master: MasterKey) -> None:
    oracle, receiver = Oracle(master, outbound=True), receiver_of(master)
    sent = [oracle.protect_rtcp(report(ssrc)) for ssrc in range(SOURCES_MAX + 5)]
    heard = [receiver.unprotect(each, 0, len(each)) is not None for each in sent]
    assert heard == [True] * SOURCES_MAX + [False] * 5
    assert receiver.refusals() == Refusals(too_many_sources=5)


@profiles
def test_a_key_ends_before_an_index_comes_again(profile: Profile) -> None:
    sender = SrtcpSender(session_keys(profile))
    sender._next_index = RTCP_PACKETS_MAX - 1
    sender.protect(report(7))
    with pytest.raises(KeyExhausted):
        sender.protect(report(7))


@profiles
def test_a_forged_index_at_the_end_of_all_indices_does_not_shut_the_line(profile: Profile) -> None:
    master = master_key(profile)
    receiver, sender = receiver_of(master), SrtcpSender(SessionKeys.derive(master))
    first, second = sender.protect(report(7)), sender.protect(report(7))
    assert receiver.unprotect(first, 0, len(first))
    word_at = len(second) - (4 if profile.is_aead else 14)
    forged = second[:word_at] + b"\xff\xff\xff\xff" + second[word_at + 4 :]
    assert receiver.unprotect(forged, 0, len(forged)) is None
    assert receiver.unprotect(second, 0, len(second))


def test_too_short_a_packet_of_ours_is_our_fault() -> None:
    with pytest.raises(ValueError, match="at least 8 bytes"):
        SrtcpSender(session_keys(Profile.AEAD_AES_128_GCM)).protect(b"\x80\xc9\0\0")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PROFILES), st.lists(st.binary(max_size=60), max_size=8))
def test_strangers_bytes_are_refused_and_counted_once_each(profile: Profile, packets: list[bytes]) -> None:
    receiver = SrtcpReceiver(session_keys(profile))
    for packet in packets:
        assert receiver.unprotect(b"<" + packet + b">", 1, 1 + len(packet)) is None
    assert receiver.refusals().total == len(packets)
