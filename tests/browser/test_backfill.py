"""A site admin sends a card's file from a page, and a reviewer reads which gaps it closes."""

import re
import time

import pytest

from tests.faults.test_backfill import LOST, SECONDS, Loss, nals_of
from tests.house.programme import PICTURE, make_programme
from tests.recorder.backfill.files import device_file

pytestmark = [pytest.mark.browser, pytest.mark.page]


async def page_of(browser, house, name, locale="zh-CN", width=1366):
    context = await browser.new_context(
        base_url=house.http_url, locale=locale, viewport={"width": width, "height": 768}
    )
    token = await house.person(name).token()
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page = await context.new_page()
    page.set_default_timeout(20_000)
    return context, page


async def test_a_cards_file_is_sent_from_a_page_and_what_it_closes_is_read_there(house, browser, tmp_path):
    device = house.device("dev1")
    card = make_programme("dev1", [house.clip], SECONDS)
    broadcast = await device.play(make_programme("dev1", [house.clip], SECONDS, Loss()))
    await house.archive("dev1").wait_for_unit(199, 30)
    broadcast.leave()
    file = tmp_path / f"{time.strftime('%Y%m%d_%H%M%S')}.mp4"
    file.write_bytes(device_file([nals_of(unit) for unit in card.units(PICTURE)]))

    context, page = await page_of(browser, house, "siteadmin")
    await page.goto("/originals")
    await page.locator("[data-test=send-original]").click()
    await page.locator("#original-device").click()
    await page.get_by_role("option", name=re.compile("dev1$")).first.click()
    await page.locator("[data-test=original-file]").set_input_files(file)
    await page.get_by_role("button", name="上传", exact=True).click()
    await page.locator("[data-test=original-row-state]").first.wait_for()
    await context.close()

    for locale, width in (("zh-CN", 1366), ("en", 1366), ("zh-CN", 390)):
        context, page = await page_of(browser, house, "reviewer", locale, width)
        while True:
            await page.goto("/originals")
            await page.locator("[data-test=original-row-state]").first.wait_for()
            if await page.locator("[data-test=original-row-state][data-state=placed]").count():
                break
        await page.locator("[data-test=open-original]").first.click()
        gap = page.locator("[data-test=closed-gap]").first
        await gap.wait_for()
        assert str(len(LOST)) in (await gap.text_content())
        assert "125" in (await page.locator("[data-test=count-agreeing]").text_content())
        await context.close()
