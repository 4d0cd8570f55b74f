import asyncio
from pathlib import Path
import pytest
from mingjing.simulator import ClipOptions
from mingjing.simulator.generated import generated_clip
pytestmark=pytest.mark.browser
OUT=Path("docs/guide/images")
async def test_shots(built_house,browser,clip_cache):
    house=built_house; house.clip=generated_clip(ClipOptions(width=640,height=360,fps=15,bitrate_kbps=600,gop=30,seconds=4,sound=False),clip_cache)
    await house.start()
    a=await house.device("dev1").push(); b=await house.device("dev2").push()
    await house.archive("dev1").wait_for_unit(150); a.cut(); await asyncio.sleep(5); a=await house.device("dev1").push(starting_at=1000)
    await house.archive("dev1").wait_for_unit(1150,40)
    recs=[r for r,s in house.archive("dev1").stamped()]
    from storage import iso_from_ns
    t=iso_from_ns(recs[100].placed_utc_ns)
    for name,size,loc,q in (("playback-zh-CN",(1366,768),"zh-CN",""),("playback-en",(1366,768),"en",""),("playback-phone-zh-CN",(390,844),"zh-CN","")):
        context=await browser.new_context(viewport={"width":size[0],"height":size[1]},locale=loc,base_url=house.http_url)
        token=await house.person("reviewer").token()
        await context.add_cookies([{"name":"session","value":token,"url":house.http_url}])
        page=await context.new_page(); page.set_default_timeout(12000)
        await page.goto(f"/playback?devices=dev1,dev2&t={t}&span=60000")
        await page.locator("[data-test=purpose-go]").focus(); await page.keyboard.press("Enter")
        await page.locator("[data-state=shown]").nth(1).wait_for()
        await page.keyboard.press("Space"); await page.wait_for_timeout(4500)
        await page.mouse.move(500,660) if size[0]>600 else None
        await page.keyboard.press("k"); await page.wait_for_timeout(500)
        await page.screenshot(path=OUT/f"{name}.png"); await context.close()
