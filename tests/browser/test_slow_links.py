"""What a tile says of slow links: the device's own, and the viewer's. The other tiles stay where they are."""

import re
from dataclasses import replace

import pytest

from mingjing.simulator.generated import generated_clip
from tests.browser.wall import Wall
from tests.chaos.impairments import Impairments
from tests.chaos.tcp_proxy import TcpProxy
from tests.house.fixtures import CLIP

pytestmark = pytest.mark.browser

QUICK = 1e9  # bytes a second; with buffers as small as those of the link that it will be
STREAM = replace(CLIP, bitrate_kbps=400)  # 50 kB/s
NARROW_UPLINK_BYTES_PER_S = 20_000
NARROW_VIEWER_BYTES_PER_S = 25_000
LATE = {"zh-CN": r"晚 [2-9] 秒", "en": r"[2-9] s late"}
MISSED = {"zh-CN": r"您的网络太慢，跳过了 \d+ 帧", "en": r"Your connection is slow: \d+ frames skipped"}


@pytest.mark.fault("F36")
@pytest.mark.fault("F57")
async def test_a_tile_tells_the_delay_of_its_device_and_what_a_slow_viewer_missed(house, browser, clip_cache):
    clip = generated_clip(STREAM, clip_cache)
    link = Impairments(bytes_per_s=QUICK, buffer_bytes=16 << 10)
    async with TcpProxy(house.http_address, down=link) as screen, TcpProxy(house.rtsp_address, up=link) as uplink:
        await replace(house.device("dev1", through=uplink.address), clip=clip).push()
        await replace(house.device("dev2"), clip=clip).push()
        wall = await Wall.open(browser, house, through=screen.address)
        for name in ("dev1", "dev2"):
            await wall.place(name)
        await wall.wait_for_tiles_playing(2)
        places = [await wall.tile(name).bounding_box() for name in ("dev1", "dev2")]

        uplink.narrow(NARROW_UPLINK_BYTES_PER_S, QUICK)
        screen.narrow(QUICK, NARROW_VIEWER_BYTES_PER_S)
        late = wall.tile("dev1").locator("[data-test=late]")
        await late.wait_for()
        await wall.page.wait_for_function(
            "words => new RegExp(words).test(document.querySelector('[data-device=dev1] [data-test=late]')?.innerText)",
            arg=LATE["zh-CN"],
        )
        missed = wall.tile("dev2").locator("[data-test=tile-missed]")
        await missed.wait_for()
        assert re.fullmatch(MISSED["zh-CN"], await missed.inner_text())
        assert [await wall.tile(name).bounding_box() for name in ("dev1", "dev2")] == places

        uplink.widen()
        screen.widen()
        await late.wait_for(state="detached")
        await missed.wait_for(state="detached")
        await wall.wait_for_tiles_playing(2)
        await wall.close()
