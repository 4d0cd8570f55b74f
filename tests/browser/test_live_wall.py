"""The live wall in front of the real server: it plays, says in words why not, and comes back by itself."""

import asyncio
import re

import httpx
import pytest

from tests.browser.recorded import encode, pushed
from tests.browser.wall import Wall

pytestmark = pytest.mark.browser

FOUR = ("dev1", "dev2", "dev3", "dev4")


async def push_all(house, names=FOUR, starting_at=0):
    return [await house.device(name).push(starting_at=starting_at) for name in names]


async def place_all(wall, names=FOUR):
    for name in names:
        await wall.place(name)


async def test_four_tiles_play(house, wall):
    await place_all(wall)
    await push_all(house)
    await wall.wait_for_tiles_playing(4, pictures=50)
    for name in FOUR:
        seen = await wall.figures(name)
        assert (seen.state, seen.width, len(seen.buffered)) == ("live", 192, 1)
        assert re.fullmatch(r"\d\.\d 秒", await wall.tile(name).locator("[data-test=latency]").inner_text())


async def test_who_opens_the_wall_for_the_first_time_sees_what_is_on_line(house, browser):
    await push_all(house)
    wall = await Wall.open(browser, house, person="supervisor.north")
    await wall.wait_for_tiles_playing(4)
    await wall.close()


async def test_an_offline_tile_says_since_when_over_its_last_picture_and_the_alarm_covers_no_video(house, wall):
    await wall.place("dev1")
    (push,) = await push_all(house, ["dev1"])
    await wall.wait_for_tiles_playing(1)
    push.leave()
    await wall.wait_for_state("dev1", "offline")
    assert "设备离线" in await wall.words("dev1")
    assert re.search(r"自 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", await wall.words("dev1"))
    assert (await wall.figures("dev1")).width == 192  # the picture is still there, dimmed
    alarms = wall.page.locator("[data-test=alarms]")
    await alarms.wait_for()
    side, picture = await alarms.bounding_box(), await wall.tile("dev1").locator("video").first.bounding_box()
    assert side["x"] + side["width"] <= picture["x"]

    await push_all(house, ["dev1"], starting_at=1000)
    await wall.wait_for_tiles_playing(1)
    await alarms.locator("li.over").wait_for()


async def test_the_wall_comes_back_after_the_server_was_away(house, wall):
    await place_all(wall)
    await push_all(house)
    await wall.wait_for_tiles_playing(4)

    await house.kill()
    for name in FOUR:
        await wall.wait_for_state(name, "connecting")
    await house.start()
    await push_all(house, starting_at=1000)
    await wall.wait_for_tiles_playing(4)


async def test_a_takeover_is_seen_without_a_new_socket(house, wall):
    await wall.place("dev1")
    (lost,) = await push_all(house, ["dev1"])
    await wall.wait_for_tiles_playing(1)
    opened = []
    wall.page.on("websocket", lambda socket: opened.append(socket.url))
    lost.go_silent()
    await house.device("dev1", address="127.0.0.2").push(starting_at=500)
    await wall.wait_for_tiles_playing(1)
    assert opened == []


async def test_a_revoked_session_closes_every_tile_within_five_seconds(house, wall):
    await place_all(wall)
    await push_all(house)
    await wall.wait_for_tiles_playing(4)
    await wall.wait_for_sockets(4, within_s=5)

    admin = house.person("secadmin")
    sessions = (await admin.call("GET", "users/supervisor/sessions")).json()["items"]
    for session in sessions:
        assert (await admin.call("DELETE", f"users/supervisor/sessions/{session['id']}")).is_success
    await wall.wait_for_sockets(0, within_s=5)
    await wall.page.wait_for_url("**/login**")
    assert await wall.page.locator("video").count() == 0


async def test_what_nobody_sees_is_not_decoded(house, wall):
    await place_all(wall)
    await push_all(house)
    await wall.wait_for_tiles_playing(4)

    await wall.page.keyboard.press("1")  # one in focus, soon by WebRTC: the others are hidden
    await wall.wait_for_sockets(0, within_s=10)
    assert await wall.page.locator("[data-transport=webrtc]").count() == 1
    await wall.page.keyboard.press("Escape")
    await wall.wait_for_tiles_playing(4)

    await wall.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => window.away ?? false, configurable: true})"
    )
    await wall.page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    await wall.wait_for_sockets(0, within_s=10)
    await wall.page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    await wall.wait_for_tiles_playing(4)


async def test_focus_takes_the_main_channel_and_tiles_the_sub_channel(house, wall, tmp_path):
    main = encode(tmp_path / "main.mp4", "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "0", seconds=4)
    await wall.place("dev1")
    async with pushed(house, "dev1", main, loop=True):
        await wall.wait_for_tiles_playing(1)
        sub = await house.device("dev1", path="dev1/sub").push()
        await wall.wait_for_width("dev1", 192)
        await wall.page.keyboard.press("1")
        await wall.wait_for_width("dev1", 320)
        await wall.page.keyboard.press("Escape")
        await wall.wait_for_width("dev1", 192)
        sub.leave()
        await wall.wait_for_width("dev1", 320)


async def test_h265_that_this_browser_cannot_play_is_said(house, wall, tmp_path):
    clip = encode(
        tmp_path / "h265.mp4",
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "keyint=25:log-level=none",
        seconds=3,
    )
    await wall.place("dev1")
    async with pushed(house, "dev1", clip, loop=True):
        if await wall.page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hev1.1.6.L93.B0\"')"):
            await wall.wait_for_tiles_playing(1)  # the browser of this machine has a decoder
        else:
            await wall.wait_for_state("dev1", "unsupported")
            assert "此浏览器不能播放 H.265" in await wall.words("dev1")


