"""Uploads of originals by tus 1.0.0: pieces, cuts, checksums, limits, and who may send whose."""

import asyncio
import base64
import hashlib
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest

from recorder import BackfillState
from recorder.disk_watch import DiskSpace
from tests.viewer.conftest import furnished, open_front
from tests.viewer.originals import PIECE, TUS, begun, device_client, digest, looked_at, piece, said, sent
from viewer import upload_door
from viewer.access import Role

DOOR = "/api/v1/backfill/devices/dev-north"
BOX = (24).to_bytes(4, "big") + b"ftypisom" + bytes(12)  # what an MP4 begins with
FILE = BOX + bytes(range(256)) * 40


@pytest.fixture
async def front(tmp_path):
    async with open_front(furnished(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def device(front):
    return await device_client(front)


def uploads_of(front):
    return front.services.backfill.uploads


async def offset_of(client, place):
    answer = await client.head(place, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["upload-offset"])


async def test_a_client_is_told_what_is_spoken_here_before_it_begins(front, device):
    answer = await device.options(DOOR)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,termination,checksum,expiration"
    assert answer.headers["tus-max-size"] == str(16 << 30)
    other = await device.post(DOOR, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})
    assert (other.status_code, other.headers["tus-version"]) == (412, "1.0.0")


async def test_a_file_comes_in_pieces_and_is_kept_as_it_was(front, device):
    answer = await begun(device, len(FILE), filename="D:\\DCIM\\0001.mp4", sha256=digest(FILE))
    place = answer.headers["location"]
    assert answer.headers["upload-expires"].endswith("GMT")
    for at in range(0, len(FILE), 3_000):
        assert await offset_of(device, place) == at
        taken = await piece(device, place, at, FILE[at : at + 3_000])
        assert taken.status_code == 204
    backfill_id = taken.headers["mingjing-backfill"]
    assert await offset_of(device, place) == len(FILE)
    found = await front.services.backfill.backfills.find(backfill_id)
    assert (found.name, found.sha256, found.sent_by) == ("0001.mp4", digest(FILE), "device:dev-north")
    assert (front.services.data_dir / "media" / found.path).read_bytes() == FILE
    assert not list((front.services.data_dir / "media/originals/incoming").iterdir())


async def test_a_piece_goes_on_only_where_the_last_one_ended(front, device):
    place = (await begun(device, len(FILE))).headers["location"]
    assert (await piece(device, place, 0, FILE[:500])).headers["upload-offset"] == "500"
    for wrong in (0, 499, 501):
        refused = await piece(device, place, wrong, FILE[wrong : wrong + 10])
        assert (refused.status_code, refused.headers["upload-offset"]) == (409, "500")
    too_much = await piece(device, place, 500, FILE[500:] + b"x")
    assert too_much.status_code == 413
    assert await offset_of(device, place) == 500
    plain = await device.patch(place, content=b"x", headers={**TUS, "Upload-Offset": "500"})
    assert plain.status_code == 415


async def broken_off(front, key, place, data, length):
    """A connection that dies in the middle of a piece."""
    host, port = front.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = [f"PATCH {place} HTTP/1.1", f"Host: {host}", f"Authorization: {key}", f"Content-Length: {length}"]
    head += [f"{name}: {value}" for name, value in {**PIECE, "Upload-Offset": "0"}.items()]
    writer.write("\r\n".join([*head, "", ""]).encode() + data)
    await writer.drain()
    return reader, writer


async def test_what_came_of_a_piece_that_broke_off_counts(front, device):
    place = (await begun(device, len(FILE))).headers["location"]
    _, writer = await broken_off(front, device.headers["authorization"], place, FILE[:4_000], len(FILE))
    upload = uploads_of(front).find(place.rpartition("/")[2])
    async with asyncio.timeout(20):
        while upload.turn is None or upload.turn.came < 4_000:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        while upload.offset < 4_000:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
    at = await offset_of(device, place)
    assert at == 4_000
    assert (await piece(device, place, at, FILE[at:])).headers["mingjing-backfill"]


async def test_a_device_that_comes_back_ends_its_own_dead_connection(front, device):
    place = (await begun(device, len(FILE))).headers["location"]
    reader, writer = await broken_off(front, device.headers["authorization"], place, FILE[:4_000], len(FILE))
    upload = uploads_of(front).find(place.rpartition("/")[2])
    async with asyncio.timeout(20):
        while upload.turn is None or upload.turn.came < 4_000:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
    at = await offset_of(device, place)  # the old one says nothing, and is still there
    assert at == 4_000
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    assert (await piece(device, place, at, FILE[at:])).headers["mingjing-backfill"]
    writer.close()


async def test_a_sender_that_says_nothing_is_sent_away_and_may_come_again(front, device, monkeypatch):
    monkeypatch.setattr(upload_door, "SILENCE_MAX_S", 0.1)
    place = (await begun(device, len(FILE))).headers["location"]
    reader, writer = await broken_off(front, device.headers["authorization"], place, FILE[:100], len(FILE))
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    assert await offset_of(device, place) == 100


async def test_so_is_one_that_sends_a_byte_now_and_then(front, device, monkeypatch):
    monkeypatch.setattr(upload_door, "SLOW_WINDOW_S", 0.1)

    async def trickle():
        for n in range(100):
            yield FILE[n : n + 1]
            await asyncio.sleep(0.02)

    place = (await begun(device, len(FILE))).headers["location"]
    with suppress(httpx.TransportError):  # it may be cut off before it has heard why
        answer = await piece(device, place, 0, trickle())
        assert answer.status_code == 408
    assert 0 < await offset_of(device, place) < 100


async def test_a_piece_with_a_checksum_counts_when_it_is_true(front, device):
    place = (await begun(device, len(FILE))).headers["location"]
    for name, algorithm in (("sha1", hashlib.sha1), ("sha256", hashlib.sha256)):
        good = f"{name} {base64.b64encode(algorithm(FILE[:100]).digest()).decode()}"
        wrong = await piece(device, place, await offset_of(device, place), FILE[100:200], Upload_Checksum=good)
        assert wrong.status_code == 460
        assert "urn:mingjing:problem:checksum-mismatch" in wrong.text
    assert await offset_of(device, place) == 0
    assert (await piece(device, place, 0, FILE[:100], Upload_Checksum=good)).headers["upload-offset"] == "100"
    unknown = await piece(device, place, 100, b"x", Upload_Checksum="crc32 AAAA")
    assert unknown.status_code == 400


async def test_a_file_that_is_not_what_was_said_is_not_kept(front, device):
    answer = await begun(device, len(FILE), sha256="0" * 64)
    refused = await piece(device, answer.headers["location"], 0, FILE)
    assert (refused.status_code, refused.json()["field"]) == (422, "sha256")
    assert (await device.head(answer.headers["location"], headers=TUS)).status_code == 404
    assert ("device:dev-north", "upload.refuse") in [(who, what) for who, what, _ in await front.actions()]


async def test_the_same_file_twice_is_recognised_with_and_without_its_digest(front, device):
    first = await sent(device, FILE)
    again = await begun(device, len(FILE), sha256=digest(FILE))
    assert (again.status_code, again.json()["backfill"]) == (409, first)
    assert await sent(device, FILE) == first
    assert len([what for _, what, _ in await front.actions() if what == "backfill.receive"]) == 1


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(100), bytes(200), b"RIFF1234AVI LIST"]
)
async def test_what_is_no_mp4_is_refused_with_its_first_piece(front, device, data):
    place = (await begun(device, 1 << 20)).headers["location"]
    answer = await piece(device, place, 0, data)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (415, "1.0.0")
    assert (await device.head(place, headers=TUS)).status_code == 404


