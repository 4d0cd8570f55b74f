"""The first page's numbers, of what the person may see. Each number opens its list."""

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.registry import DeviceFilter
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.objects import every_device
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/overview", route_class=GuardedRoute, tags=["overview"])


class Overview(BaseModel):
    """A device is online when one of its channels is live, stalled when one stalls and none is live."""

    units: int
    checkpoints: int
    checkpoints_live: int
    devices: int
    devices_enabled: int
    devices_online: int
    devices_stalled: int
    devices_offline: int
    channels_live: int
    viewers: int
    bitrate_kbps: float
    server_time: str


@router.get("")
async def read_overview(caller: CallerHere, services: ServicesHere) -> Overview:
    principal = await caller.enter()
    within = None if principal.unit is None else [principal.unit]
    devices = list(every_device(services.registry, DeviceFilter(within=within)))
    checkpoint_of = {device.id: device.checkpoint for device in devices}
    channels = [channel for channel in services.hub.statistics() if channel.device_id in checkpoint_of]
    live = {channel.device_id for channel in channels if channel.state == "live"}
    stalled = {channel.device_id for channel in channels if channel.state == "stalled"} - live
    return Overview(
        units=services.registry.units.list(within=within, limit=1).total,
        checkpoints=services.registry.checkpoints.list(within=within, limit=1).total,
        checkpoints_live=len({checkpoint_of[device] for device in live}),
        devices=len(devices),
        devices_enabled=sum(device.enabled for device in devices),
        devices_online=len(live),
        devices_stalled=len(stalled),
        devices_offline=sum(device.enabled and device.id not in live | stalled for device in devices),
        channels_live=sum(channel.state == "live" for channel in channels),
        viewers=sum(channel.viewers for channel in channels),
        bitrate_kbps=round(sum(channel.bitrate_kbps for channel in channels), 1),
        server_time=iso_from_ns(services.clock.utc_ns()),
    )
