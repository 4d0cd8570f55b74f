"""A tile goes on over what devices do to their media: another picture size (F41), a jump of RTP time (F46)."""

import pytest

from tests.house.encoded import encoded_clip
from tests.house.programme import make_programme, tone_sound
from tests.house.variations import rtp_jumps

pytestmark = pytest.mark.browser

SECONDS = 60  # the devices are cut when the test is over
AT_S = 1


@pytest.mark.fault("F41")
@pytest.mark.fault("F46")
async def test_tiles_go_on_over_new_picture_sizes_and_jumps_of_rtp_time_on_the_same_sockets(
    house, wall, house_clip, clip_cache
):
    large = encoded_clip(clip_cache, "large", size=(320, 240), g="25")
    common = {"sound": tone_sound(), "first_report_s": 0}
    programmes = {
        "dev1": make_programme("dev1", [house_clip, large], SECONDS, change_every=25 * AT_S, **common),
        "dev2": make_programme("dev2", [house_clip], SECONDS, rtp_jumps(-9_800, AT_S), **common),
        "dev3": make_programme("dev3", [house_clip], SECONDS, rtp_jumps(37_600, AT_S), **common),
    }
    for name in programmes:
        await wall.place(name)
        await wall.wait_for_state(name, "offline")
    opened: list[str] = []
    wall.page.on("websocket", lambda socket: opened.append(socket.url))

    for name, programme in programmes.items():
        await house.device(name).play(programme)
    for width in (192, 320, 192):
        await wall.wait_for_width("dev1", width)
    await wall.wait_for_tiles_playing(3)  # another second of each, long after the jumps

    for name in programmes:
        seen = await wall.figures(name)
        assert (seen.state, len(seen.buffered)) == ("live", 1)
        assert seen.decoded > 25 * (2 * AT_S)
    assert not opened
