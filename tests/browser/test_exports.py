"""From a case to court: a minute is found, cut and tagged, handed out, downloaded with a reason, and checked."""

import asyncio
import json
import subprocess
import sys

import pytest

from tests.browser.test_kept import page_of, units
from tests.browser.test_playback_cut import IN, OUT, scrub
from tests.house.archive import until
from tests.house.process import REPOSITORY
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


async def test_a_reviewer_finds_a_minute_by_case_number_cuts_tags_downloads_and_a_court_can_check_it(
    house, browser, tmp_path
):
    await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(OUT + 60)
    moments = {stamp.n: record.placed_utc_ns for record, stamp in house.archive("dev1").stamped()}
    reviewer = house.person("reviewer")
    for number in (CASE["case_no"], "沪市监罚字〔2026〕18号"):
        body = CASE | {"unit": (await units(reviewer))[0], "case_no": number}
        (await reviewer.call("POST", "cases", json=body)).raise_for_status()

    page = await page_of(house, browser, "reviewer", at="/cases")
    await page.locator(".search input").fill("17号")
    await page.wait_for_function("() => document.querySelectorAll('table tbody tr.row').length === 1")
    await page.locator("table tbody tr.row").focus()
    await page.keyboard.press("Enter")
    await page.locator("[data-test=find-footage]").click()
    await page.locator("[data-test=purpose-go]").focus()
    await page.keyboard.press("Enter")
    await page.locator(".tree input").fill("dev1")
    await page.locator("[id='row-device:dev1']").wait_for()
    await page.locator(".tree input").press("Enter")
    await page.locator("[data-test=lane-tile][data-state=shown]").wait_for()
    await scrub(page, moments[IN] / 1e6)
    await page.keyboard.press("i")
    await scrub(page, moments[OUT] / 1e6)
    await page.keyboard.press("o")
    await page.keyboard.press("c")
    await page.locator("[data-test=cut-form] .el-select", has=page.locator("#cut-stage")).click()
    await page.get_by_role("option", name="调查取证").click()
    await page.get_by_role("dialog", name="剪取片段").get_by_role("button", name="剪取").click()
    await page.locator("[data-test=cut-link]").wait_for()

    await page.locator("[data-test=case-chip] a").click()
    await page.locator("[data-test=hand-out]").click()
    dialog = page.locator(".el-dialog")
    # All of the case, to begin with.
    await dialog.locator("[data-test=export-clips] .el-checkbox.is-checked").wait_for()
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
    path, keys = tmp_path / "package.zip", tmp_path / "keys"
    await download.save_as(path)
    keys.write_bytes(await asyncio.to_thread(printed_keys, house))  # on another way than the package
    code, said = await asyncio.to_thread(verified, path, "--key", str(keys))
    assert code == 0, said
    found = json.loads(said)
    assert (found["trusted"], found["missing"]) == (True, [])
    [item] = found["items"]
    assert abs(item["from_ns"] - moments[IN]) < 100_000_000 > abs(item["to_ns"] - moments[OUT])

    told = (await house.person("auditor").call("GET", "audit", params={"action": "export."})).json()
    acts = [one["action"] for one in told["items"]]
    assert acts == ["export.download_end", "export.download", "export.ready", "export.create"]
    await page.context.close()


def printed_keys(house):
    command = [sys.executable, "-m", "mingjing", "audit", "key", "--data-dir", str(house.data_dir)]
    return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=60).stdout


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
