"""What a person needs to point a recorder or a phone at this server: URLs, the key, and both as QR codes."""

import io

import segno
from fastapi import Request
from pydantic import BaseModel

from gateway.registry import NewKey
from viewer.api.addresses import device_addresses
from viewer.services import Services

QR_SCALE = 4  # pixels a module: some 200 px for our URLs, which phones read from a screen at arm's length


class Enrolment(BaseModel):
    """The key is shown this once; nobody can look it up again."""

    id: str
    key: str
    rtsp_url: str
    rtsps_url: str | None
    whip_url: str
    publish_url: str  # with the key: opened by a phone, it publishes
    qr_svg: str  # for recorders: rtsp_url with the key
    publish_qr_svg: str  # for phones: publish_url


def enrolment(made: NewKey, request: Request, services: Services) -> Enrolment:
    device = made.device.id
    addresses = device_addresses(device, request, services)
    # Ids and keys are letters, digits, - and _: nothing in them needs escaping in a URL. In a fragment no browser sends
    # them to a server, nor to the log of a proxy.
    publish_url = f"{addresses.publish_url}&key={made.key}"
    return Enrolment(
        id=device,
        key=made.key,
        rtsp_url=addresses.rtsp_url,
        rtsps_url=addresses.rtsps_url,
        whip_url=addresses.whip_url,
        publish_url=publish_url,
        qr_svg=_qr_svg(addresses.rtsp_url.replace("//", f"//{device}:{made.key}@", 1)),
        publish_qr_svg=_qr_svg(publish_url),
    )


def _qr_svg(text: str) -> str:
    """A whole SVG document: it can be put into a page or behind `data:image/svg+xml`."""
    drawn = io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind="svg", xmldecl=False, nl=False, scale=QR_SCALE)
    return drawn.getvalue().decode("utf-8")
