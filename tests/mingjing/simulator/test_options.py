"""What an operator may ask for."""

from pathlib import Path

import pytest

from mingjing.simulator import DeviceLogin, Faults, Over, SimulateOptions


def options(**changes):
    return SimulateOptions(**{"server": "rtsp://127.0.0.1:8554", "devices": (), "cache_dir": Path("x"), **changes})


def test_host_and_port_are_read_and_the_port_has_a_default():
    assert options().address == ("127.0.0.1", 8554)
    assert options(server="rtsp://[::1]").address == ("::1", 8554)
    assert options(server="rtsp://host:1/").address == ("host", 1)


@pytest.mark.parametrize("server", ["", "host:8554", "http://host", "rtsp://", "rtsp://host/dev1"])
def test_a_server_that_is_none_is_refused(server):
    with pytest.raises(ValueError, match="rtsp://HOST:PORT"):
        options(server=server)


def test_loss_needs_datagrams():
    with pytest.raises(ValueError, match="UDP"):
        options(faults=Faults(loss=0.1))
    assert options(faults=Faults(loss=0.1), over=Over.UDP)
    assert options(faults=Faults(loss=0.1), over=Over.WHIP, server="http://127.0.0.1:8080")


@pytest.mark.parametrize("server", ["rtsp://127.0.0.1:8554", "http://", "http://host/whip/dev1"])
def test_by_whip_a_server_is_an_address_of_http_and_says_where_in_it_the_device_stands(server):
    with pytest.raises(ValueError, match=r"http://HOST:PORT|\{device\}"):
        options(server=server, over=Over.WHIP)
    assert options(server="http://host/{device}/whip", over=Over.WHIP)


def test_paths_and_secrets():
    assert DeviceLogin("dev1", "secret").path == "/dev1"
    assert DeviceLogin("dev1", "secret", "sub").path == "/dev1/sub"
    assert "secret" not in repr(options(devices=(DeviceLogin("dev1", "secret"),)))
