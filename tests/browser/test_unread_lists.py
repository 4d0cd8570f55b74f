"""A list that cannot be read says so, and claims nothing of what it would show."""

import pytest
from playwright.async_api import Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.page]

PATIENCE_MS = 20_000


async def refuse(route: Route) -> None:
    await route.fulfill(status=503, content_type="application/problem+json", body='{"type": "about:blank"}')


async def test_a_list_that_cannot_be_read_is_not_called_empty_and_is_read_again_on_demand(house, browser):
    context = await browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=house.http_url
    )
    token = await house.person("supervisor.north").token()
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.route("**/api/v1/devices*", refuse)

    await page.goto("/devices")
    await expect(page.get_by_text("没能读取列表")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("还没有登记设备")).to_have_count(0)
    await page.goto("/")
    await expect(page.locator(".el-alert--error")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("还没有登记设备")).to_have_count(0)

    await page.goto("/devices")
    await expect(page.get_by_text("没能读取列表")).to_be_visible(timeout=PATIENCE_MS)
    await page.unroute("**/api/v1/devices*")
    await page.get_by_role("button", name="重新读取").click()
    await expect(page.get_by_text("dev1", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_text("没能读取列表")).to_have_count(0)
    await context.close()
