"""What devices do to their own media (F41-F50): every fault on a device of its own, all at once in one house.

Each device plays a programme (tests/house/programme.py) and is watched; a neighbour without fault plays beside them
(I8). The programmes are played once for all tests of this module, for what they take is the time they last: some
seconds in the suite, a minute and more under `make faults`. F43's minute without an IDR is played ten times as fast in
the suite: pictures are what its bounds count.
"""

import time
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from pathlib import Path

import av
import pytest
import pytest_asyncio

from gateway.stream.gop_cache import GOP_FRAGMENTS_MAX
from media import AUDIO_TRACK_ID, GapCause
from media.nal import find_stamp
from mingjing.simulator.clip import Clip
from storage import read_fragments
from tests.faults.media_programmes import (
    AT_S,
    ERA_1_S,
    GAP_S,
    LOOPED,
    PER_SECOND,
    SECONDS,
    Clips,
    make_clips,
    programmes,
)
from tests.faults.played import Played, play_all
from tests.house.account import Account
from tests.house.archive import until
from tests.house.bounds import FULL, within
from tests.house.fixtures import SHARES_THE_HOUSE, living_in
from tests.house.furniture import Furniture
from tests.house.house import House
from tests.house.programme import BEGAN_UTC_S, MS, PICTURE, SOUND, Programme, S, make_programme, tone_sound
from tests.house.rehearsal import rehearse
from tests.house.variations import clock_drifts

pytestmark = pytest.mark.timeout(400)  # the first test waits for the programmes


@pytest.fixture(scope="module")
def clips(clip_cache: Path, house_clip: Clip) -> Clips:
    return make_clips(clip_cache, house_clip)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def media_house(
    tmp_path_factory: pytest.TempPathFactory, furniture: Furniture, house_clip: Clip
) -> AsyncIterator[House]:
    """A house of its own: the devices of the shared one have been used by others."""
    async with living_in(House(tmp_path_factory.mktemp("media") / "data", furniture, house_clip)) as house:
        await house.start()
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(media_house: House, clips: Clips) -> Mapping[str, Played]:
    """All programmes, at once."""
    return await play_all(media_house, programmes(clips, tone_sound()), late_for="dev5")


@pytest.mark.fault("F41", "I8")
def test_a_neighbour_of_all_these_devices_loses_nothing(played: Mapping[str, Played]) -> None:
    neighbour = played["dev1"]
    neighbour.is_whole_and_unbroken()
    assert len(neighbour.inits()) == len(neighbour.archive.files()) == 1


@pytest.mark.fault("F41", "I7", "I12")
def test_f41_another_size_with_each_group_of_pictures_is_a_new_init_and_a_new_segment(
    played: Mapping[str, Played],
) -> None:
    device = played["dev2"]
    device.is_whole_and_unbroken()
    sizes = [(init.tracks[0].width, init.tracks[0].height) for init in device.inits()]
    assert sizes == [((192, 192), (320, 240))[turn % 2] for turn in range(SECONDS)]
    assert len(device.archive.files()) == SECONDS
    headers = [data for data in device.viewer.binaries if data[4:8] == b"ftyp"]
    assert len(headers) == 2 * SECONDS  # picture and sound


