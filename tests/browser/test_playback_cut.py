"""Cutting on playback in front of the real server: from a case to its minute, and from there to another clip of it."""

import re

import pytest
from playwright.async_api import Page

from storage import iso_from_ns

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
CASE = {"case_no": "2026-18", "cause": "占道经营", "field": "transport", "procedure": "ordinary"}
TRACK = "[data-test=ribbon-track]"
IN, OUT = 30, 80  # pictures, two seconds apart


async def scrub(page: Page, ms: float) -> None:
    """Drag the axis until the playhead stands at this moment."""
    track = page.locator(TRACK)
    box = await track.bounding_box()
    start, end = float(await track.get_attribute("data-from")), float(await track.get_attribute("data-to"))
    x = box["x"] + (ms - start) / (end - start) * box["width"]
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(x, box["y"] + 10, steps=4)
    await page.mouse.up()
    await page.wait_for_function(
        "ms => Math.abs(Number(document.querySelector('[data-test=clock]').dataset.at) - ms) < 100", arg=ms
    )


async def test_a_reviewer_comes_from_a_case_cuts_to_one_of_its_stages_and_sees_the_bracket(house, browser):
    await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(OUT + 60)
    moments = {stamp.n: record.placed_utc_ns for record, stamp in house.archive("dev1").stamped()}
    reviewer = house.person("reviewer")
    unit = (await reviewer.call("GET", "units")).json()["items"][0]["id"]
    case = (await reviewer.call("POST", "cases", json=CASE | {"unit": unit})).json()["id"]
    first = {"device": "dev1", "from": iso_from_ns(moments[1]), "to": iso_from_ns(moments[20]), "case": case}
    (await reviewer.call("POST", "clips", json=first)).raise_for_status()

    context = await browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=house.http_url
    )
    await context.add_cookies([{"name": "session", "value": await reviewer.token(), "url": house.http_url}])
    page, errors = await context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"/cases/{case}")
    await page.locator("[data-test=case-clips] [data-test=play-back]").click()
    await page.locator("[data-test=purpose-go]").focus()
    await page.keyboard.press("Enter")
    await page.locator("[data-test=lane-tile][data-state=shown]").wait_for()
    lane = page.locator("[data-test=ribbon-lane]")
    assert await lane.get_attribute("data-kept") == "clip"

    await scrub(page, moments[IN] / 1e6)
    await page.keyboard.press("i")
    await scrub(page, moments[OUT] / 1e6)
    await page.keyboard.press("o")
    await page.locator("[data-test=ribbon-cut]").wait_for()
    await page.keyboard.press("c")
    form = page.locator("[data-test=cut-form]")
    await form.locator("#cut-case").click()
    await page.get_by_role("option", name=re.compile(CASE["case_no"])).click()
    await form.locator(".el-select", has=page.locator("#cut-stage")).click()
    await page.get_by_role("option", name="调查取证").click()
    await page.get_by_role("dialog", name="剪取片段").get_by_role("button", name="剪取").click()
    link = page.locator("[data-test=cut-link]")
    await link.wait_for()
    assert await lane.get_attribute("data-kept") == "clip clip"

    clips = (await reviewer.call("GET", "clips", params={"case": case})).json()["items"]
    cut = clips[0]
    assert (len(clips), cut["device"], cut["stage"]) == (2, "dev1", "investigation")
    assert await link.get_attribute("href") == f"/kept?q={cut['id']}"
    await page.reload()
    await lane.wait_for()
    assert await lane.get_attribute("data-kept") == "clip clip"

    await page.goto(f"/kept?q={cut['id']}")
    await page.locator("[data-test=play-back]").click()  # the only one: the list is of this clip
    await page.wait_for_function(
        "ms => Math.abs(Number(document.querySelector('[data-test=clock]')?.dataset.at) - ms) < 100",
        arg=moments[IN] / 1e6,
    )

    await page.locator("[data-test=case-chip] a").click()  # the way back
    await page.locator("[data-test=find-footage]").click()
    await page.locator("[data-test=case-chip]", has_text=CASE["case_no"]).wait_for()
    assert f"case={case}" in page.url
    await page.goto("/playback")
    await page.locator("[data-test=case-search]").fill(CASE["case_no"])
    await page.locator("[data-test=case-choices] button", has_text=CASE["case_no"]).click()
    await page.wait_for_url(f"**case={case}*")

    # What an officer carried is found by name, and playback is cut to it.
    shift = {"certificate_no": "31-0042", "name": "持证人", "since": iso_from_ns(moments[IN])}
    (await house.person("siteadmin").call("PUT", "devices/dev1/officer", json=shift)).raise_for_status()
    await page.locator(".tree input").fill("持证")
    await page.locator("[data-test=officer-hits] button").click()
    await page.wait_for_url("**officer=31-0042*")
    await page.locator("[data-test=shift]").click()
    await page.locator("[data-test=lane-tile][data-state=shown]").wait_for()
    start = float(await page.locator(TRACK).get_attribute("data-from"))
    assert abs(start - moments[IN] / 1e6) < 1
    await page.wait_for_url("**officer=31-0042&devices=dev1*")
    await context.close()
    assert errors == []