async def test_sound_of_one_tile_follows_its_picture_and_g711_is_heard_while_somebody_listens(house, wall, tmp_path):
    x264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "0", "-c:a")
    clips = {
        "dev1": encode(tmp_path / "aac.mp4", *x264, "aac", "-ar", "48000", seconds=3, sound=True),
        "dev2": encode(tmp_path / "g711.mkv", *x264, "pcm_alaw", "-ar", "8000", "-ac", "1", seconds=3, sound=True),
    }
    await place_all(wall, clips)
    async with pushed(house, "dev1", clips["dev1"], loop=True), pushed(house, "dev2", clips["dev2"], loop=True):
        await wall.wait_for_tiles_playing(2)
        assert await transcodes(house) == 0
        for name in clips:
            await wall.tile(name).click()
            await wall.page.keyboard.press("m")
            await wall.page.wait_for_function(_IN_STEP, arg=name)
            assert await transcodes(house) == (name == "dev2")
            await wall.page.keyboard.press("m")
            await wall.page.wait_for_function(
                "name => document.querySelector(`[data-device=${name}] audio`).paused", arg=name
            )
        async with asyncio.timeout(10):
            while await transcodes(house):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.1)


_IN_STEP = """name => {
  const tile = document.querySelector(`[data-device=${name}]`);
  const [video, audio] = [tile.querySelector("video"), tile.querySelector("audio")];
  const inStep = Math.abs(audio.currentTime - video.currentTime) < 0.08;
  return !audio.paused && audio.webkitAudioDecodedByteCount > 0 && inStep;
}"""


async def transcodes(house) -> float:
    """Channels whose sound is being made into another."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{house.http_url}/metrics")).text
    return float(next(line for line in text.splitlines() if line.startswith("mingjing_sound_transcodes ")).split()[1])


async def test_a_snapshot_says_what_it_is(house, wall):
    await wall.place("dev1")
    await push_all(house, ["dev1"])
    await wall.wait_for_tiles_playing(1)
    async with wall.page.expect_download() as coming:
        await wall.tile("dev1").focus()
        await wall.page.keyboard.press("s")
    download = await coming.value
    assert re.fullmatch(r"dev1_main_\d{8}-\d{6}\.\d{3}Z\.png", download.suggested_filename)
    header = (await download.path()).read_bytes()[:24]
    width, height = int.from_bytes(header[16:20]), int.from_bytes(header[20:24])
    assert width == 192
    assert height > 192  # the picture and the lines below it


async def test_rotation_shows_the_online_devices_in_turn_and_leaves_a_pinned_tile(house, wall):
    six = [f"dev{number}" for number in range(1, 7)]
    await wall.place("dev1")
    await push_all(house, six)
    await wall.wait_for_online(6)
    await wall.page.locator(".interval .el-select__wrapper").click()
    await wall.page.get_by_role("option", name="每 5 秒").click()
    await wall.tile("dev1").hover()
    await wall.tile("dev1").get_by_label("固定：轮巡时不换").click()

    await wall.page.get_by_role("button", name="轮巡", exact=True).click()
    await wall.wait_for_devices(["dev1", "dev2", "dev3", "dev4"])
    await wall.wait_for_devices(["dev1", "dev5", "dev6", "dev2"])
    await wall.page.get_by_role("button", name="停止轮巡").click()


async def test_the_arrangement_is_there_again_after_a_reload(house, wall):
    await place_all(wall, ["dev3", "dev1"])
    await wall.page.locator("[data-test=grid-9]").click()
    await wall.page.reload()
    await wall.wait_for_devices(["dev3", "dev1"])
    assert await wall.page.locator("[data-test=wall-grid] > .slot").count() == 9


async def test_the_purpose_is_asked_once_and_kept_in_the_audit(house, browser):
    wall = await Wall.open(browser, house)
    await wall.page.reload()
    await wall.page.locator("[data-test=wall-grid]").wait_for()
    assert await wall.page.locator("[data-test=purpose-go]").count() == 0
    await wall.place("dev1")
    await wall.wait_for_sockets(1, within_s=10)
    entries = (await house.person("auditor").call("GET", "audit", params={"action": "live.open"})).json()["items"]
    assert entries[0]["detail"]["purpose"] == "duty"
    await wall.close()


async def test_a_codec_that_the_server_does_not_take_is_said(house, wall, tmp_path):
    clip = encode(tmp_path / "mpeg4.mp4", "-c:v", "mpeg4", seconds=2)
    await wall.place("dev1")
    async with pushed(house, "dev1", clip):
        await wall.wait_for_state("dev1", "unsupported")
    assert "设备的编码不支持" in await wall.words("dev1")


async def test_devices_are_dragged_from_the_tree_and_tiles_to_another_place(house, wall):
    slots = wall.page.locator("[data-test=wall-grid] > .slot")
    await wall.page.locator("[id='row-device:dev3']").drag_to(slots.nth(1))
    await wall.page.locator("[id='row-device:dev4']").drag_to(slots.nth(2))
    await wall.wait_for_devices(["dev3", "dev4"])
    await wall.tile("dev3").locator(".caption").drag_to(slots.nth(2))
    await wall.wait_for_devices(["dev4", "dev3"])
    await wall.tile("dev4").focus()
    await wall.page.keyboard.press("Delete")
    await wall.wait_for_devices(["dev3"])
