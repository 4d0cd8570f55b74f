"""What a device is sent of what is said: in what it plays, from its keys to its end. The rest is in test_talks."""

import pytest

from gateway.stream import TALK_CHANNEL, LiveUnit, StreamEnd, StreamInfo
from gateway.webrtc.loudspeaker import Loudspeaker
from media import AudioConfig, Codec, GapCause
from media.sdp import audio_config, choose_ingest, read_offer
from media.srtp import Profile, SrtcpSender, SrtpReceiver, split_keying_material
from tests.gateway.webrtc.rig import ScriptedPeer, open_peers
from tests.gateway.webrtc.test_microphone import ALONE

KEYS = split_keying_material(Profile.AEAD_AES_128_GCM, bytes(range(56)))[0]
STREAM = StreamInfo("01", "dev1", TALK_CHANNEL, "node", 1, 0, 0)
SECOND = 1_000_000_000


def loudspeaker(codec: str = "opus/48000/2") -> tuple[Loudspeaker, list[bytes]]:
    choice = choose_ingest(read_offer(ALONE.replace("opus/48000/2", codec).encode()))
    assert choice.talkback is not None
    sent: list[bytes] = []
    return Loudspeaker(choice.talkback, lambda _, datagram: sent.append(datagram)), sent


def unit(payload: bytes, rtp_time: int = 0, at_ns: int = SECOND) -> LiveUnit:
    return LiveUnit(
        2, (payload,), rtp_time, at_ns, at_ns, key=True, reanchored=False, pts=rtp_time, received_utc_ns=at_ns
    )


@pytest.mark.parametrize(
    ("plays", "said", "same"),
    [
        ("opus/48000/2", (Codec.OPUS, 48_000, 1), True),
        ("opus/48000/2", (Codec.PCM_ALAW, 8_000, 1), False),
        ("PCMA/8000", (Codec.PCM_ALAW, 8_000, 1), True),
        ("PCMA/8000", (Codec.PCM_MULAW, 8_000, 1), False),
        ("PCMA/8000", (Codec.PCM_ALAW, 8_000, 2), False),
    ],
)
def test_it_plays_what_was_agreed_on(plays: str, said: tuple[Codec, int, int], same: bool) -> None:
    config: AudioConfig | None = audio_config(*said, "")
    assert config is not None
    assert loudspeaker(plays)[0].plays(config) is same


async def test_it_sends_from_its_keys_to_its_end() -> None:
    one, sent = loudspeaker("PCMA/8000")
    one.stream_started(STREAM)
    one.unit(unit(b"early"))
    assert not sent
    async with open_peers() as peers:
        scripted = ScriptedPeer(peers)
        one.key(scripted.peer, KEYS, SrtcpSender(KEYS))
        one.unit(unit(bytes(2_000)))  # a quarter of a second of G.711 goes in two packets, at two times
        device = SrtpReceiver(KEYS)
        first, second = (device.unprotect(packet, 0, len(packet)) for packet in sent)
        assert first is not None
        assert second is not None
        assert [packet[1] >> 7 for packet in (first, second)] == [1, 0]
        assert max(map(len, sent)) <= 1_200
        assert int.from_bytes(second[4:8]) - int.from_bytes(first[4:8]) & 0xFFFF_FFFF == len(first) - 12
        assert len(first) + len(second) - 24 == 2_000
        told: list[str] = []
        one.closed = lambda: told.append("over")
        one.stream_ended(StreamEnd("01", GapCause.TALK_ENDED, SECOND, SECOND))
        one.tick(10 * SECOND, 10 * SECOND)  # nobody speaks: no report
        one.close()
        one.close()
        one.unit(unit(b"late"))
        one.tick(20 * SECOND, 20 * SECOND)
        assert (len(sent), told) == (2, ["over"])
        scripted.close()
