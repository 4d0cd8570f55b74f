"""Thumbnails through the real app, out of a real archive, made by real processes: of what, for whom, on record."""

import asyncio
import io
from datetime import datetime

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from media.fmp4 import init_segment
from recorder import SegmentRules
from tests.media.clips import fragments, video_clip
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from tests.viewer.conftest import furnished, open_front
from tests.viewer.recordings import PushedStream, recording
from tests.viewer.test_playback import API, S, at, entries, kept, opened, pushed, reviewing
from tests.workers.test_thumbnail import FRAGILE
from viewer.access import Role
from workers import ThumbnailWorkers

FRAME = "Picture-Start"
MS = 1_000_000  # it is told by the millisecond


def pictures_of(name):
    """As libav sees the whole clip, small."""
    clip = video_clip(name)
    data = init_segment([clip.track]) + b"".join(each.data for each in fragments([clip]))
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_image().resize((160, 90)) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def shown():
    return pictures_of("b_frames")


@pytest.fixture
async def workshop():
    told = []
    workers = ThumbnailWorkers(processes=1, tell=told.append)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workers.run())
        yield workers
        while workers._expected and not workers.pids():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # cancelled in a start, asyncio leaves its pipes open
        running.cancel()


@pytest.fixture
async def front(tmp_path, workshop):
    async with open_front(furnished(tmp_path), recording=recording(), workers=workshop) as made:
        yield made


@pytest.fixture
async def reviewer(front):
    return await reviewing(front)


async def thumbnail(client, view, ns, device="dev-north", **headers):
    wanted = {"device": device, "time": at(ns)}
    return await client.get(f"{API}/{view['id']}/thumbnail", params=wanted, headers=headers)


def ns_of(moment):
    return round(datetime.fromisoformat(moment).timestamp() * 1_000) * MS


def differs(answer, picture):
    image = Image.open(io.BytesIO(answer.content)).convert("RGB")
    return max(ImageStat.Stat(ImageChops.difference(image, picture)).mean)


