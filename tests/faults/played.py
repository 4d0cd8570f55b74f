"""Plays many programmes to one server at once, each before a viewer, and says what became of each."""

import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import av

from media import GapCause
from media.fmp4 import utc_ns_from_ntp
from storage import read_fragments
from tests.house.account import Account
from tests.house.archive import Archive, until
from tests.house.bounds import noted, within
from tests.house.broadcast import Broadcast
from tests.house.device import Device
from tests.house.house import House
from tests.house.person import Viewer
from tests.house.programme import BEGAN_UTC_S, MS, PICTURE, SOUND, Programme, S


@dataclass(frozen=True, slots=True)
class Played:
    """A programme that was played: what became of it on disk and at the viewer."""

    programme: Programme
    account: Account
    archive: Archive
    viewer: Viewer
    told: tuple[float | None, float]  # clock offset and delay, as the API told them while it sent
    late_viewer: Viewer | None  # who came near the end
    began_mono_s: float

    def messages(self, kind: str) -> list[SimpleNamespace]:
        return [message for message in self.viewer.messages if message.type == kind]

    def inits(self) -> list[SimpleNamespace]:
        return self.messages("init")

    def is_whole(self) -> None:
        """What every fault has to leave as it is."""
        self.account.nothing_is_lost(self.programme)
        self.account.is_in_order(self.programme)
        error_ns = self.account.adds_up(self.programme)
        noted("I7: footage and gaps, less the time that passed", error_ns / MS, "ms")
        self.was_seen_as_kept()
        self.decodes()

    def is_in_sync(self, *, from_s: float = 0, until_s: float = 1e9) -> None:
        error_ns = self.account.sync_error_ns(self.programme, from_s=from_s, until_s=until_s)
        within("sound and picture apart", error_ns / MS, 80, "ms")

    def is_whole_and_unbroken(self) -> None:
        """Nothing is to be noticed of the fault in what was kept."""
        self.is_whole()
        self.is_in_sync()
        assert not self.account.gaps

    def was_seen_as_kept(self) -> None:
        """From the viewer's first picture on the same bytes in the same order, over all streams of the channel."""
        seen = [data for data in self.viewer.binaries if data[4:8] != b"ftyp"]
        kept = [data for path in self.archive.files() for _, data in read_fragments(path)]
        assert seen
        assert kept[kept.index(seen[0]) :] == seen
        assert not self.messages("lag")

    def decodes(self) -> None:
        """Every picture and every frame of sound that was kept, each segment by itself (PyAV is the oracle)."""
        pictures = 0
        for path in self.archive.files():
            with av.open(io.BytesIO(path.read_bytes())) as container:
                for stream in container.streams.video:  # none, where sound came before the first parameter sets
                    pictures += sum(1 for _ in container.decode(stream))
            with av.open(io.BytesIO(path.read_bytes())) as container:
                for stream in container.streams.audio:
                    assert all(frame.samples for frame in container.decode(stream))
        assert pictures == len(self.account.units(PICTURE))

    def says(self, off_s: set[float]) -> None:
        """Device time of each unit is what its reports said, or absent before the first of them."""
        for track in (PICTURE, SOUND):
            taken = {unit.n: unit.taken_ns for unit in self.programme.units(track)}
            said = [unit for unit in self.account.units(track) if unit.device_ntp]
            assert len(said) > len(taken) // 2
            for unit in said:
                utc_ns = utc_ns_from_ntp(unit.device_ntp)
                errors = [utc_ns - round((BEGAN_UTC_S + off) * S) - taken[unit.n] for off in off_s]
                assert min(map(abs, errors)) < 150 * MS, unit  # a fragment of sound has that of its first frame

    def causes(self) -> list[GapCause]:
        return [gap.cause for gap in self.account.gaps if gap.sequence]


Play = Callable[[Device, Programme], Awaitable[Broadcast]]


async def play_all(
    house: House, planned: Mapping[str, Programme], *, late_for: str, play: Play = Device.play
) -> Mapping[str, Played]:
    """To their ends. Somebody comes late to one of them, a second before it is over; then the API is asked."""
    supervisor = house.supervisor()
    viewers = {name: await supervisor.watch(name) for name in planned}
    broadcasts = {name: await play(house.device(name), programme) for name, programme in planned.items()}
    over_s = planned[late_for].items[-1].sent_ns / S
    await broadcasts[late_for].sent_up_to(over_s - 1)
    late_viewer = await supervisor.watch(late_for)
    await broadcasts[late_for].sent_up_to(over_s - 0.5)
    told = await _told_by_api(house)
    for broadcast in broadcasts.values():
        await broadcast.all_sent()
        assert broadcast.connected
        broadcast.leave()
    for viewer in (*viewers.values(), late_viewer):
        while (await viewer.next_message("offline")).reason != "device_stopped":
            pass
    archives = {name: house.archive(name) for name in planned}
    await until(lambda: all(all(archive.sealed()) for archive in archives.values()))
    return {
        name: Played(
            broadcasts[name].as_sent,
            Account.of_archive(archives[name], planned[name].rates),
            archives[name],
            viewers[name],
            told[name],
            late_viewer if name == late_for else None,
            broadcasts[name].began_mono_ns / S,
        )
        for name in planned
    }


async def _told_by_api(house: House) -> dict[str, tuple[float | None, float]]:
    """Of each device the clock offset that the API tells, and how late it says that footage comes."""
    answer = await house.supervisor().call("GET", "devices", params={"limit": "500"})  # others have enrolled theirs
    return {
        device["id"]: (channel["clock_offset_s"], channel["delay_s"])
        for device in answer.json()["items"]
        for channel in device["channels"]
    }
