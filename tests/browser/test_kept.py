"""Footage kept from the live wall, found on its page, and released by two people."""

import pytest

from tests.browser.wall import PATIENCE_MS, Wall

pytestmark = [pytest.mark.browser, pytest.mark.page]

CASE = {"case_no": "2026-17", "cause": "超限运输", "field": "transport", "procedure": "ordinary"}


async def units(person):
    return [unit["id"] for unit in (await person.call("GET", "units")).json()["items"]]


async def page_of(house, browser, person, language="zh-CN", size=(1366, 768), at="/kept"):
    """A page of the app, as this person sees it."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=language, base_url=house.http_url
    )
    await context.add_cookies([{"name": "session", "value": await house.person(person).token(), "url": house.http_url}])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(at)
    return page


async def test_the_last_two_minutes_are_kept_from_the_wall_and_released_by_two_people(house, browser):
    push = await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(30)
    supervisor = await Wall.open(browser, house)
    await supervisor.place("dev1")
    await supervisor.wait_for_tiles_playing(1, pictures=5)
    await supervisor.page.keyboard.press("1")
    await supervisor.page.locator("[data-test=keep]").click()
    await supervisor.page.locator(".el-message--success", has_text="已留存").wait_for()

    reviewer = house.person("reviewer")
    case = await reviewer.call("POST", "cases", json=CASE | {"unit": (await units(reviewer))[0]})
    case.raise_for_status()
    (clip,) = (await reviewer.call("GET", "clips")).json()["items"]
    headers = {"If-Match": f'"{clip["version"]}"'}
    tag = {"case": case.json()["id"], "stage": "investigation"}
    (await reviewer.call("PATCH", f"clips/{clip['id']}", json=tag, headers=headers)).raise_for_status()
    of_case = await page_of(house, browser, "reviewer", at=f"/cases/{case.json()['id']}")
    await of_case.locator("[data-test=case-clips] li").wait_for()
    await of_case.context.close()

    mine = supervisor.page
    await mine.goto("/kept")
    await mine.locator("td, [role=cell]", has_text="2026-17").first.wait_for()
    await mine.locator("[data-test=kept-state][data-state=kept]").wait_for()
    await mine.locator("[data-test=ask-removal]").click()
    await mine.locator("[data-test=removal-reason]").fill("标错了设备")
    await mine.locator(".el-dialog .el-button--primary").click()
    await mine.locator("[data-test=kept-state][data-state=asked]").wait_for()
    assert await mine.locator("[data-test=agree-removal]").count() == 0  # who asked cannot agree

    other = await page_of(house, browser, "reviewer", language="en-US", size=(390, 844))
    await other.locator("[data-test=agree-removal]").click()
    asked = other.locator(".el-dialog", has_text="标错了设备")
    await asked.locator(".el-button--danger").click()
    await other.locator("[data-test=agree-removal]").wait_for(state="detached")
    await other.locator("[data-test=withdraw-removal]").click()  # ... and thinks again
    await other.locator("[data-test=ask-removal]").wait_for()

    told = (await house.person("auditor").call("GET", "audit", params={"action": "clip."})).json()
    assert [one["action"] for one in told["items"]] == [
        "clip.withdraw_removal",
        "clip.agree_removal",
        "clip.ask_removal",
        "clip.edit",
        "clip.create",
    ]
    await other.context.close()
    await supervisor.close()
    push.leave()
