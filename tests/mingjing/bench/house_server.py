"""The server of a house as a benchmark knows its own."""

from collections.abc import Sequence

from mingjing.bench.server import OwnServer
from mingjing.simulator import DeviceLogin
from tests.house.furniture import PASSWORD
from tests.house.house import House


def own_server_in(house: House, devices: Sequence[str]) -> OwnServer:
    return OwnServer(
        pid=house.server.pid,
        http=house.http_url.removeprefix("http://"),
        rtsp=house.rtsp_url,
        data_dir=house.data_dir,
        logins=tuple(DeviceLogin(device, house.keys[device]) for device in devices),
        supervisor="supervisor",
        password=PASSWORD,
        start_s=0.0,
    )