async def test_limits_are_asked_before_the_first_byte(front, device):
    uploads = uploads_of(front)
    assert (await begun(device, 0)).status_code == 422
    assert (await begun(device, (16 << 30) + 1)).status_code == 413
    uploads.limits = replace(uploads.limits, total_bytes=10_000)
    assert (await begun(device, 10_001)).status_code == 507
    assert (await begun(device, 6_000)).status_code == 201
    assert (await begun(device, 6_000)).status_code == 507  # what is under way is counted whole
    uploads.limits = replace(uploads.limits, total_bytes=1 << 40, keep_free=0.5)
    uploads._space = lambda _: DiskSpace(100_000, 56_999)
    assert (await begun(device, 1_000)).status_code == 507  # 6,000 are still to come
    assert (await begun(device, 999)).status_code == 201
    uploads.limits = replace(uploads.limits, of_device=2)
    many = await begun(device, 1)
    assert (many.status_code, many.json()["type"]) == (429, "urn:mingjing:problem:too-many")
    south = await device_client(front, "dev-south")
    assert (await begun(south, 1, "/api/v1/backfill/devices/dev-south")).status_code != 429
    uploads.limits = replace(uploads.limits, writing=0)
    [first, *_] = uploads._uploads
    assert (await piece(device, f"{DOOR}/{first}", 0, b"x")).status_code == 429


