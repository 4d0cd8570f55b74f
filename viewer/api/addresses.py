"""The addresses of a device, by the host at which whoever asks has found this server.

The device pushes to one of them with its key, and players play from the RTSP ones with a stream password. Not here:
either of these secrets.
"""

from dataclasses import dataclass

from fastapi import Request

from viewer.services import Services


@dataclass(frozen=True, slots=True)
class DeviceAddresses:
    """`rtsps_url` is None where RTSP has no certificate; at `publish_url` a browser becomes the device."""

    rtsp_url: str
    rtsps_url: str | None
    whip_url: str
    publish_url: str


def device_addresses(device_id: str, request: Request, services: Services) -> DeviceAddresses:
    host = services.public_host or request.url.hostname or "localhost"
    if ":" in host:
        host = f"[{host}]"
    tls_port = services.rtsps_port
    here = f"{request.url.scheme}://{request.url.netloc}"
    return DeviceAddresses(
        rtsp_url=f"rtsp://{host}:{services.rtsp_port}/{device_id}",
        rtsps_url=None if tls_port is None else f"rtsps://{host}:{tls_port}/{device_id}",
        whip_url=f"{here}/whip/{device_id}",
        publish_url=f"{here}/publish#device={device_id}",
    )
