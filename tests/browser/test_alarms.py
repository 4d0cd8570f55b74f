"""Alarms in a real browser: on the wall in full screen too, kept for who comes later, acknowledged once for all."""

import pytest

from tests.browser.wall import Wall

pytestmark = [pytest.mark.browser, pytest.mark.page]

LINE = "[data-test=alarms] li"
ROW = "table tbody tr.row"


async def test_an_alarm_stays_until_somebody_has_seen_to_it_on_the_wall_and_on_its_page(house, wall, browser):
    for name in ("dev1", "dev2"):
        device = await house.device(name).push()
        await house.archive(name).wait_for_unit(5)
        device.cut()
    await wall.page.locator(LINE).nth(1).wait_for()

    # In full screen the frame is gone, and alarms and messages are still in sight.
    await wall.page.locator("[data-test=fullscreen]").click()
    await wall.page.wait_for_function("() => document.fullscreenElement === document.documentElement")
    await wall.page.locator("nav.rail").wait_for(state="hidden")
    assert await wall.page.locator(LINE).first.is_visible()
    await wall.page.keyboard.press("s")
    message = wall.page.locator(".el-message")
    await message.wait_for()
    assert await message.evaluate("it => document.fullscreenElement.contains(it)")
    await wall.page.evaluate("() => document.exitFullscreen()")

    # Who comes later sees the same, and what one person acknowledges is gone for all.
    later = await Wall.open(browser, house, person="supervisor.north", language="en-US")
    await later.page.locator(LINE).nth(1).wait_for()
    await wall.page.locator(f"{LINE} .dismiss").first.click()
    await later.page.wait_for_function("it => document.querySelectorAll(it).length === 1", arg=LINE)

    await later.page.goto("/alarms")
    await later.page.locator(ROW, has_text="Recorder dev1").click()
    assert "look at the network" in await later.page.locator(".el-drawer").inner_text()
    await later.page.keyboard.press("Escape")
    await later.page.locator("[data-test=acknowledge]").click()
    await later.page.wait_for_function("it => document.querySelectorAll(it).length === 0", arg=ROW)
    await later.page.goto("/alarms?state=seen")
    await later.page.locator(ROW).nth(1).wait_for()
    assert [("supervisor.north" in row) for row in await later.page.locator(ROW).all_inner_texts()] == [False, True]
    await later.close()


async def test_the_bar_of_the_wall_is_whole_on_a_phone(house, browser):
    wall = await Wall.open(browser, house, size=(390, 844))
    buttons = wall.page.locator("[role=toolbar] button:visible")
    for number in range(await buttons.count()):
        box = await buttons.nth(number).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390, await buttons.nth(number).get_attribute("aria-label")
    await wall.close()
