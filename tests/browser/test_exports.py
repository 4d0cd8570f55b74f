"""A package handed out from a case's page, watched until it is ready, downloaded with a reason, and checked."""

import asyncio

import pytest

from tests.browser.test_kept import page_of, units
from tests.house.archive import until
from tests.house.test_export import verified

pytestmark = [pytest.mark.browser, pytest.mark.page]

CASE = {"case_no": "沪市监罚字〔2026〕17号", "cause": "无照经营", "field": "market_regulation", "procedure": "ordinary"}


async def a_case_with_a_clip(house):
    push = await house.device("dev1").push(seconds=3)
    await push.all_sent()
    push.leave()
    await until(lambda: house.archive("dev1").files() and all(house.archive("dev1").sealed()))
    reviewer = house.person("reviewer")
    case = await reviewer.call("POST", "cases", json=CASE | {"unit": (await units(reviewer))[0]})
    case.raise_for_status()
    body = {"device": "dev1", "last_s": 600, "case": case.json()["id"], "stage": "investigation", "note": "店内货架"}
    (await reviewer.call("POST", "clips", json=body)).raise_for_status()
    return case.json()["id"]


async def test_a_reviewer_hands_out_a_package_from_a_case_and_what_was_downloaded_verifies(house, browser, tmp_path):
    case = await a_case_with_a_clip(house)
    page = await page_of(house, browser, "reviewer", at=f"/cases/{case}")
    await page.locator("[data-test=hand-out]").click()
    dialog = page.locator(".el-dialog")
    await dialog.locator(
        "[data-test=export-clips] .el-checkbox.is-checked"
    ).wait_for()  # all of the case, to begin with
    order = dialog.locator(".el-button--primary")
    assert await order.is_disabled()  # without a reason
    await dialog.locator("[data-test=export-reason]").fill("移送检察院")
    await dialog.locator("li", has_text="MB").or_(dialog.locator("li", has_text="KB")).first.wait_for()
    await order.click()

    await page.wait_for_url("**/exports*")
    await page.locator("[data-test=export-state][data-state=ready]").wait_for()
    await page.locator("[data-test=take]").click()
    await page.locator("[data-test=take-reason]").fill("当面移交")
    async with page.expect_download() as started:
        await page.locator(".el-dialog:visible .el-button--primary").click()
    download = await started.value
    assert download.suggested_filename.startswith("沪市监罚字〔2026〕17号-")
    path = tmp_path / "package.zip"
    await download.save_as(path)
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said

    told = (await house.person("auditor").call("GET", "audit", params={"action": "export."})).json()
    acts = [one["action"] for one in told["items"]]
    assert acts == ["export.download_end", "export.download", "export.ready", "export.create"]
    await page.context.close()


async def test_what_is_more_than_one_person_may_hand_out_waits_for_another(house, browser):
    case = await a_case_with_a_clip(house)
    reviewer = house.person("reviewer")
    clips = [one["id"] for one in (await reviewer.call("GET", "clips", params={"case": case})).json()["items"]]
    while len(clips) < 21:
        made = await reviewer.call("POST", "clips", json={"device": "dev1", "last_s": 600, "case": case})
        clips.append(made.json()["id"])
    body = {"clips": clips, "case": case, "reason": "全案移送"}
    (await reviewer.call("POST", "exports", json=body)).raise_for_status()
    mine = await page_of(house, browser, "reviewer", at="/exports")
    await mine.locator("[data-test=export-state][data-state=agreement]").wait_for()
    assert await mine.locator("[data-test=agree]").count() == 0  # who asked cannot agree
    other = await page_of(house, browser, "supervisor", language="en-US", size=(390, 844), at="/exports")
    await other.locator("[data-test=agree]").click()
    await other.locator(".el-dialog", has_text="全案移送").locator(".el-button--primary").click()
    await other.locator("[data-test=take]").wait_for()
    for page in (mine, other):
        await page.context.close()
