"""Playback of the whole server: what devices push is asked for as a page asks, as it comes and when it is kept."""

import base64
import io
from datetime import UTC, datetime, timedelta

import av

from media.fmp4 import parse_fragment
from tests.house.archive import until


def of_track(track, data):
    kept = b""
    while data:
        parsed = parse_fragment(data)
        kept += data[: parsed.length] if parsed.track_id == track else b""
        data = data[parsed.length :]
    return kept


async def opened(person, *devices):
    now = datetime.now(UTC)
    body = {
        "devices": list(devices),
        "from": (now - timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
        "purpose": "case",
    }
    answer = await person.call("POST", "playback", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_what_is_pushed_is_played_back_while_it_is_coming_and_behind_its_end(house):
    device = await house.device("dev1").push(seconds=3)
    person = house.supervisor()
    view = await opened(person, "dev1")
    path = f"playback/{view['id']}"
    await house.archive("dev1").wait_for_unit(30)
    [segment] = [file.stem for file in house.archive("dev1").files()]
    told = (await person.call("GET", f"{path}/segments/{segment}")).json()
    while not told["groups"]:  # the first sync is under way
        told = (await person.call("GET", f"{path}/segments/{segment}")).json()
    assert not told["sealed"]
    await device.all_sent()
    device.leave()
    await until(lambda: all(house.archive("dev1").sealed()))
    while not (told := (await person.call("GET", f"{path}/segments/{segment}")).json())["sealed"]:
        pass
    assert sum(group["pictures"] for group in told["groups"]) == len(device.numbers)
    video = base64.b64decode(next(track["init"] for track in told["tracks"] if track["kind"] == "video"))
    for group in told["groups"]:
        last = group["offset"] + group["length"] - 1
        media = await person.call(
            "GET", f"{path}/segments/{segment}/media", headers={"Range": f"bytes={group['offset']}-{last}"}
        )
        assert media.status_code == 206
        with av.open(io.BytesIO(video + of_track(1, media.content))) as container:
            assert len(list(container.decode(video=0))) == group["pictures"]
    where = await person.call("GET", f"{path}/at", params={"device": "dev1", "time": told["start"]})
    assert where.json()["segment"] == segment
    await house.stop()
    assert not list(house.tracebacks())
