"""A viewer with aiortc's own NACK generator behind a lossy link: what it asks for, it gets, until it has everything."""

import random
from heapq import heappop, heappush

import pytest
from aiortc import rtp as oracle
from aiortc.rtcrtpreceiver import NackGenerator

from media.rtp import WEBRTC_MTU, SentHistory, ViewerRepairs, cut, parse_feedback, wrap_rtx
from media.track import Codec, VideoConfig

MS = 1_000_000
VIDEO, RTX, SSRC, RTX_SSRC = 96, 97, 7, 8
CONFIG = VideoConfig(Codec.H264, 1_280, 720, "x", (b"\x67\x42", b"\x68\xce"), 0)


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("delay_ms", [20, 100])
def test_what_a_viewer_asks_for_it_gets(loss: float, delay_ms: int) -> None:
    chance = random.Random(delay_ms)
    history = SentHistory()
    viewer = ViewerRepairs(history, sequence=65_300)
    asks = NackGenerator()
    sent: dict[int, bytes] = {}  # by 16-bit number
    came: dict[int, bytes] = {}
    line: list[tuple[int, int, bool, bytes]] = []
    rtx_sequence = 0

    def put(now: int, to_viewer: bool, data: bytes) -> None:
        if chance.random() >= loss:
            heappush(line, (now + delay_ms * MS, len(sent) + rtx_sequence, to_viewer, data))

    for now in range(0, 12_000 * MS, 5 * MS):
        if now % (40 * MS) == 0 and now < 10_000 * MS:
            cuts = cut(CONFIG, (b"\x41\x9a" + chance.randbytes(7_000),), now, key=False, mtu=WEBRTC_MTU)
            number = history.append(cuts, now)
            if number % 5 == 4:  # a picture that this viewer is spared
                continue
            sequence = viewer.send(number, len(cuts))
            for place, (payload, _, _) in enumerate(cuts):
                named = sequence + place & 0xFFFF
                sent[named] = payload
                packet = oracle.RtpPacket(payload_type=VIDEO, sequence_number=named, ssrc=SSRC, payload=payload)
                put(now, True, packet.serialize())
        while line and line[0][0] <= now:
            at, _, to_viewer, data = heappop(line)
            if to_viewer:
                packet = oracle.RtpPacket.parse(data)
                if packet.payload_type == RTX:
                    packet = oracle.unwrap_rtx(packet, VIDEO, SSRC)
                came[packet.sequence_number] = packet.payload
                asks.add(packet)
                if asks.missing:
                    nack = oracle.RtcpRtpfbPacket(fmt=1, ssrc=9, media_ssrc=SSRC, lost=sorted(asks.missing))
                    put(at, False, bytes(nack))
                continue
            told = parse_feedback(data, 0, len(data), at)
            assert told.malformed == 0
            for sequence, (payload, _, _) in viewer.answer(told.nacked[SSRC], at, 2 * delay_ms * MS):
                rtx_sequence += 1
                again = oracle.RtpPacket(
                    payload_type=RTX,
                    sequence_number=rtx_sequence & 0xFFFF,
                    ssrc=RTX_SSRC,
                    payload=wrap_rtx(sequence & 0xFFFF, payload),
                )
                put(at, True, again.serialize())
    assert all(sent[named] == payload for named, payload in came.items())
    assert len(came) >= 0.995 * len(sent)
    lost = loss * len(sent)
    assert viewer.answered < 3 * lost / (1 - loss) + 20, "more is sent again than was lost"
    assert viewer.refused > viewer.answered, "aiortc asks with every packet that comes"
    assert viewer.unknown == 0
