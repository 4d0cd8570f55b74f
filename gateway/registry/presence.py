"""When a device was last seen and why it was last refused: told at once in memory, written behind.

Called from the path of a connection, so nothing here waits. Bounded: one value a device, and a
short list of callers that are no devices of ours.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, update

from gateway.registry.device import LastRefusal, RefusalReason
from gateway.registry.directory import Directory
from gateway.registry.events import Change, DeviceChanged
from gateway.registry.tables import devices
from storage import Clock
from storage.bus import Bus
from storage.database import Database

# Callers under unknown ids that the admin can be shown: the recorder that never came is among the
# latest, and a scanner cannot fill more than this.
UNKNOWN_MAX = 100

_WORDS_MAX = 200  # what a peer announces may be quoted in the words


@dataclass(frozen=True, slots=True)
class UnknownCaller:
    """Somebody who called as a device that is not registered."""

    device_id: str
    refusal: LastRefusal


class Presence:
    def __init__(self, directory: Directory, database: Database, bus: Bus, clock: Clock) -> None:
        self._directory = directory
        self._database = database
        self._bus = bus
        self._clock = clock
        self._changed: set[str] = set()
        self._unknown: OrderedDict[str, UnknownCaller] = OrderedDict()

    def seen(self, device_id: str) -> None:
        device = self._directory.devices.get(device_id)
        if device is not None:
            self._directory.devices[device_id] = replace(device, last_seen_utc_ns=self._clock.utc_ns())
            self._changed.add(device_id)

    def refused(self, device_id: str, reason: RefusalReason, peer: str, words: str) -> None:
        refusal = LastRefusal(reason, self._clock.utc_ns(), peer, words[:_WORDS_MAX])
        device = self._directory.devices.get(device_id)
        if device is not None:
            self._directory.devices[device_id] = replace(device, last_refusal=refusal)
            self._changed.add(device_id)
            return
        self._unknown.pop(device_id, None)
        self._unknown[device_id] = UnknownCaller(device_id, refusal)
        if len(self._unknown) > UNKNOWN_MAX:
            self._unknown.popitem(last=False)

    def unknown_callers(self) -> tuple[UnknownCaller, ...]:
        """The latest first; not those that have been registered since."""
        known = self._directory.devices
        return tuple(caller for caller in reversed(self._unknown.values()) if caller.device_id not in known)

    async def flush(self) -> None:
        """Write what has changed, then tell the bus. What cannot be written stays for the next time."""
        known = self._directory.devices
        batch = [known[device_id] for device_id in self._changed if device_id in known]
        self._changed.clear()
        if not batch:
            return
        rows = [
            {
                "device_id": device.id,
                "seen": device.last_seen_utc_ns,
                "reason": device.last_refusal and device.last_refusal.reason.value,
                "refused": device.last_refusal and device.last_refusal.utc_ns,
                "peer": device.last_refusal and device.last_refusal.peer,
                "words": device.last_refusal and device.last_refusal.words,
            }
            for device in batch
        ]
        statement = (
            update(devices)
            .where(devices.c.id == bindparam("device_id"))
            .values(
                last_seen_utc_ns=bindparam("seen"),
                refusal_reason=bindparam("reason"),
                refusal_utc_ns=bindparam("refused"),
                refusal_peer=bindparam("peer"),
                refusal_words=bindparam("words"),
            )
        )
        try:
            async with self._database.write() as connection:
                await connection.execute(statement, rows)
        except BaseException:
            self._changed.update(device.id for device in batch)
            raise
        for device in batch:
            self._bus.publish(DeviceChanged(device.id, Change.SEEN))
