"""A device that records on its own card while its link loses pictures, and sends the card's file later."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace

import httpx

from gateway.stream import StreamEnd, StreamInfo, StreamInit
from media import Fragment, Gap, GapCause
from recorder import Backfill, BackfillState
from storage import UlidFactory
from tests.media.clips import UTC_NS, fragments, video_clip
from tests.recorder.backfill.files import device_file
from tests.viewer.conftest import PATIENCE_S, Front
from viewer.access import Role

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
STEP_NS = 40_000_000
PICTURES = 250


class CardDevice:
    """Its pictures are those of a clip of ten seconds: no two of them are the same."""

    def __init__(
        self, front: Front, device: str = "dev-north", clip: str = "baseline", pictures: int = PICTURES
    ) -> None:
        self.device = device
        self.clip = video_clip(clip, pictures)
        self.pictures = [unit.payload for unit in self.clip.units]
        self.start_utc_ns = front.clock.utc_ns()
        self._front = front
        self._fragments = fragments([self.clip])
        self._reader = None
        self._sequence = 0
        self._stream = ""

    def placed(self, n: int) -> int:
        return self._fragments[n].placed_utc_ns - UTC_NS + self.start_utc_ns

    def begin(self) -> "CardDevice":
        clock = self._front.clock
        self._stream, self._sequence = UlidFactory(clock)(), 0
        stream = StreamInfo(self._stream, self.device, "main", "node1", 1, clock.utc_ns(), clock.mono_ns())
        self._reader = self._front.services.index.reader(stream)
        self._reader.stream_started(stream)
        self._reader.init_changed(StreamInit(1, (self.clip.track,)))
        return self

    def send(self, first: int, last: int, *, ahead_ns: int = 0) -> "CardDevice":
        """Pictures of the card that come through, `last` not included; their device's clock is ahead by so much."""
        for n in range(first, last):
            self._give(self._fragments[n], ahead_ns)
        return self

    def lose(self, first: int, last: int) -> "CardDevice":
        """The link loses these: a gap of its own number."""
        self._sequence += 1
        end = self.placed(last) if last < len(self._fragments) else self.placed(last - 1) + STEP_NS
        self._reader.gap(Gap(self._sequence, 1, GapCause.PACKET_LOSS, self.placed(first), end, 7))
        return self

    def end(self, after: int) -> "CardDevice":
        """The connection is gone behind picture number `after`."""
        clock = self._front.clock
        at = self.placed(after) + STEP_NS
        self._reader.stream_ended(StreamEnd(self._stream, GapCause.OFFLINE, at, clock.mono_ns()))
        return self

    async def kept(self) -> None:
        """Until all that was sent is sealed."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._front.clock.advance(1)
                await asyncio.sleep(0.01)
                found = await self._front.services.index.recordings(self.device, "main", 0, 1 << 62)
                mine = [one for one in found.segments if one.stream == self._stream]
                if mine and all(one.sealed for one in mine) and mine[-1].last_sequence == self._sequence:
                    return

    def file(self, pictures: Sequence[Sequence[bytes]] | None = None, **options: object) -> bytes:
        return device_file(pictures or self.pictures, model=self.clip, **options)  # type: ignore[arg-type]

    def _give(self, model: Fragment, ahead_ns: int) -> None:
        self._sequence += 1
        placed = model.placed_utc_ns - UTC_NS + self.start_utc_ns
        ntp = 0
        if ahead_ns:
            seconds, rest = divmod(placed + ahead_ns, 1_000_000_000)
            ntp = (seconds + 2_208_988_800) << 32 | (rest << 32) // 1_000_000_000
        self._reader.fragment(replace(model, sequence=self._sequence, placed_utc_ns=placed, device_ntp=ntp))


def said(**words: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())


async def device_client(front: Front, device: str = "dev-north") -> httpx.AsyncClient:
    """No page and no cookie: a recorder."""
    key = (await front.registry.devices.rotate_key(device, principal="cli:0")).key
    client = httpx.AsyncClient(base_url=front.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_S)
    front.clients.append(client)
    return client


async def begun(client: httpx.AsyncClient, length: int, place: str = "", **words: str) -> httpx.Response:
    headers = {**TUS, "Upload-Length": str(length)}
    if words:
        headers["Upload-Metadata"] = said(**words)
    return await client.post(place or "/api/v1/backfill/devices/dev-north", headers=headers)


async def piece(client: httpx.AsyncClient, place: str, offset: int, data: object, **headers: str) -> httpx.Response:
    given = {**PIECE, "Upload-Offset": str(offset), **{key.replace("_", "-"): text for key, text in headers.items()}}
    return await client.patch(place, content=data, headers=given)  # type: ignore[arg-type]


async def sent(client: httpx.AsyncClient, data: bytes, place: str = "", **words: str) -> str:
    """The id under which the server keeps it."""
    answer = await begun(client, len(data), place, **words)
    assert answer.status_code == 201, answer.text
    answer = await piece(client, answer.headers["location"], 0, data)
    assert answer.status_code == 204, answer.text
    return answer.headers["mingjing-backfill"]


async def looked_at(front: Front, backfill_id: str) -> Backfill:
    """What was found out about it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await front.services.backfill.backfills.find(backfill_id)
            assert found is not None
            if found.state is not BackfillState.RECEIVED:
                return found
            await asyncio.sleep(0.02)


async def timeline(front: Front, device: str = "dev-north") -> dict[str, object]:
    reviewer = await front.person(Role.REVIEWER)
    asked = {
        "case": await front.at_hand(),
        "device": device,
        "from": "2027-01-15T07:00:00Z",
        "to": "2027-01-15T09:00:00Z",
    }
    answer = await reviewer.get("/api/v1/timeline", params=asked)
    assert answer.status_code == 200, answer.text
    [lane] = answer.json()["lanes"]
    return lane


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
