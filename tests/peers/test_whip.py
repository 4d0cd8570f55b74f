"""aiortc and FFmpeg publish by WHIP: what they send is watched live and kept, and ends as they say."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import av
import pytest

from media import GapCause
from storage import Kind
from tests.house.archive import until
from tests.house.fixtures import SHARES_THE_HOUSE, clip_cache, furniture, house_clip, shared_house
from tests.house.house import House
from tests.house.phone import Phone, shade
from tests.house.process import REPOSITORY

__all__ = ["clip_cache", "furniture", "house_clip", "shared_house"]

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(60)]


async def test_every_picture_of_a_phone_is_seen_and_kept_until_it_stops(shared_house: House) -> None:
    house, archive = shared_house, shared_house.archive("dev1")
    async with Phone(house.http_url, "dev1", house.keys["dev1"], pictures=80) as phone:
        answer = await phone.publish()
        assert answer.status_code == 201, answer.text
        await until(lambda: phone.picture.shown > 50)
        viewer = await house.supervisor().watch("dev1")
        assert (await viewer.next_message("init")).tracks[0].mime.startswith('video/mp4; codecs="avc3.')
        await until(lambda: sum(record.kind == Kind.FRAGMENT for record in archive.records()) == 80)
        assert (await phone.stop()).status_code == 200
        assert (await viewer.next_message("offline")).reason == "device_stopped"
    await until(lambda: archive.files() and all(archive.sealed()))
    (file,) = archive.files()
    with av.open(file) as opened:
        shades = [frame.to_ndarray()[64, 64] for frame in opened.decode(video=0)]
    assert len(shades) == 80
    assert all(abs(int(seen) - shade(n)) <= 3 for n, seen in enumerate(shades))
    assert not [gap for gap in archive.gaps() if gap.cause is GapCause.PACKET_LOSS]


async def test_sound_is_kept_beside_the_pictures_and_in_step(shared_house: House) -> None:
    house, archive = shared_house, shared_house.archive("dev6")
    async with Phone(house.http_url, "dev6", house.keys["dev6"]) as phone:
        assert (await phone.publish(sound=True)).status_code == 201
        await until(lambda: phone.picture.shown > 25)
        viewer = await house.supervisor().watch("dev6")
        assert len((await viewer.next_message("init")).tracks) == 2
        await until(lambda: phone.picture.shown > 75)
        assert (await phone.stop()).status_code == 200
        await viewer.next_message("offline")
    await until(lambda: bool(archive.files()) and all(archive.sealed()))
    kept = {
        track: [one for one in archive.records() if one.kind == Kind.FRAGMENT and one.track == track]
        for track in (1, 2)
    }
    assert len(kept[1]) > 50
    assert len(kept[2]) > 15  # 100 ms each
    assert abs(kept[1][-1].placed_utc_ns - kept[2][-1].placed_utc_ns) < 300_000_000
    with av.open(archive.files()[-1]) as opened:
        assert [stream.codec_context.name for stream in opened.streams] == ["h264", "opus"]


async def test_a_phone_that_closes_its_page_ends_its_stream(shared_house: House) -> None:
    """No DELETE: the end of DTLS says it."""
    async with Phone(shared_house.http_url, "dev2", shared_house.keys["dev2"]) as phone:
        assert (await phone.publish()).status_code == 201
        await until(lambda: phone.picture.shown > 25)
        viewer = await shared_house.supervisor().watch("dev2")
        await phone.leave()
        assert (await viewer.next_message("offline")).reason == "device_stopped"
        archive = shared_house.archive("dev2")
        await until(lambda: archive.files() and all(archive.sealed()))


async def test_a_phone_that_comes_back_takes_its_stream_over(shared_house: House) -> None:
    archive = shared_house.archive("dev4")
    async with (
        Phone(shared_house.http_url, "dev4", shared_house.keys["dev4"]) as first,
        Phone(shared_house.http_url, "dev4", shared_house.keys["dev4"]) as second,
    ):
        await first.publish()
        await until(lambda: first.picture.shown > 25)
        await second.publish()
        await until(lambda: len(archive.files()) == 2 and second.picture.shown > 10)
        assert (await first.stop()).status_code == 410  # and not 404: it is told that it was sent away
        assert (await second.stop()).status_code == 200
    await until(lambda: archive.files() and all(archive.sealed()))


async def test_a_wrong_key_is_told_so_and_remembered(shared_house: House) -> None:
    async with Phone(shared_house.http_url, "dev3", "wrong") as phone:
        answer = await phone.publish()
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    shown = await shared_house.person("siteadmin").call("GET", "devices/dev3")
    assert "wrong_key" in shown.text


async def test_every_picture_of_ffmpegs_muxer_is_kept(shared_house: House, tmp_path: Path) -> None:
    """It knows AES-CM with HMAC-SHA1 alone, has us call it by DTLS, and hears no feedback."""
    url, key, archive = f"{shared_house.http_url}/whip/dev5", shared_house.keys["dev5"], shared_house.archive("dev5")
    command = (sys.executable, "-m", "tests.peers.whip_muxer", url, key, str(tmp_path), "40")
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stderr=PIPE)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    await until(lambda: archive.files() and all(archive.sealed()))
    (file,) = archive.files()
    with av.open(file) as opened:
        shades = [int(frame.to_ndarray()[64, 64]) for frame in opened.decode(video=0)]
    assert [round((seen - 16) / 4) for seen in shades] == list(range(40))
