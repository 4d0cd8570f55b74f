"""A real device over RTSP whose link loses three seconds, and the card's file, sent with a server killed in between."""

import asyncio
import time
from dataclasses import replace

import httpx
import pytest

from tests.house.case import case_at_hand
from tests.house.programme import PICTURE, Report, Unit, make_programme
from tests.recorder.backfill.files import device_file
from tests.viewer.originals import begun, piece

SECONDS = 8.0
LOST = range(75, 150)  # of 200 pictures, three seconds


class Loss:
    """A variation: these pictures are sent and never arrive, as a hole in sequence numbers says."""

    def __init__(self):
        self.skipped = 0

    def __call__(self, item):
        if isinstance(item, Report) or item.track != PICTURE:
            return item
        if item.n in LOST:
            self.skipped += len(item.payloads)
            return None
        return replace(item, skipped=self.skipped)


def nals_of(unit: Unit) -> list[bytes]:
    """What the device has put into packets (RFC 6184, 5.6 and 5.8)."""
    nals: list[bytearray] = []
    for payload in unit.payloads:
        if payload[0] & 0x1F != 28:
            nals.append(bytearray(payload))
        elif payload[1] & 0x80:
            nals.append(bytearray((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:])
        else:
            nals[-1] += payload[2:]
    return [bytes(nal) for nal in nals]


async def until_looked_at(reviewer, backfill_id):
    async with asyncio.timeout(30):
        while True:
            answer = await reviewer.call("GET", f"backfills/{backfill_id}")
            assert answer.status_code == 200, answer.text
            if answer.json()["state"] != "received":
                return answer.json()
            await asyncio.sleep(0.1)


@pytest.mark.fault("F05", "I1", "I3", "I7")
async def test_three_lost_seconds_of_a_real_device_are_closed_to_the_frame_by_its_card(house):
    device = house.device("dev1")
    card = make_programme("dev1", [house.clip], SECONDS)
    began_s = time.time()
    broadcast = await device.play(make_programme("dev1", [house.clip], SECONDS, Loss()))
    await house.archive("dev1").wait_for_unit(199, 30)
    broadcast.leave()
    data = device_file([nals_of(unit) for unit in card.units(PICTURE)])

    headers = {"Authorization": f"Bearer {device.key}"}
    door = "/api/v1/backfill/devices/dev1"
    async with httpx.AsyncClient(base_url=house.http_url, headers=headers, timeout=30) as station:
        place = (await begun(station, len(data), door, filename="0001.mp4")).headers["location"]
        told = await piece(station, place, 0, data[: len(data) // 2])
        assert told.status_code == 204
    await house.kill()
    await house.start()
    async with httpx.AsyncClient(base_url=house.http_url, headers=headers, timeout=30) as station:
        found = await station.head(place, headers={"Tus-Resumable": "1.0.0"})
        offset = int(found.headers["upload-offset"])
        assert offset == len(data) // 2
        answer = await piece(station, place, offset, data[offset:])
        assert answer.status_code == 204, answer.text

    reviewer = house.person("reviewer")
    looked = await until_looked_at(reviewer, answer.headers["mingjing-backfill"])
    assert (looked["state"], looked["quality"]) == ("placed", "exact")
    assert looked["counts"] == {"agreeing": 125, "in_gaps": 75}
    assert not looked["differences"]
    [gap] = [one for one in looked["gaps"] if one["cause"] == "packet_loss"]
    assert (gap["whole"], gap["pictures"]) == (True, 75)
    interval = {"from": iso(began_s - 60), "to": iso(time.time() + 60)}
    asked = {"device": "dev1", "case": await case_at_hand(reviewer), **interval}
    timeline = await reviewer.call("GET", "timeline", params=asked)
    [told] = [one for one in timeline.json()["lanes"][0]["gaps"] if one["cause"] == "packet_loss"]
    assert told["whole"]
    assert told["closed_by"][0]["backfill"] == looked["id"]
    await house.check()


def iso(utc_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(utc_s))
