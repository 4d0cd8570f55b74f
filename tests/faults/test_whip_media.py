"""What devices do to their own media by WHIP (F41-F48): every fault on a device of its own, all at once in one house.

The same programmes, invariants and neighbour as over RTSP (`test_media.py`), over SRTP, with Opus for AAC.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.stream.gop_cache import GOP_FRAGMENTS_MAX
from media import GapCause
from media.nal import find_stamp
from mingjing.simulator.clip import Clip
from tests.faults.media_programmes import ERA_1_S, PER_SECOND, Clips, make_clips
from tests.faults.played import Played, play_all
from tests.faults.whip_programmes import AT_S, SECONDS, SKIPPED, STRANGE_FOR_S, whip_programmes
from tests.house.account import Account
from tests.house.archive import Archive, until
from tests.house.bounds import within
from tests.house.broadcast import Broadcast
from tests.house.device import Device
from tests.house.house import House
from tests.house.person import Viewer
from tests.house.programme import BEGAN_UTC_S, MS, PICTURE, SOUND, Programme, S, make_programme, opus_sound

pytestmark = pytest.mark.timeout(400)  # the first test waits for the programmes


@pytest.fixture(scope="session")
def clips(clip_cache: Path, house_clip: Clip) -> Clips:
    return make_clips(clip_cache, house_clip)


@dataclass(frozen=True, slots=True)
class ComesBack:
    """A device that came, left, and came again with another codec."""

    programmes: tuple[Programme, ...]
    archive: Archive
    viewer: Viewer


class Scene(dict[str, Played]):
    """What became of each programme, by device; and of the device that came back."""

    comes_back: ComesBack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def played(shared_house: House, clips: Clips) -> Scene:
    """All programmes, at once."""
    planned = whip_programmes(clips)
    await shared_house.enrol(*planned, "whip-comes-back")

    async def play(device: Device, programme: Programme) -> Broadcast:
        # What comes again by RTX has RTX's own payload type, and so what had a strange one would be mended.
        return await device.play_by_whip(programme, rtx=device.name != "whip-type")

    async with asyncio.TaskGroup() as tasks:
        programmes = tasks.create_task(play_all(shared_house, planned, late_for="whip-one-idr", play=play))
        comes_back = tasks.create_task(come_and_come_back(shared_house, "whip-comes-back", (clips.plain, clips.h265)))
    scene = Scene(programmes.result())
    scene.comes_back = comes_back.result()
    return scene


async def come_and_come_back(house: House, name: str, shown: Sequence[Clip]) -> ComesBack:
    """F42"""
    viewer, archive = await house.supervisor().watch(name), house.archive(name)
    sent: list[Programme] = []
    for clip in shown:
        broadcast = await house.device(name).play_by_whip(make_programme(name, [clip], 1, sound=opus_sound()))
        await broadcast.all_sent()
        broadcast.leave()
        sent.append(broadcast.as_sent)
        await viewer.next_message("online")
        await viewer.next_message("offline")
    await until(lambda: len(archive.files()) == len(shown) and all(archive.sealed()))
    return ComesBack(tuple(sent), archive, viewer)


@pytest.mark.fault("F41", "I8")
def test_a_neighbour_of_all_these_devices_loses_nothing(played: Scene) -> None:
    neighbour = played["whip-plain"]
    neighbour.is_whole_and_unbroken()
    assert len(neighbour.inits()) == len(neighbour.archive.files()) == 1


@pytest.mark.fault("F41", "I7", "I12")
def test_f41_another_size_with_each_group_of_pictures_is_a_new_init_and_a_new_segment(
    played: Scene,
) -> None:
    device = played["whip-size"]
    device.is_whole_and_unbroken()
    sizes = [(init.tracks[0].width, init.tracks[0].height) for init in device.inits()]
    assert sizes == [((192, 192), (320, 240))[turn % 2] for turn in range(SECONDS)]
    assert len(device.archive.files()) == SECONDS


@pytest.mark.fault("F42", "I7", "I12")
def test_f42_a_device_that_comes_back_with_h265_is_seen_on_the_same_socket(played: Scene) -> None:
    device = played.comes_back
    inits = [message for message in device.viewer.messages if message.type == "init"]
    assert [init.tracks[0].codec for init in inits] == ["h264", "hevc"]
    for path, programme in zip(device.archive.files(), device.programmes, strict=True):
        account = Account.of_files([path], programme.rates)
        account.nothing_is_lost(programme)
        account.is_in_order(programme)
        account.adds_up(programme)
    assert device.viewer.close_code is None


@pytest.mark.fault("F43", "I7", "I9", "I12")
def test_f43_a_minute_without_an_idr_is_kept_and_nobody_is_given_half_a_group(played: Scene) -> None:
    device = played["whip-one-idr"]
    device.is_whole()
    assert not device.account.gaps
    assert [unit.n for unit in device.programme.units(PICTURE) if unit.key] == [0]
    assert len(device.archive.files()) == 1
    late = device.late_viewer
    assert late is not None
    if len(device.account.units(PICTURE)) > GOP_FRAGMENTS_MAX:
        first = next(stamp for data in late.binaries if (stamp := find_stamp(data, 0, len(data))) is not None)
        assert first.n > len(device.account.units(PICTURE)) // 2  # of now: the group had become too large to be kept
        assert [message.type for message in late.messages[:2]] == ["online", "init"]  # a tile says that it waits


@pytest.mark.fault("F44", "I7", "I12")
@pytest.mark.fault("F45", "I7", "I12")
def test_f44_f45_b_frames_over_a_wrap_of_rtp_time_stand_where_they_are_shown(played: Scene) -> None:
    device = played["whip-b-frames"]
    device.is_whole_and_unbroken()
    taken = {unit.n: unit.taken_ns for unit in device.programme.units(PICTURE)}
    decoded = [unit.n for unit in device.account.units(PICTURE)]
    assert sorted(decoded, key=taken.__getitem__) != decoded
    assert not any(unit.reanchored for unit in device.account.kept)
    low = [unit.rtp_time & 0xFFFF_FFFF for unit in device.programme.units(PICTURE)]
    assert max(low) - min(low) > 1 << 31


@pytest.mark.fault("F46", "I7", "I12")
@pytest.mark.parametrize("name", ["whip-back", "whip-ahead"], ids=["-9,800 s", "+37,600 s"])
def test_f46_a_jump_for_good_is_flagged_and_footage_goes_on(played: Scene, name: str) -> None:
    device = played[name]
    device.is_whole()
    assert [unit.track for unit in device.account.kept if unit.reanchored] in ([PICTURE, SOUND], [SOUND, PICTURE])
    device.is_in_sync(until_s=AT_S)
    device.is_in_sync(from_s=AT_S + 1.5)  # a report has come
    assert set(device.causes()) <= {GapCause.RTP_JUMP}


@pytest.mark.fault("F46", "I7", "I12")
def test_f46_a_jump_for_one_picture_moves_no_other(played: Scene) -> None:
    device = played["whip-wild"]
    device.is_whole()
    device.is_in_sync()
    wild = round(AT_S * PER_SECOND)
    assert [unit.n for unit in device.account.kept if unit.reanchored] == [wild, wild + 1]
    assert set(device.causes()) <= {GapCause.RTP_JUMP}


@pytest.mark.fault("F47", "I7", "I12")
def test_f47_new_counts_and_sources_lose_nothing(played: Scene) -> None:
    device = played["whip-counts"]
    sent = [unit for unit in device.programme.units(PICTURE) if not unit.skipped]
    assert device.programme.sequences[PICTURE] + sum(len(unit.payloads) for unit in sent) > 1 << 16  # it wraps
    assert any(unit.skipped == SKIPPED for unit in device.programme.units(PICTURE))
    device.is_whole_and_unbroken()
    assert len(device.archive.files()) == 1


@pytest.mark.fault("F47", "I7", "I12")
def test_f47_what_has_a_payload_type_that_nobody_agreed_on_is_not_kept_and_leaves_a_gap(
    played: Scene,
) -> None:
    """An answer names one format of a kind: another could be another codec in the middle of a segment."""
    device = played["whip-type"]
    strange = [round(AT_S * PER_SECOND), round((AT_S + STRANGE_FOR_S) * PER_SECOND)]
    kept = [unit.n for unit in device.account.units(PICTURE)]
    assert kept == [n for n in device.programme.pictures if n not in range(*strange)]
    assert [unit.n for unit in device.account.units(SOUND)] == [unit.n for unit in device.programme.units(SOUND)]
    device.account.is_in_order(device.programme)
    device.account.adds_up(device.programme)
    (gap,) = device.account.gaps
    assert gap.cause is GapCause.PACKET_LOSS
    within("gap, less what was not kept", abs(gap.end_utc_ns - gap.start_utc_ns - STRANGE_FOR_S * S) / MS, 80, "ms")
    assert len(device.archive.files()) == 1


@pytest.mark.fault("F48", "I7", "I12")
@pytest.mark.parametrize(
    ("name", "off_s"),
    [
        ("whip-silent", None),
        ("whip-1970", {-BEGAN_UTC_S}),
        ("whip-2036", {ERA_1_S - BEGAN_UTC_S - AT_S}),
        ("whip-plain", {0}),
        ("whip-steps", {0, 3_600}),
    ],
    ids=["never says", "1970", "into 2036", "two months slow", "steps"],
)
def test_f48_what_the_device_says_of_its_clock_is_kept_beside_placed_time(
    played: Scene, name: str, off_s: set[float] | None
) -> None:
    device = played[name]
    device.is_whole()
    assert not device.account.gaps
    if off_s is None:
        assert not any(unit.device_ntp for unit in device.account.kept)
        return
    device.is_in_sync()
    device.says(off_s)
