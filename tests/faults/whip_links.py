"""What happens to publishers by WHIP on bad links: each scene is a device of its own behind a NAT of its own."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from media import VIDEO_TRACK_ID, Codec, GapCause
from media.fmp4 import parse_fragment
from media.rtp import TrackReceiver, packetize_h264
from mingjing.simulator.clip import VIDEO_CLOCK, VIDEO_PAYLOAD_TYPE, Clip
from storage import Kind
from tests.chaos.impairments import Impairments
from tests.chaos.nat import Nat
from tests.faults.datagram_losses import decoded_pictures
from tests.house.account import NOT_WHOLE, Account
from tests.house.archive import Archive, until
from tests.house.bounds import FULL
from tests.house.house import House
from tests.house.phone import RATE, Phone
from tests.house.programme import PICTURE, Item, Programme, S, Unit, Wire, make_programme, opus_sound

SECONDS = 60 if FULL else 6
LOSSES = (0.01, 0.05, 0.15)
UNDER_WAY_S = 1.0  # the server's patience with a hole: longer than any datagram and repair is under way
PATH_MAX_BYTES = 1_200
SLICES = (1, 5)  # NAL unit types of H.264
NARROW_MTU = 1_150  # of payloads: a header and a tag come with them
SILENCE_S = 10  # F38: works, or fails with a reason


def bad_link(seed: int, loss: float) -> Impairments:
    """One direction, of some 30 ms."""
    return Impairments(seed=seed, loss=loss, reorder=0.02, reorder_s=0.02, duplicate=0.02, delay_s=0.02, jitter_s=0.02)


@dataclass(frozen=True, slots=True)
class Lossy:
    """F35: a programme as it was sent over a bad link, and as it was kept."""

    programme: Programme
    account: Account
    decoded: int
    datagrams_lost: int  # of both directions

    @property
    def whole(self) -> list[int]:
        """Pictures that are kept and not marked."""
        return [unit.n for unit in self.account.units(PICTURE) if not unit.damaged]

    def what_is_not_marked_has_every_slice(self) -> None:
        """Byte for byte: no picture that lost some of itself passes for whole. What stands before its first slice may
        be missing, as over UDP: it may as well have been a picture before it."""
        sent = {_slices(nals) for nals in _pictures_of(self.programme)}
        for fact in self.account.facts:
            if fact.track_id == VIDEO_TRACK_ID and not fact.flags & NOT_WHOLE:
                (sample,) = parse_fragment(fact.data).samples
                assert _slices(_nals_of(sample.payload)) in sent

    def what_is_missing_is_told(self) -> None:
        """A picture that is not there lies within a gap: one of footage lost on the way."""
        kept = sorted((unit.placed_ns, unit.n) for unit in self.account.units(PICTURE) if unit.n >= 0)
        told = [gap for gap in self.account.gaps_of(PICTURE) if gap.cause is GapCause.PACKET_LOSS]
        for (before_ns, before), (after_ns, after) in pairwise(kept):
            if after > before + 1 and not self._has_unnumbered(before_ns, after_ns):
                assert any(before_ns < gap.start_utc_ns and gap.end_utc_ns <= after_ns for gap in told), (before, after)

    def _has_unnumbered(self, before_ns: int, after_ns: int) -> bool:
        """Whether a picture that lost its stamp stands there."""
        return any(unit.n < 0 and before_ns < unit.placed_ns < after_ns for unit in self.account.units(PICTURE))


async def lossy(house: House, clip: Clip, number: int, loss: float) -> Lossy:
    """The sender is ours: its pictures and its sound are numbered. It answers NACK by RTX, or, at 5 %, without."""
    name, link = f"whip-lossy-{number}", bad_link(number, loss)
    await house.enrol(name)
    programme = make_programme(name, [clip], SECONDS, sound=opus_sound(), first_report_s=0, first_sequence=0)
    async with Nat(up=link, down=link) as nat:
        broadcast = await house.device(name).play_by_whip(programme, through=nat, rtx=number % 2 == 0)
        await broadcast.all_sent()
        await asyncio.sleep(UNDER_WAY_S)
        await broadcast.link.delete()
        broadcast.cut()
    archive = house.archive(name)
    await until(lambda: bool(archive.files()) and all(archive.sealed()))
    account = await asyncio.to_thread(Account.of_archive, archive, programme.rates)
    return Lossy(broadcast.as_sent, account, await asyncio.to_thread(decoded_pictures, archive), nat.lost)


@dataclass(frozen=True, slots=True)
class Recovered:
    """F35 with a peer that is not ours: how many pictures it took, and what is kept of them."""

    shown: int
    kept: int
    whole: int
    decoded: int
    distinct: int  # by their place in time


async def phone(house: House, number: int, loss: float) -> Recovered:
    """aiortc publishes: it answers NACK by RTX, and PLI by a key picture."""
    name, link = f"whip-phone-{number}", bad_link(10 + number, loss)
    await house.enrol(name)
    archive = house.archive(name)
    shown = RATE * SECONDS
    async with (
        Nat(up=link, down=link) as nat,
        Phone(house.http_url, name, house.keys[name], shown, through=nat) as caller,
    ):
        answer = await caller.publish()
        assert answer.status_code == 201, answer.text
        await until(lambda: caller.picture.shown == shown, within_s=3 * SECONDS + 20)
        await asyncio.sleep(UNDER_WAY_S)
        assert (await caller.stop()).status_code == 200
    await until(lambda: bool(archive.files()) and all(archive.sealed()))
    records = [record for record in archive.records() if record.kind == Kind.FRAGMENT]
    return Recovered(
        shown,
        len(records),
        sum(not record.flags & NOT_WHOLE for record in records),
        await asyncio.to_thread(decoded_pictures, archive),
        len({record.placed_utc_ns for record in records}),
    )


async def another_port(house: House, *, told: bool) -> float:
    """F37: seconds from a new port to the next picture at the viewer. `told`: the device restarts ICE, as who changes
    the network does; else its NAT gave it the port, and nobody knows."""
    name = f"whip-moves-{told:d}"
    await house.enrol(name)
    archive = house.archive(name)
    async with Nat() as nat:
        push = await house.device(name).push_by_whip(through=None if told else nat)
        viewer = await house.supervisor().watch(name)
        assert await viewer.wait_for_picture(25)
        began, moved_at = time.monotonic(), push.next_n
        if told:
            push.link.move()
            await push.link.restart()
        else:
            nat.rebind()
        assert await viewer.wait_for_picture(moved_at + 1)
        took_s = time.monotonic() - began
        newest = push.next_n
        assert await viewer.wait_for_picture(newest)
        push.leave()
        await until(lambda: bool(archive.files()) and all(archive.sealed()))
    assert archive.units() == push.numbers  # what was sent into the void was asked for, and is there
    assert not archive.gaps()
    assert not [message for message in viewer.messages if message.type in ("offline", "gap")]
    return took_s


async def phone_from_another_port(house: House) -> float:
    """F37 with aiortc, which checks every five seconds: seconds until there is footage again."""
    name = "whip-phone-moves"
    await house.enrol(name)
    archive = house.archive(name)
    async with Nat() as nat, Phone(house.http_url, name, house.keys[name], through=nat) as caller:
        assert (await caller.publish()).status_code == 201
        await until(lambda: caller.picture.shown > 25)
        viewer = await house.supervisor().watch(name)
        await viewer.next_message("init")
        began_ns = time.monotonic_ns()
        nat.rebind()
        await until(lambda: _newest_ns(archive) > began_ns + S // 2)
        took_s = (_newest_ns(archive) - began_ns) / S
        assert (await caller.stop()).status_code == 200
    return took_s


async def narrow_path(house: House, clip: Clip) -> bool:
    """F38, a device that keeps to it: everything passes, the handshake included."""
    name, link = "whip-narrow", Impairments(datagram_max_bytes=PATH_MAX_BYTES)
    await house.enrol(name)
    longer = make_programme(name, [clip], SECONDS / 2, sound=opus_sound(), first_report_s=0, first_sequence=0)
    programme = replace(longer, items=tuple(_cut_shorter(longer)))
    async with Nat(up=link, down=link) as nat:
        broadcast = await house.device(name).play_by_whip(programme, through=nat)
        await broadcast.all_sent()
        broadcast.leave()
        archive = house.archive(name)
        await until(lambda: bool(archive.files()) and all(archive.sealed()))
        assert not nat.lost
        assert broadcast.link.longest_datagram > NARROW_MTU
    Account.of_archive(archive, programme.rates).nothing_is_lost(programme)
    return True


async def too_narrow_path(house: House) -> tuple[float, str]:
    """F38, a device whose packets are longer: seconds until it is told, and the reason that the admin sees."""
    name, link = "whip-too-narrow", Impairments(datagram_max_bytes=PATH_MAX_BYTES)
    await house.enrol(name)
    async with Nat(up=link, down=link) as nat:
        began = time.monotonic()
        push = await house.device(name).push_by_whip(through=nat)
        viewer = await house.supervisor().watch(name)
        await push.cut_off(3 * SILENCE_S)
        took_s = time.monotonic() - began
        assert (await viewer.next_message("offline")).reason == "packet_loss"
        assert nat.lost
    answer = await house.person("siteadmin").call("GET", f"devices/{name}")
    refusal = answer.json()["last_refusal"]
    assert refusal["reason"] == "transport_not_supported"
    return took_s, refusal["words"]


def _pictures_of(programme: Programme) -> Iterator[tuple[bytes, ...]]:
    """NAL units of each, as they are before they are cut into packets."""
    receiver = TrackReceiver(Codec.H264, VIDEO_PAYLOAD_TYPE, VIDEO_CLOCK, {}, reorder=False)
    wire = Wire(programme)
    for unit in programme.units(PICTURE):
        for packet in wire.packets(unit):
            yield from (picture.payload for picture in receiver.receive(packet, 0, len(packet), 0, 0))


def _cut_shorter(programme: Programme) -> Iterator[Item]:
    pictures = _pictures_of(programme)
    for item in programme.items:
        if isinstance(item, Unit) and item.track == PICTURE:
            item = replace(item, payloads=tuple(packetize_h264(next(pictures), mtu=NARROW_MTU)))
        yield item


def _slices(nals: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(nal for nal in nals if nal[0] & 0x1F in SLICES)


def _nals_of(sample: bytes | memoryview) -> Iterator[bytes]:
    """With four bytes of length before each."""
    at = 0
    while at < len(sample):
        end = at + 4 + int.from_bytes(sample[at : at + 4], "big")
        yield bytes(sample[at + 4 : end])
        at = end


def _newest_ns(archive: Archive) -> int:
    """When the newest fragment that is kept was received."""
    return max((record.received_mono_ns for record in archive.records() if record.kind == Kind.FRAGMENT), default=0)
