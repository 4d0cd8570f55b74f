"""F05 over the server: SIGKILL before the k-th call to the disk of record → tag → hand out, and of an upload."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import httpx
import pytest

from tests.faults.sweep import Call, dies_at, every_call
from tests.faults.test_backfill import nals_of, until_looked_at
from tests.house.bounds import FULL, noted
from tests.house.house import House
from tests.house.person import Person
from tests.house.programme import PICTURE, make_programme
from tests.house.test_export import over
from tests.recorder.backfill.files import device_file
from tests.viewer.originals import TUS, begun, piece
from verifier import verify

CALLS_MAX = 1_000  # a use that takes more of them never comes to an end: 197 and 70 were counted
DEVICES = 20  # in turn: what one has stays little
PICTURES = 10
CARD_S = 1.0

# The short form: footage that is written and not synced; a decision that the ledger lacks; a bundle without its name.
TELLING_OF_CASE = (Call(1, r"sync(fs)? media"), Call(2, r"write ledger/"), Call(1, r"rename .*\.zip\.part"))
# Bytes without the record of how many they are; a whole file that is not in its place.
TELLING_OF_UPLOAD = (Call(2, r"sync .*\.offsets"), Call(1, r"rename .*\.part"))

pytestmark = pytest.mark.timeout(3 * 3_600 if FULL else 120)


@pytest.fixture
async def swept_house(built_house: House) -> House:
    built_house.runs_under = None  # a fork in the long form too: what is tried is no start from the beginning
    await built_house.start()
    await built_house.person("reviewer").token()
    return built_house


async def swept(
    house: House, telling: Sequence[Call], use: Callable[[int], Coroutine[None, None, None]]
) -> AsyncIterator[int]:
    """The numbers of the runs of `use`, after each: until one came to its end where every call is tried."""
    for run, call in zip(range(CALLS_MAX), every_call() if FULL else telling, strict=False):
        died_at = await dies_at(call, house, use(run))
        assert died_at or FULL, f"it never came to {call}"
        yield run
        if not died_at:
            noted("calls to the disk, at each of which the server died once", run, "")
            return
    assert not FULL, f"no clean run within {CALLS_MAX} calls"


@dataclass(slots=True)
class Promised:
    """What the server said that it has, of one case."""

    pictures: set[int] = field(default_factory=set)
    case: str = ""
    clip: str = ""
    export: str = ""


async def record_tag_hand_out(house: House, device: str, first: int, promised: Promised) -> None:
    push = await house.device(device).push(seconds=PICTURES / 25, starting_at=first)
    await push.all_sent()
    await house.archive(device).wait_for_unit(push.next_n - 1)
    promised.pictures = set(push.numbers)
    push.leave()
    reviewer = house.person("reviewer")
    fields = {"unit": "north", "case_no": f"2026-{first}", "cause": "overload", "field": "transport"}
    promised.case = await made(reviewer, "cases", {**fields, "procedure": "summary"})
    promised.clip = await made(reviewer, "clips", {"device": device, "last_s": 5, "case": promised.case})
    promised.export = await made(reviewer, "exports", {"clips": [promised.clip], "reason": "hearing"})
    assert (await over(house, promised.export))["state"] == "ready"


async def made(person: Person, noun: str, body: object) -> str:
    answer = await person.call("POST", noun, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def require_kept(house: House, device: str, promised: Promised, known: set[str]) -> None:
    """`known` are exports that were looked at before; new ones are made, prove themselves, and lie there alone."""
    await house.check()
    assert promised.pictures <= set(house.archive(device).units())
    reviewer = house.person("reviewer")
    if promised.clip:
        clip = (await reviewer.call("GET", f"clips/{promised.clip}")).json()
        assert (clip["device"], clip["case"]) == (device, promised.case)
    ordered = {one["id"] for one in (await reviewer.call("GET", "exports")).json()["items"]}
    assert not promised.export or promised.export in ordered
    for export in ordered - known:
        assert (await over(house, export))["state"] == "ready"
        report = await asyncio.to_thread(verify, house.data_dir / "exports" / f"{export}.zip", frozenset())
        assert report.intact, report.lines()
        assert report.proven, report.lines()
        known.add(export)
    assert {path.name for path in (house.data_dir / "exports").iterdir()} == {f"{export}.zip" for export in known}


@pytest.mark.fault("F05", "I1", "I3", "I4", "I5")
async def test_f05_what_was_tagged_is_kept_and_what_was_ordered_is_handed_out_wherever_the_server_dies(swept_house):
    promised: dict[int, Promised] = {}
    known: set[str] = set()

    def use(run: int) -> Coroutine[None, None, None]:
        promised[run] = Promised()
        return record_tag_hand_out(swept_house, device_of(run), run * PICTURES, promised[run])

    async for run in swept(swept_house, TELLING_OF_CASE, use):
        await require_kept(swept_house, device_of(run), promised[run], known)


@dataclass(slots=True)
class Sent:
    """A file, where it goes, and how much of it the server said that it has."""

    data: bytes
    place: str = ""
    offset: int = 0
    original: str = ""


def card_file(house: House, number: int) -> bytes:
    """A second of video, with a box of its own at the end: no two files are the same."""
    units = make_programme("dev1", [house.clip], CARD_S).units(PICTURE)
    return device_file([nals_of(unit) for unit in units]) + struct.pack(">I4sQ", 16, b"free", number)


def station(house: House, device: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {house.keys[device]}"}
    return httpx.AsyncClient(base_url=house.http_url, headers=headers, timeout=30)


async def upload(house: House, device: str, sent: Sent) -> None:
    async with station(house, device) as client:
        if not sent.place:
            answer = await begun(client, len(sent.data), f"/api/v1/backfill/devices/{device}", filename="0001.mp4")
            assert answer.status_code == 201, answer.text
            sent.place = answer.headers["location"]
        while not sent.original:
            answer = await piece(client, sent.place, sent.offset, sent.data[sent.offset :][: len(sent.data) // 2 + 1])
            assert answer.status_code == 204, answer.text
            sent.offset = int(answer.headers["upload-offset"])
            sent.original = answer.headers.get("mingjing-backfill", "")
    assert (await until_looked_at(house.person("reviewer"), sent.original))["sha256"] == sha256(sent.data).hexdigest()


async def require_resumable(house: House, device: str, sent: Sent) -> None:
    """No byte less than was promised; what is missing goes after it, and the whole is what was sent."""
    if sent.place:
        async with station(house, device) as client:
            answer = await client.head(sent.place, headers=TUS)
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["upload-offset"]) >= sent.offset
        sent.offset = int(answer.headers["upload-offset"])
        sent.original = answer.headers.get("mingjing-backfill", "")
    await upload(house, device, sent)
    await house.check()


@pytest.mark.fault("F05", "I1", "I3", "I4")
async def test_f05_an_upload_is_whole_or_goes_on_where_it_was_wherever_the_server_dies(swept_house):
    sent: dict[int, Sent] = {}

    def use(run: int) -> Coroutine[None, None, None]:
        sent[run] = Sent(card_file(swept_house, run))
        return upload(swept_house, device_of(run), sent[run])

    async for run in swept(swept_house, TELLING_OF_UPLOAD, use):
        await require_resumable(swept_house, device_of(run), sent[run])


def device_of(run: int) -> str:
    return f"dev{run % DEVICES + 1}"