@pytest.mark.fault("F41", "I7", "I12")
def test_f41_another_profile_is_a_new_init_and_another_level_is_not(played: Mapping[str, Played]) -> None:
    profile, level = played["dev4"], played["dev3"]
    for device in (profile, level):
        device.is_whole_and_unbroken()
    assert len(level.inits()) == len(level.archive.files()) == 1
    mimes = [init.tracks[0].mime for init in profile.inits()]
    assert len(mimes) == len(profile.archive.files()) == -(-SECONDS * PER_SECOND // (2 * LOOPED))
    assert all(before != after for before, after in pairwise(mimes))


@pytest.mark.fault("F43", "I7", "I9", "I12")
def test_f43_a_minute_without_an_idr_is_kept_and_nobody_is_given_half_a_group(played: Mapping[str, Played]) -> None:
    device = played["dev5"]
    device.is_whole()
    assert not device.account.gaps
    assert len(device.account.units(PICTURE)) > GOP_FRAGMENTS_MAX
    assert [unit.n for unit in device.programme.units(PICTURE) if unit.key] == [0]
    assert len(device.archive.files()) == 1
    late = device.late_viewer
    assert late is not None
    assert [message.type for message in late.messages[:2]] == ["online", "init"]  # a tile says that it waits
    first = next(stamp for data in late.binaries if (stamp := find_stamp(data, 0, len(data))) is not None)
    assert first.n > len(device.account.units(PICTURE)) // 2  # of now: the group had become too large to be kept


@pytest.mark.fault("F44", "I7", "I12")
def test_f44_b_frames_stand_where_they_are_shown(played: Mapping[str, Played]) -> None:
    device = played["dev6"]
    device.is_whole_and_unbroken()
    taken = {unit.n: unit.taken_ns for unit in device.programme.units(PICTURE)}
    decoded = [unit.n for unit in device.account.units(PICTURE)]
    assert sorted(decoded, key=taken.__getitem__) != decoded


@pytest.mark.fault("F45", "I7", "I12")
@pytest.mark.parametrize("name", ["dev7", "dev8"], ids=["plain", "B-frames"])
def test_f45_nothing_is_seen_of_a_wrap_of_rtp_time(played: Mapping[str, Played], name: str) -> None:
    device = played[name]
    device.is_whole_and_unbroken()
    assert not any(unit.reanchored for unit in device.account.kept)
    low = [unit.rtp_time & 0xFFFF_FFFF for unit in device.programme.units(PICTURE)]
    assert max(low) - min(low) > 1 << 31


@pytest.mark.fault("F46", "I7", "I12")
@pytest.mark.parametrize("name", ["dev9", "dev10"], ids=["-9,800 s", "+37,600 s"])
def test_f46_a_jump_for_good_is_flagged_and_footage_goes_on(played: Mapping[str, Played], name: str) -> None:
    device = played[name]
    device.is_whole()
    assert [unit.track for unit in device.account.kept if unit.reanchored] in ([PICTURE, SOUND], [SOUND, PICTURE])
    device.is_in_sync(until_s=AT_S)
    device.is_in_sync(from_s=AT_S + 2)  # a report has come
    assert set(device.causes()) <= {GapCause.RTP_JUMP}


@pytest.mark.fault("F46", "I7", "I12")
@pytest.mark.parametrize("name", ["dev11", "dev12"], ids=["-9,800 s", "+37,600 s"])
def test_f46_a_jump_for_one_picture_moves_no_other(played: Mapping[str, Played], name: str) -> None:
    device = played[name]
    device.is_whole()
    device.is_in_sync()
    wild = round(AT_S * PER_SECOND)
    assert [unit.n for unit in device.account.kept if unit.reanchored] == [wild, wild + 1]
    assert set(device.causes()) <= {GapCause.RTP_JUMP}


@pytest.mark.fault("F47", "I7", "I12")
def test_f47_new_counts_sources_and_payload_types_lose_nothing(played: Mapping[str, Played]) -> None:
    device = played["dev13"]
    sent = [unit for unit in device.programme.units(PICTURE) if not unit.skipped]
    assert device.programme.sequences[PICTURE] + sum(len(unit.payloads) for unit in sent) > 1 << 16  # it wraps
    device.is_whole_and_unbroken()
    assert len(device.archive.files()) == 1


@pytest.mark.fault("F48", "I7", "I12")
@pytest.mark.parametrize(
    ("name", "off_s"),
    [("dev14", None), ("dev15", -BEGAN_UTC_S), ("dev16", ERA_1_S - BEGAN_UTC_S - AT_S), ("dev1", 0)],
    ids=["never says", "1970", "into 2036", "two months slow"],
)
def test_f48_what_the_device_says_of_its_clock_is_kept_beside_placed_time(
    played: Mapping[str, Played], name: str, off_s: float | None
) -> None:
    device = played[name]
    device.is_whole()
    assert not device.account.gaps
    clock_offset_s, _ = device.told
    if off_s is None:
        assert clock_offset_s is None
        assert not any(unit.device_ntp for unit in device.account.kept)
        return
    device.is_in_sync()
    device.says({off_s})
    now_s = time.time() - time.monotonic() + device.began_mono_s
    assert clock_offset_s == pytest.approx(BEGAN_UTC_S + off_s - now_s, abs=2)


@pytest.mark.fault("F48", "I7", "I12")
def test_f48_a_device_clock_that_steps_by_an_hour_and_back_moves_no_footage(played: Mapping[str, Played]) -> None:
    device = played["dev17"]
    device.is_whole_and_unbroken()
    device.says({0, 3_600})


@pytest.mark.fault("F49", "I7", "I12")
def test_f49_late_sound_is_in_sync_once_it_is_reported(played: Mapping[str, Played]) -> None:
    device = played["dev18"]
    device.is_whole()
    device.is_in_sync()  # the first report comes before the first late frame
    assert not device.account.gaps


@pytest.mark.fault("F49", "I7", "I12")
@pytest.mark.parametrize("name", ["dev19", "dev20"], ids=["its clock runs on", "its clock stands still"])
def test_f49_sound_that_pauses_leaves_a_gap_with_its_cause_and_is_in_sync_after_it(
    played: Mapping[str, Played], name: str
) -> None:
    device = played[name]
    device.is_whole()
    device.is_in_sync(until_s=2)
    device.is_in_sync(from_s=2 + GAP_S + (1.5 if name == "dev20" else 0))  # the next report says that it stood
    (gap,) = device.account.gaps
    assert (gap.track_id, gap.cause) == (AUDIO_TRACK_ID, GapCause.DEVICE_PAUSED)
    within("gap, less the silence", abs(gap.end_utc_ns - gap.start_utc_ns - GAP_S * S) / MS, 200, "ms")
    assert [message.track for message in device.messages("gap")] == [AUDIO_TRACK_ID]
    assert device.told[1] < 1  # and nobody is told of a delay


@pytest.mark.fault("F50", "I7", "I12")
def test_f50_a_fast_device_adds_up(played: Mapping[str, Played]) -> None:
    device = played["dev-south"]
    device.is_whole_and_unbroken()


@pytest.mark.fault("F50", "I7", "I12")
@pytest.mark.parametrize("ppm", [-500, 500])
def test_f50_hours_of_a_drifting_device_add_up(clips: Clips, ppm: int) -> None:
    """By the server's own rooms and a clock of the test's."""
    hours = 3 if FULL else 0.05
    programme = make_programme("dev1", [clips.plain], hours * 3_600, clock_drifts(ppm), report_every_s=5)
    account = Account.of_rehearsal(rehearse(programme))
    account.nothing_is_lost(programme)
    account.is_in_order(programme)
    error_ns = account.adds_up(programme)
    within(f"I7 after {hours} h at {ppm} ppm", error_ns / MS, 200, "ms")
    assert not account.gaps


@SHARES_THE_HOUSE
@pytest.mark.fault("F42", "I7", "I12")
async def test_f42_a_device_that_comes_back_with_h265_is_seen_on_the_same_socket(
    media_house: House, clips: Clips
) -> None:
    house, name = media_house, "comes-back"
    await house.enrol(name)
    viewer = await house.supervisor().watch(name)
    sound = tone_sound()
    sent: list[Programme] = []
    for clip in (clips.plain, clips.h265):
        broadcast = await house.device(name).play(make_programme(name, [clip], 1, sound=sound))
        await broadcast.all_sent()
        broadcast.leave()
        sent.append(broadcast.as_sent)
        await viewer.next_message("online")
        await viewer.next_message("offline")
    archive = house.archive(name)
    await until(lambda: len(archive.files()) == 2 and all(archive.sealed()))
    inits = [message for message in viewer.messages if message.type == "init"]
    assert [init.tracks[0].codec for init in inits] == ["h264", "hevc"]
    assert [init.tracks[0].mime.split('"')[1].split(".")[0] for init in inits] == ["avc3", "hev1"]
    for path, programme in zip(archive.files(), sent, strict=True):
        account = Account.of_files([path])
        account.nothing_is_lost(programme)
        account.is_in_order(programme)
        account.adds_up(programme)
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) == len(programme.pictures)
    seen = [data for data in viewer.binaries if data[4:8] != b"ftyp"]
    assert seen == [data for path in archive.files() for _, data in read_fragments(path)]
    assert viewer.close_code is None
