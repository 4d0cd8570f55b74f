"""What becomes of a stream when its device is changed while it sends.

Not here: the change itself, and who is told of it (gateway.registry).
"""

from gateway.registry import Change, Device, DeviceChanged
from gateway.stream import Hub
from media import GapCause
from mingjing.wiring import House


async def end_streams_of_changed_devices(house: House, hub: Hub) -> None:
    """A device that was disabled or removed, or whose key is not valid any more, stops sending at once.

    Disabled and removed also when the bus lost the news of it: there the registry says what is so. What key a stream
    began with nobody remembers; a device that has the new one is back within a second.
    """
    missed = 0
    with house.bus.subscribe(DeviceChanged) as changes:
        async for event in changes:
            assert isinstance(event, DeviceChanged)
            concerned = {event.device_id}
            if changes.missed != missed:
                missed = changes.missed
                concerned |= hub.sending()
            for device_id in concerned:
                device = house.registry.devices.find(device_id)
                if device is None or not device.enabled:
                    hub.end_device(device_id, GapCause.DISABLED)
                elif event.change is Change.KEY_ROTATED and device_id == event.device_id and not _overlaps(device):
                    hub.end_device(device_id, GapCause.KEY_ROTATED)
                if device is None:
                    hub.forget_device(device_id)


def _overlaps(device: Device) -> bool:
    """Whether the key before the present one still counts for a while."""
    return len(device.credentials) > 1
