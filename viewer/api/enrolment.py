"""What a person needs to point a recorder at this server: URLs, the key, and both as a QR code."""

import io

import segno
from fastapi import Request
from pydantic import BaseModel

from gateway.registry import NewKey
from viewer.api.addresses import rtsp_addresses
from viewer.services import Services

QR_SCALE = 4  # pixels a module: some 200 px for our URLs, which phones read from a screen at arm's length


class Enrolment(BaseModel):
    """The key is shown this once; nobody can look it up again."""

    id: str
    key: str
    rtsp_url: str
    rtsps_url: str | None
    whip_url: str
    qr_svg: str


def enrolment(made: NewKey, request: Request, services: Services) -> Enrolment:
    device = made.device.id
    addresses = rtsp_addresses(device, request, services)
    return Enrolment(
        id=device,
        key=made.key,
        rtsp_url=addresses.rtsp_url,
        rtsps_url=addresses.rtsps_url,
        whip_url=f"{request.url.scheme}://{request.url.netloc}/whip/{device}",
        # Ids and keys are letters, digits, - and _: nothing in them needs escaping in a URL.
        qr_svg=_qr_svg(addresses.rtsp_url.replace("//", f"//{device}:{made.key}@", 1)),
    )


def _qr_svg(text: str) -> str:
    """A whole SVG document: it can be put into a page or behind `data:image/svg+xml`."""
    drawn = io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind="svg", xmldecl=False, nl=False, scale=QR_SCALE)
    return drawn.getvalue().decode("utf-8")
