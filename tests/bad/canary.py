"""The stream next door: while hostile input is played, it loses nothing, and the server stays what it was.

    async with unharmed(house, "RTSP requests"):
        ...play...

It comes by RTSP, or by WHIP where the port of WebRTC is under attack.

Asserted afterwards: the same process; the canary's pictures whole, at the viewer and on disk; the event
loop's lag and the growth of memory within their bounds; nothing in the data directory, or beside it, that
does not belong there; no traceback in the log.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import psutil

from tests.house.bounds import told, within
from tests.house.house import House

LAG_MAX_S = 0.2
GROWTH_MAX_MIB = 20
BEFORE_PICTURES, AFTER_PICTURES = 5, 10
_LAG = re.compile(r'^mingjing_loop_lag_milliseconds\{quantile="1"\} (\S+)$', re.MULTILINE)
_SEGMENT = re.compile(r"[0-9A-Z]{26}\.(mp4|journal)(\.cut)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

_numbers = count(1)
_hostile: dict[Path, list[str]] = {}


async def new_device(house: House) -> str:
    """A device of its own for whoever asks: no other test knows it."""
    name = f"bad-{next(_numbers)}"
    answer = await house.person("siteadmin").call("POST", "devices", json={"id": name, "checkpoint": "gate-north"})
    assert answer.status_code == 201, answer.text
    house.keys[name] = answer.json()["key"]
    return name


async def hostile_devices(house: House, count: int) -> list[str]:
    """Devices that others have used before, or new ones: to make one costs more than to play most vectors."""
    known = _hostile.setdefault(house.data_dir, [])
    while len(known) < count:
        known.append(await new_device(house))
    return known[:count]


@asynccontextmanager
async def unharmed(house: House, what: str, *, by_whip: bool = False) -> AsyncIterator[None]:
    name = await new_device(house)
    push = await (house.device(name).push_by_whip() if by_whip else house.device(name).push())
    viewer = await house.supervisor().watch(name)
    assert await viewer.wait_for_picture(BEFORE_PICTURES)
    server = psutil.Process(house.server.pid)
    before_mib, beside = server.memory_info().rss / 2**20, set(house.data_dir.parent.iterdir())
    tops = set(house.data_dir.iterdir())

    yield

    assert not house.server.ended, house.server.log
    after = push.next_n + AFTER_PICTURES
    assert await viewer.wait_for_picture(after), "the canary's viewer was cut off"
    assert viewer.pictures == list(range(viewer.pictures[0], viewer.pictures[-1] + 1))
    assert not [message for message in viewer.messages if message.type in ("gap", "offline", "lag", "stalled")]
    archive = house.archive(name)
    await archive.wait_for_unit(after)
    assert archive.units() == list(range(len(archive.units())))
    assert not archive.gaps()
    assert psutil.Process(house.server.pid).create_time() == server.create_time()
    told(f"loop lag in the minute of {what}", await loop_lag_s(house), LAG_MAX_S)
    within(f"memory grown by {what}", server.memory_info().rss / 2**20 - before_mib, GROWTH_MAX_MIB, "MiB")
    assert set(house.data_dir.parent.iterdir()) == beside
    assert set(house.data_dir.iterdir()) <= tops | {house.data_dir / "quarantine"}
    assert not list(strangers_in(house.data_dir / "media", set(house.keys)))
    assert "Traceback" not in house.server.log
    push.leave()
    await viewer.leave()


async def loop_lag_s(house: House) -> float:
    """The longest of the last minute, as Prometheus reads it."""
    async with httpx.AsyncClient(base_url=house.http_url) as client:
        answer = await client.get("/metrics")
    found = _LAG.search(answer.text)
    assert found, answer.text[:500]
    return float(found[1]) / 1e3


def strangers_in(media: Path, devices: set[str]) -> Iterator[Path]:
    """What is in the media folder and is no day, device, channel or segment of ours."""
    for path in media.rglob("*"):
        place = path.relative_to(media).parts
        fit = place[0] in ("open", "quarantine", "store-id") or (
            _DAY.fullmatch(place[0])
            and (len(place) < 2 or place[1] in devices)
            and (len(place) < 3 or place[2] in ("main", "sub"))
            and (len(place) < 4 or _SEGMENT.fullmatch(place[3]))
            and len(place) < 5
        )
        if not fit:
            yield path
