"""The RTSP addresses of a device, by the host at which whoever asks has found this server.

The device pushes to it with its key, and players play from it with a stream password. Not here: either of
these secrets.
"""

from dataclasses import dataclass

from fastapi import Request

from viewer.services import Services


@dataclass(frozen=True, slots=True)
class RtspAddresses:
    """`rtsps_url` is None where RTSP has no certificate."""

    rtsp_url: str
    rtsps_url: str | None


def rtsp_addresses(device_id: str, request: Request, services: Services) -> RtspAddresses:
    host = services.public_host or request.url.hostname or "localhost"
    if ":" in host:
        host = f"[{host}]"
    tls_port = services.rtsps_port
    return RtspAddresses(
        rtsp_url=f"rtsp://{host}:{services.rtsp_port}/{device_id}",
        rtsps_url=None if tls_port is None else f"rtsps://{host}:{tls_port}/{device_id}",
    )
