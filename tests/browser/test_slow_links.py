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
STREAM = replace(CLIP, bitrate_kbps=1_500, seconds=4)  # 187 kB/s
NARROW_UPLINK_BYTES_PER_S = 256_000 / 8
NARROW_VIEWER_BYTES_PER_S = 100_000


@pytest.mark.fault("F36")
@pytest.mark.fault("F57")
async def test_a_tile_tells_the_delay_of_its_device_and_what_a_slow_viewer_missed(house, browser, clip_cache):
    clip = generated_clip(STREAM, clip_cache)
    link = Impairments(bytes_per_s=QUICK, buffer_bytes=16 << 10)
    async with TcpProxy(house.http_address, down=link) as screen, TcpProxy(house.rtsp_address, up=link) as uplink:
        await replace(house.device("dev1", through=uplink.address), clip=clip).push()
        await replace(house.device("dev2"), clip=clip).push()
        wall = await Wall.open(browser, house, through=screen.address)
        await wall.wait_for_devices(["dev1", "dev2"])
        await wall.wait_for_tiles_playing(2)
        places = [await wall.tile(name).bounding_box() for name in ("dev1", "dev2")]

        uplink.narrow(NARROW_UPLINK_BYTES_PER_S, QUICK)
        late = wall.tile("dev1").locator("[data-test=late]", has_text=re.compile(r"^晚 ([2-9]|\d\d) 秒$"))
        await late.wait_for()
        assert await wall.tile("dev2").locator("[data-test=late]").count() == 0
        uplink.widen()
        screen.narrow(QUICK, NARROW_VIEWER_BYTES_PER_S)
        missed = wall.tile("dev2").locator("[data-test=tile-missed]")
        await missed.wait_for()
        assert re.fullmatch(r"您的网络太慢，跳过了 \d+ 帧", await missed.inner_text())
        assert [await wall.tile(name).bounding_box() for name in ("dev1", "dev2")] == places

        screen.widen()
        await missed.wait_for(state="detached")
        await wall.wait_for_tiles_playing(2)
        await wall.tile("dev1").locator("[data-test=late]").wait_for(state="detached")
        await wall.close()