async def test_it_is_of_the_key_picture_at_or_before_the_moment_and_the_view_says_so_at_its_end(
    front, reviewer, workshop, shown
):
    _, segment = await kept(front)
    view = await opened(reviewer)
    answers = [await thumbnail(reviewer, view, NOON_NS + 1_500_000_000), await thumbnail(reviewer, view, NOON_NS + 1)]
    for answer, second in zip(answers, (1, 0), strict=True):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert abs(differs(answer, shown[25 * second])) < 12
        assert ns_of(answer.headers[FRAME]) == pytest.approx(NOON_NS + second * S, abs=MS)
    assert differs(answers[0], shown[0]) > differs(answers[0], shown[25])
    assert answers[0].headers["cache-control"] == "private, max-age=600, immutable"
    assert answers[0].headers["etag"].startswith(f'"{segment}-')
    again = await thumbnail(reviewer, view, NOON_NS + 1_700_000_000, **{"If-None-Match": answers[0].headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert workshop.statistics().made == 2  # the third look found it kept

    await reviewer.delete(f"{API}/{view['id']}")
    [end] = await entries(front, "playback.close", 1)
    assert (end.detail["thumbnails"], end.detail["seconds"], end.detail["spans"]) == (2, 0.0, [])
    assert end.detail["bytes"] == sum(len(answer.content) for answer in answers)
    starts = [answer.headers[FRAME] for answer in reversed(answers)]
    assert end.detail["thumbnail_spans"] == [[start, start] for start in starts]


async def test_it_is_made_of_h265_as_well(front, reviewer):
    stream = PushedStream(front.services.index, front.clock, "dev-north", picture="h265").push()
    stream.end()
    await stream.kept()
    answer = await thumbnail(reviewer, await opened(reviewer), NOON_NS + 2_100_000_000)
    assert (answer.status_code, ns_of(answer.headers[FRAME]) // MS % 1_000) == (200, 0)
    assert differs(answer, pictures_of("h265")[50]) < 12


async def test_a_gap_has_none_and_says_its_cause(front, reviewer):
    await kept(front)
    front.clock.advance(600)
    await kept(front)
    view = await opened(reviewer)
    answer = await thumbnail(reviewer, view, NOON_NS + 60 * S)
    assert (answer.status_code, answer.json()["gap"]["cause"]) == (404, "offline")
    before = await thumbnail(reviewer, view, NOON_NS - S)
    assert (before.status_code, before.json()["gap"]) == (404, None)


async def test_at_the_live_edge_it_is_not_kept_by_the_browser_for_it_may_be_another_one_soon(front, reviewer):
    stream = pushed(front).push()
    await stream.kept(sealed=False)
    view = await opened(reviewer)
    edge, before = await thumbnail(reviewer, view, NOON_NS + 2_900_000_000), await thumbnail(reviewer, view, NOON_NS)
    assert (edge.status_code, edge.headers["cache-control"]) == (200, "private, no-store")
    assert before.headers["cache-control"].endswith("immutable")


async def test_it_is_there_for_the_login_that_opened_the_view_and_for_devices_and_times_of_the_view(front, reviewer):
    await kept(front)
    await kept(front, "dev-south")
    view = await opened(reviewer, to=at(NOON_NS + 60 * S))
    colleague = front.client(await front.session("colleague", Role.REVIEWER))
    nobody = {"id": "0" * 16}
    foreign, missing = await thumbnail(colleague, view, NOON_NS), await thumbnail(colleague, nobody, NOON_NS)
    assert (foreign.status_code, foreign.text) == (missing.status_code, missing.text)
    assert foreign.status_code == 404
    south, nowhere = [await thumbnail(reviewer, view, NOON_NS, each) for each in ("dev-south", "nowhere")]
    assert (south.status_code, south.text) == (nowhere.status_code, nowhere.text)
    assert (south.status_code, south.json()["field"]) == (422, "device")
    late = await thumbnail(reviewer, view, NOON_NS + 61 * S)
    assert (late.status_code, late.json()["field"]) == (422, "time")
    await reviewer.delete(f"{API}/{view['id']}")
    over = await thumbnail(reviewer, view, NOON_NS)
    assert (over.status_code, over.json()["detail"]) == (404, "This view is over.")


async def test_footage_that_is_gone_takes_its_thumbnails_with_it(front, reviewer):
    _, segment = await kept(front)
    view = await opened(reviewer)
    assert (await thumbnail(reviewer, view, NOON_NS)).status_code == 200
    shelf = front.services.thumbnails._store.thumbnails
    assert (shelf.folder / segment).exists()
    [path] = front.services.index._store.media.glob(f"2*/*/*/{segment}.mp4")
    front.services.index._store.remove(path)
    assert not (shelf.folder / segment).exists()
    assert (await thumbnail(reviewer, view, NOON_NS)).status_code == 410


async def test_a_page_that_asks_for_too_many_at_once_has_to_wait_and_one_that_leaves_is_dropped(
    front, reviewer, workshop, monkeypatch
):
    await kept(front)
    view = await opened(reviewer)
    asked, never = [], asyncio.Event()

    async def slow(key, picture):
        asked.append(key)
        try:
            await never.wait()
        finally:
            asked.remove(key)

    monkeypatch.setattr(workshop, "make", slow)
    monkeypatch.setattr("viewer.api.playback_thumbnails.LOOKING_MAX", 1)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(thumbnail(reviewer, view, NOON_NS))
        while not asked:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        assert (await thumbnail(reviewer, view, NOON_NS)).status_code == 429
        waiting.cancel()
        while asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        waiting = tasks.create_task(thumbnail(reviewer, view, NOON_NS))
        while not asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await reviewer.delete(f"{API}/{view['id']}")
        assert (await waiting).status_code == 404
    assert asked == []


async def test_without_workers_there_are_none_and_it_is_said(tmp_path):
    async with open_front(furnished(tmp_path), recording=recording()) as front:
        await kept(front)
        reviewer = await reviewing(front)
        answer = await thumbnail(reviewer, await opened(reviewer), NOON_NS)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:mingjing:problem:unavailable")


@pytest.mark.fault("F09", "I8")
async def test_what_kills_three_workers_is_given_up_and_the_next_segment_is_shown(tmp_path):
    told = []
    workers = ThumbnailWorkers(processes=1, tell=told.append, program=FRAGILE)
    rules = SegmentRules(length_ns=S, length_max_ns=2 * S)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workers.run())
        async with open_front(furnished(tmp_path), recording=recording(rules), workers=workers) as front:
            bait = pushed(front).push_picture(b"segfault")
            bait.end()
            [bad] = await bait.kept()
            front.clock.advance(60)
            good = pushed(front).push()
            await good.kept(sealed=False)
            reviewer = await reviewing(front)
            view = await opened(reviewer)
            for _ in range(2):
                answer = await thumbnail(reviewer, view, NOON_NS)
                assert (answer.status_code, answer.json()["why"], answer.json()["segment"]) == (404, "poisoned", bad)
            assert [one.key for one in told] == [bad] * 3
            assert workers.statistics().poisoned == (bad,)
            assert (await thumbnail(reviewer, view, good.start_utc_ns + S)).status_code == 200
        running.cancel()
