"""One viewer by WHEP: what comes out at its player, opened by libsrtp, picture by picture."""

import struct
from itertools import pairwise

import pytest

from gateway.stream import ViewerKind
from gateway.webrtc.picture_feed import GROUP_AGAIN_BYTES_MAX, OWN_KEPT_NS
from gateway.webrtc.viewer import RTCP_A_SECOND_MAX, ViewerEnd
from media import Codec, TrackKind
from media.fmp4 import utc_ns_from_ntp
from tests.gateway.webrtc.camera import ALAW as ALAW_SOUND
from tests.gateway.webrtc.camera import BASELINE, HIGH, Camera
from tests.gateway.webrtc.camera import OPUS as OPUS_SOUND
from tests.gateway.webrtc.screen import ALAW, OFFER, OPUS, RTX, VIDEO, WITHOUT_RTX, Packet, Side
from tests.media.nal.writer import h265_pps, h265_sps


@pytest.fixture
def side() -> Side:
    return Side()


def continuous(packets: list[Packet]) -> bool:
    return all(after.sequence - before.sequence & 0xFFFF == 1 for before, after in pairwise(packets))


def test_a_newcomer_has_everything_since_the_key_picture_and_then_each_picture_once(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(40)
    one = side.screen()
    assert one.numbers() == list(range(25, 40))
    other = side.screen()
    camera.pictures(20)
    assert one.numbers() == list(range(40, 60))
    assert other.numbers() == list(range(25, 60))
    assert continuous(one.packets)
    times = list(dict.fromkeys(packet.rtp_time for packet in one.packets))
    steps = [after - before & 0xFFFF_FFFF for before, after in pairwise(times)]
    assert steps == [90] * 14 + [3_600] * 20
    assert [packet.payload for packet in one.packets[:2]] == list(BASELINE)
    assert one.viewer.units_sent == 35


def test_a_picture_is_one_system_call_and_one_of_many_packets_few(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(1)
    screen = side.screen()
    screen.port.calls = 0
    camera.picture(size=7_000)
    assert screen.port.calls == 1
    assert len(screen.look()[-7:]) == 7
    screen.port.calls = 0
    camera.picture(size=150_000)
    assert screen.port.calls == 3
    assert screen.numbers() == [2]


def test_numbers_pass_65_536_twice_and_the_player_still_decrypts(side: Side) -> None:
    """Rollover: with a real receiver at the other end, and repairs on both sides of it."""
    camera = Camera(side.hub)
    camera.pictures(1)
    screen = side.screen(WITHOUT_RTX)
    screen.look()
    sequence, seen = screen.packets[-1].sequence, 0
    while seen < 140_000:
        camera.picture(key=camera.n % 25 == 0, size=1_162 * 800)
        screen.lost = {screen._came + 5}  # one packet of each picture
        packets = screen.look()
        del screen.packets[:-1]
        if camera.n % 25 == 0:
            screen.report()
        seen += len(packets) + 1
        lost = packets[4].sequence + 1 & 0xFFFF
        screen.later(0.04)
        screen.look()
        screen.nack(lost)
        [again] = screen.look()
        assert (again.sequence, again.kind) == (lost, VIDEO)
        assert packets[0].sequence == sequence + 1 & 0xFFFF
        sequence = packets[-1].sequence
    assert screen.viewer.units_missed == 0


def test_what_was_lost_comes_again_by_rtx_or_as_it_was(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(10)
    for offer, kind in ((OFFER, RTX), (WITHOUT_RTX, VIDEO)):
        screen = side.screen(offer)
        screen.lost = {3, 9}  # of the burst, behind a report
        before = screen.look()
        [first, second] = [b.sequence - 1 & 0xFFFF for a, b in pairwise(before) if b.sequence - a.sequence & 0xFFFF > 1]
        camera.picture()
        screen.look()
        screen.nack(first, second)
        again = screen.look()
        assert [packet.kind for packet in again] == [kind, kind]
        if kind == RTX:
            assert [int.from_bytes(packet.payload[:2], "big") for packet in again] == [first, second]
            assert {packet.ssrc for packet in again} == {screen.viewer.sent[TrackKind.VIDEO].rtx_ssrc}
        else:
            assert [packet.sequence for packet in again] == [first, second]
        neighbours = {packet.rtp_time for packet in before}
        assert {packet.rtp_time for packet in again} <= neighbours  # squeezed as they were
        side.clock.advance(0.2)
        screen.later(OWN_KEPT_NS / 1e9)
        screen.look()
        screen.nack(first)
        assert screen.look() == []


def test_reports_tie_both_tracks_to_one_instant_at_once_and_every_few_seconds(side: Side) -> None:
    camera = Camera(side.hub, sound=OPUS_SOUND)
    camera.pictures(2)
    camera.sound()
    screen = side.screen()
    camera.picture()
    camera.sound()
    screen.look()
    assert [len(report.sender_reports) for report in screen.reports] == [1]  # no sound has come yet
    screen.later(0)
    screen.look()
    report = screen.reports[-1]
    video, audio = report.sender_reports
    assert video.ntp == audio.ntp
    assert abs(utc_ns_from_ntp(video.ntp) - side.clock.utc_ns()) < 1_000
    newest = {packet.kind: packet.rtp_time for packet in screen.packets}
    behind_s = (2 * 40_000_000 - (side.clock.utc_ns() - camera.publication.info.started_utc_ns)) / 1e9
    assert newest[VIDEO] - video.rtp_time & 0xFFFF_FFFF == round(behind_s * 90_000) & 0xFFFF_FFFF
    assert newest[OPUS] - audio.rtp_time & 0xFFFF_FFFF == round(behind_s * 48_000) & 0xFFFF_FFFF
    before = len(screen.reports)
    for _ in range(60):  # twelve seconds: soon again, for one may be lost, and then each five
        screen.later(0.2)
    screen.look()
    assert len(screen.reports) - before in (4, 5)
    assert [one.packets for one in screen.reports[-1].sender_reports] == [
        sum(packet.kind == kind for packet in screen.packets) for kind in (VIDEO, OPUS)
    ]


def test_sound_goes_out_as_it_came(side: Side) -> None:
    camera = Camera(side.hub, sound=ALAW_SOUND)
    camera.pictures(1)
    screen = side.screen()
    screen.look()
    camera.sound(size=156)
    camera.picture()
    camera.sound(size=156)
    sounds = [packet for packet in screen.look() if packet.kind == ALAW]
    assert [packet.number for packet in sounds] == [0, 1]
    assert continuous(sounds)
    assert not any(packet.marked for packet in sounds)


def test_who_wants_a_key_picture_has_the_group_again_once_a_second_at_most(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(30)
    screen = side.screen()
    screen.look()
    screen.ask_for_a_picture()
    assert screen.numbers() == list(range(25, 30))
    screen.ask_for_a_picture()
    screen.later(0.5)
    screen.ask_for_a_picture()
    assert screen.numbers() == []
    camera.picture()
    assert screen.numbers() == [30]
    screen.later(0.5)
    screen.ask_for_a_picture()
    assert screen.numbers() == list(range(25, 31))
    times = [packet.rtp_time for packet in screen.packets]
    assert all(after - before & 0xFFFF_FFFF < 1 << 31 for before, after in pairwise(times))  # never back
    assert continuous(screen.packets)


def test_a_group_too_large_to_send_again_has_the_device_asked(side: Side) -> None:
    asked: list[int] = []
    camera = Camera(side.hub, key_picture=lambda: asked.append(camera.n))
    camera.picture(key=True, size=GROUP_AGAIN_BYTES_MAX)
    screen = side.screen()
    for _ in range(10):
        screen.later(0.1)
    screen.look()
    assert not asked
    screen.ask_for_a_picture()
    assert asked == [1]
    camera.picture()
    assert screen.numbers() == [1]  # it goes on with what there is


def test_who_comes_when_there_is_no_group_has_the_device_asked_and_waits(side: Side) -> None:
    asked: list[int] = []
    camera = Camera(side.hub, key_picture=lambda: asked.append(camera.n))
    camera.pictures(2, key_every=1_000, size=2 << 20)  # too large to be kept
    screen = side.screen()
    assert asked == [2]
    camera.picture()
    assert screen.numbers() == []
    assert (screen.viewer.units_missed, side.hub.missed_units[ViewerKind.WEBRTC]) == (1, 1)
    camera.picture(key=True)
    camera.picture()
    assert screen.numbers() == [3, 4]


def test_a_device_that_comes_back_goes_on_with_a_key_picture_at_its_time(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(2)
    screen = side.screen()
    screen.look()
    last = screen.packets[-1].rtp_time
    camera.stop()
    side.clock.advance(10)
    again = Camera(side.hub)
    again.n = 1
    again.picture(key=True)
    first = screen.look()[0]
    passed = first.rtp_time - last & 0xFFFF_FFFF
    assert passed == 900_000  # it was at 0.04 s of its first stream, and is now at 0.04 s of one 10 s later
    assert continuous(screen.packets)
    assert not screen.ends


@pytest.mark.parametrize(("codec", "sets"), [(Codec.H264, HIGH), (Codec.H265, (h265_sps(), h265_pps()))])
def test_what_does_not_fit_any_more_ends_the_view(side: Side, codec: Codec, sets: tuple[bytes, ...]) -> None:
    camera = Camera(side.hub)
    camera.pictures(2)
    screen = side.screen()
    screen.look()
    Camera(side.hub, codec=codec, sets=sets).picture(key=True)
    assert screen.ends == [ViewerEnd.CODEC_CHANGED]
    assert screen.peer.is_gone
    screen.look()
    assert screen.reports[-1].goodbyes == {screen.ssrc}
    assert side.outlet().viewers == 0


def test_nothing_is_sent_before_there_are_keys_nor_after_the_end(side: Side) -> None:
    camera = Camera(side.hub, sound=OPUS_SOUND)
    camera.pictures(2)
    screen = side.screen(keyed=False)
    camera.picture()
    camera.sound()
    screen.later(10)
    assert not screen.port.datagrams
    screen.key()
    assert screen.numbers() == [0, 1, 2]
    screen.viewer.gone("closed_by_peer")
    screen.viewer.gone("closed_by_peer")
    assert screen.ends == [ViewerEnd.LEFT]
    screen.look()
    camera.picture()
    screen.nack(screen.packets[-1].sequence)
    assert not screen.port.datagrams


def test_stamps_that_step_back_are_no_b_frames_where_the_sets_say_that_there_are_none(side: Side) -> None:
    """Found in review: one stamp a millisecond back ended every view, and refused new ones to the stream's end."""
    camera = Camera(side.hub)
    camera.pictures(3)
    screen = side.screen()
    camera.picture(show_at=2)
    assert screen.ends == []
    assert "video" in side.screen().choice.chosen


def test_a_picture_or_sound_that_was_not_there_ends_the_view_so_that_it_is_asked_for_again(side: Side) -> None:
    """Found in review: whoever asked before the first picture heard sound alone for good."""
    camera = Camera(side.hub)
    camera.pictures(2)
    screen = side.screen()
    camera.stop()
    Camera(side.hub, sound=OPUS_SOUND).pictures(1)
    assert screen.ends == [ViewerEnd.CODEC_CHANGED]


def test_a_command_that_comes_too_soon_is_answered_when_it_is_repeated(side: Side) -> None:
    """Found in review: FIR within a second of the last answer was lost, and its repetitions are the same command."""
    camera = Camera(side.hub)
    camera.pictures(3)
    screen = side.screen()
    screen.look()
    screen.ask_for_a_picture()
    assert screen.numbers() == [0, 1, 2]
    request = struct.pack("!BBHII", 0x84, 206, 4, 1, 0) + struct.pack("!IBxxx", screen.ssrc, 7)
    screen.later(0.5)
    screen.say(request)
    assert screen.numbers() == []
    screen.later(0.6)
    screen.say(request)
    assert screen.numbers() == [0, 1, 2]
    screen.later(2)
    screen.say(request)
    assert screen.numbers() == []  # the same command still


def test_a_flood_of_reports_is_not_opened(side: Side) -> None:
    Camera(side.hub).pictures(3)
    screen = side.screen()
    screen.look()
    for _ in range(RTCP_A_SECOND_MAX):
        screen.report()
    screen.ask_for_a_picture()
    assert screen.numbers() == []
    screen.later(1)
    screen.ask_for_a_picture()
    assert screen.numbers() == [0, 1, 2]


def test_no_two_sources_of_a_viewer_are_alike(side: Side) -> None:
    Camera(side.hub, sound=OPUS_SOUND).pictures(1)
    for _ in range(50):
        sent = side.screen(keyed=False).viewer.sent
        ssrcs = [ssrc for one in sent.values() for ssrc in (one.ssrc, one.rtx_ssrc) if ssrc is not None]
        assert len(set(ssrcs)) == len(ssrcs) == 3
