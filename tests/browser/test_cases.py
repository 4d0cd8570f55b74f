"""Cases in a real browser: a file is mended and taken, a case is found, its stages get times, it is closed."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.page]

PATIENCE_MS = 20_000
HEAD = "案号,案由,领域,程序,单位,当事人\r\n"
GOOD = "北罚〔2026〕1号,无照经营,市场监管,简易程序,North,某某商行\r\n"
ROW = "table tbody tr.row"


def file_of(text, encoding="utf-8"):
    return {"name": "案件.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)}


async def test_a_reviewer_imports_a_file_finds_a_case_and_sees_which_stages_lack_footage(house, browser):
    context = await browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=house.http_url
    )
    token = await house.person("reviewer").token()
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page, errors = await context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE_MS)

    await page.goto("/cases")
    await page.get_by_text("还没有案件").wait_for()
    await page.locator("[data-test=import]").click()
    bad = HEAD + GOOD + "=1+1,,农业,简易程序,North,乙\r\n"
    await page.locator("[data-test=file]").set_input_files(file_of(bad, "gb18030"))
    await page.locator(ROW, has_text="不是五个领域之一").wait_for()
    assert await page.locator(ROW).count() == 2
    assert "编码 gb18030" in await page.locator("[data-test=preview]").inner_text()
    assert await page.locator("[data-test=take]").is_disabled()
    mended = HEAD + GOOD + "=1+1,占道经营,城市管理,普通程序,South,乙\r\n"
    await page.locator("[data-test=file]").set_input_files(file_of(mended))
    await page.locator("[data-test=take]:enabled").click()

    await page.locator(ROW).nth(1).wait_for()
    await page.locator(".search input").fill("某某商行")
    await page.wait_for_function("it => document.querySelectorAll(it).length === 1", arg=ROW)
    assert "缺 4 个环节" in await page.locator(ROW).inner_text()
    await page.locator(ROW).focus()
    await page.keyboard.press("Enter")
    await page.locator("h1", has_text="北罚〔2026〕1号").wait_for()
    words = {
        await each.get_attribute("data-stage"): await each.inner_text()
        for each in await page.locator("[data-stage]").all()
    }
    assert [stage for stage, text in words.items() if "缺录像" in text] == [
        "start",
        "investigation",
        "decision",
        "service",
    ]
    await page.get_by_text("没有标记任何录像").wait_for()

    await page.locator("[data-stage=start] button").click()
    await page.locator("#stage-begin").fill("2026-03-01 09:30")
    await page.keyboard.press("Enter")
    await page.locator(".el-dialog .el-button--primary").click()
    await page.locator("[data-stage=start]", has_text="2026-03-01 09:30").wait_for()
    await page.locator("[data-test=close]").click()
    await page.locator(".el-dialog .el-button--primary").click()
    await page.locator("[data-test=reopen]").wait_for()
    await page.locator("[data-test=history]").click()
    await page.locator(".events li", has_text="结案").first.wait_for()
    assert await page.locator(".events li", has_text="环节时间").count() >= 1
    await context.close()
    assert errors == []