@pytest.mark.parametrize(
    ("words", "status"),
    [("filename", 400), ("a b c", 400), ("sha256 " + "!!", 400), (said(sha256="zz"), 422), (said(channel="x"), 422)],
)
async def test_words_that_cannot_be_are_refused_by_name(front, device, words, status):
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": words}
    assert (await device.post(DOOR, headers=headers)).status_code == (201 if words == "filename" else status)


async def test_a_moment_and_a_name_are_taken_as_they_are_said(front, device):
    bad = await begun(device, 9, started="yesterday")
    assert (bad.status_code, bad.json()["field"]) == (422, "started")
    answer = await begun(device, 9, filename="../../etc/\x00\u202epasswd", started="2027-01-15T16:00:00+08:00")
    upload = uploads_of(front).find(answer.headers["location"].rpartition("/")[2])
    assert (upload.new.name, upload.new.claimed_utc_ns) == ("passwd", 1_800_000_000_000_000_000)


async def test_nobody_sends_or_sees_for_another_device(front, device):
    place = (await begun(device, 9)).headers["location"]
    south = await device_client(front, "dev-south")
    assert (await begun(south, 9)).status_code == 401  # at the door of dev-north
    taken = place.replace("dev-north", "dev-south")
    for answer in (
        await south.head(taken, headers=TUS),
        await piece(south, taken, 0, b"x"),
        await south.delete(taken, headers=TUS),
    ):
        assert answer.status_code == 404
    nobody = front.client()
    assert (await begun(nobody, 9)).status_code == 401
    supervisor = await front.person(Role.SUPERVISOR)
    assert (await begun(supervisor, 9, "/api/v1/backfill/uploads?device=dev-north")).status_code == 403
    await front.registry.devices.disable("dev-north", principal="cli:0")
    assert (await begun(device, 9)).status_code == 403


async def test_a_site_admin_sends_what_a_docking_station_has(front):
    admin = await front.person(Role.SITE_ADMIN, "north")
    foreign = await begun(admin, 9, "/api/v1/backfill/uploads?device=dev-south")
    assert foreign.status_code == 404
    backfill_id = await sent(admin, FILE, "/api/v1/backfill/uploads?device=dev-north", filename="0001.mp4")
    found = await looked_at(front, backfill_id)
    assert found.sent_by == "user:site_admin.north"
    assert found.state is BackfillState.UNREADABLE
    listed = (await admin.get("/api/v1/backfills", params={"device": "dev-north"})).json()
    assert [(one["id"], one["state"]) for one in listed["items"]] == [(backfill_id, "unreadable")]
    south = await front.person(Role.SITE_ADMIN, "south")
    assert not (await south.get("/api/v1/backfills")).json()["items"]
    assert (await south.get(f"/api/v1/backfills/{backfill_id}")).status_code == 404


async def test_an_upload_can_be_ended_and_goes_by_itself_after_a_week(front, device):
    place = (await begun(device, len(FILE))).headers["location"]
    assert (await device.delete(place, headers=TUS)).status_code == 204
    assert (await device.head(place, headers=TUS)).status_code == 404
    place = (await begun(device, len(FILE))).headers["location"]
    front.clock.advance(7 * 24 * 3600 - 1)
    await uploads_of(front).drop_expired()
    assert await offset_of(device, place) == 0
    await piece(device, place, 0, FILE[:100])  # a byte more, a week more
    front.clock.advance(7 * 24 * 3600 - 1)
    await uploads_of(front).drop_expired()
    assert await offset_of(device, place) == 100
    front.clock.advance(2)
    await uploads_of(front).drop_expired()
    assert (await device.head(place, headers=TUS)).status_code == 404
    assert not list((front.services.data_dir / "media/originals/incoming").iterdir())
