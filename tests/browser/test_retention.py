"""How long footage stays: decided by the system admin who sees what it will do, looked up by a reviewer."""

import pytest

from storage import iso_from_ns
from tests.browser.test_kept import page_of

pytestmark = [pytest.mark.browser, pytest.mark.page]


async def test_a_policy_is_changed_after_its_effect_was_shown_and_a_second_says_why_it_is_kept(house, browser):
    push = await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(30)
    first_ns = next(house.archive("dev1").stamped())[0].placed_utc_ns
    push.leave()

    admin = await page_of(house, browser, "sysadmin", at="/retention")
    await admin.locator("[data-test=untagged]", has_text="183").first.wait_for()
    await admin.locator("[data-test=change-policy][data-unit=_house]").click()
    dialog = admin.locator(".el-dialog")
    await dialog.locator("[data-test=policy-days] input").fill("400")
    await dialog.locator("[data-test=policy-days] input").press("Tab")
    await dialog.locator("[data-test=policy-note]").fill("市局要求")
    await dialog.locator("li", has_text="七天之内不会").wait_for()
    await dialog.locator(".el-button--primary").click()
    await admin.locator("[data-test=untagged]", has_text="400").first.wait_for()

    reviewer = await page_of(
        house, browser, "reviewer", at=f"/retention?tab=why&device=dev1&at={iso_from_ns(first_ns + 10**9)}"
    )
    await reviewer.locator("[data-why=policy].wins, [data-why=policy]").first.wait_for()
    told = (await house.person("auditor").call("GET", "audit", params={"action": "retention.set"})).json()
    assert [one["detail"]["note"] for one in told["items"]] == ["市局要求"]
    for page in (admin, reviewer):
        await page.context.close()
