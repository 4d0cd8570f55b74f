"""What a WHEP viewer counts: whole pictures by their stamps, what the link lost, and what the server left out."""

import time

import pytest

from gateway.webrtc import DtlsIdentity
from media import VIDEO_TRACK_ID, Codec, Track, VideoConfig
from media.nal import stamp_sei
from media.sdp import (
    Fingerprint,
    IceCredentials,
    LocalPeer,
    Setup,
    build_answer,
    choose_egress,
    read_answer,
    read_offer,
)
from media.srtp import Profile, SrtpSender, split_keying_material
from mingjing.bench.counts import Counts, UnitCount
from mingjing.bench.whep.viewer import WhepViewer
from mingjing.webrtc_client import Rounds, receiving
from storage import SystemClock

KEYS, _ = split_keying_material(Profile.AEAD_AES_128_GCM, bytes(Profile.AEAD_AES_128_GCM.keying_material_bytes))
SETS = (b"\x67\x42\xe0\x1f\x00", b"\x68\xce")
US = LocalPeer(1, IceCredentials("them", "t" * 22), Fingerprint("sha-256", bytes(32)), Setup.PASSIVE, ())


class Sending:
    """The server's half: pictures of a channel to one viewer, as its offer has them."""

    def __init__(self):
        clock = SystemClock()
        self.counts = Counts()
        task = {"url": "http://127.0.0.1:1/whep/{device}", "headers": {}}
        units = UnitCount(self.counts, clock.mono_ns())
        self.viewer = WhepViewer(DtlsIdentity(), Rounds(clock), clock, task, "dev1", units, self.counts)
        offer = read_offer(self.viewer._client.offer(receiving(sound=False)))
        track = Track(VIDEO_TRACK_ID, VideoConfig(Codec.H264, 640, 360, "avc3.42e01f", SETS, 0))
        choice = choose_egress(offer, [track])
        self.viewer._answer = read_answer(build_answer(offer, choice, US))
        self.viewer.keyed(KEYS, KEYS)
        [chosen] = choice.chosen.values()
        self._payload_type = chosen.format.payload_type
        self._srtp = SrtpSender(KEYS, 9, 0)
        self._now_ns = 1_000_000_000

    def picture(self, n, *, device="dev1", lost=False):
        slices = (b"\x65\x80" + bytes(9), b"\x65\x40" + bytes(9))
        payloads = (*SETS, stamp_sei(Codec.H264, device, n, time.monotonic_ns()), *slices)
        buffers = self._srtp.protect(payloads, 3_600 * n, self._payload_type)
        packets = [header + body for header, body in zip(buffers[::2], buffers[1::2], strict=True)]
        for packet in packets[:3] + packets[3 + lost :]:
            self.viewer.srtp(memoryview(packet), self._now_ns)
        self._now_ns += 200_000_000
        self.viewer.tick(self._now_ns)


@pytest.fixture
async def sending():
    return Sending()


async def test_every_picture_is_counted_once_and_the_first_one_timed(sending):
    for n in range(5):
        sending.picture(n)
    await sending.viewer.first_picture()
    counts = sending.counts
    assert (counts.received, counts.lost, counts.skips, counts.damaged) == (5, 0, 0, 0)
    assert (counts.first_picture.count, counts.latency.count) == (1, 4)


async def test_what_the_server_left_out_is_told_from_what_the_link_lost(sending):
    for n in (0, 1, 4):
        sending.picture(n)
    assert (sending.counts.lost, sending.counts.skips, sending.counts.damaged) == (2, 1, 0)
    sending.picture(5, lost=True)
    for n in range(6, 14):  # until the hole has been waited for long enough
        sending.picture(n)
    assert (sending.counts.lost, sending.counts.skips, sending.counts.damaged) == (3, 1, 1)


async def test_pictures_of_another_channel_are_none_of_this(sending):
    sending.picture(0)
    sending.picture(1, device="dev2")
    assert (sending.counts.received, sending.counts.damaged) == (1, 1)
