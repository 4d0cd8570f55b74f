"""Stream passwords in a real browser: made on the page, played from the addresses that it shows, revoked there."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, Process

import pytest

from tests.house.bounds import at_most
from tests.house.certificate import self_signed

pytestmark = [pytest.mark.browser, pytest.mark.page]

PATIENCE_MS = 20_000
REVOKED_WITHIN_S = 5


async def playing(url: str) -> Process:
    return await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "frame=pict_type", "-of", "csv",
        "-read_intervals", "%+60", url, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def test_a_stream_password_is_made_played_with_and_revoked_on_its_page(built_house, browser, tmp_path):
    house, certificate = built_house, self_signed(tmp_path)
    house.settings = {
        "MINGJING_RTSP__CERTIFICATE": str(certificate.chain),
        "MINGJING_RTSP__PRIVATE_KEY": str(certificate.private_key),
        "MINGJING_RTSP__TLS_PORT": "0",
    }
    await house.start()
    await house.device("dev3").push()
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", base_url=house.http_url)
    token = await house.person("supervisor.north").token()
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page, errors = await context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE_MS)
    await house.archive("dev3").wait_for_unit(5)

    await page.goto("/players?device=dev3")
    await page.locator("[data-test=new-password]").click()
    await page.locator("#password-label").fill("大屏")
    await page.locator(".el-dialog .el-button--primary").click()
    shown = page.locator("[data-test=password-shown]")
    urls = [await shown.locator(f"[data-test={scheme}] code").inner_text() for scheme in ("rtsp", "rtsps")]
    password = re.fullmatch(rf"rtsp://supervisor\.north:(\w+)@127\.0\.0\.1:{house.rtsp_address[1]}/dev3", urls[0])[1]
    assert re.fullmatch(rf"rtsps://supervisor\.north:{password}@127\.0\.0\.1:\d+/dev3", urls[1])
    await page.locator(".el-dialog__footer button").last.click()
    await shown.wait_for(state="detached")
    assert password not in await page.content()

    players = [await playing(url) for url in urls]
    await page.locator("[data-state=in_use]", has_text="2").wait_for()
    await page.locator("[data-test=revoke]").click()
    asked = page.locator(".el-dialog", has_text="2 路画面立即断开")
    with at_most(REVOKED_WITHIN_S, "stream password revoked on its page"):
        await asked.locator(".el-button--danger").click()
        for player in players:
            pictures, _ = await asyncio.wait_for(player.communicate(), 15)
            assert pictures.startswith(b"frame,I")
    await page.get_by_text("还没有流密码").wait_for()
    refused = await playing(urls[0])
    assert b"401" in (await asyncio.wait_for(refused.communicate(), 15))[1]
    await context.close()
    assert errors == []
