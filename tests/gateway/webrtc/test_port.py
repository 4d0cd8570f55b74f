"""The one UDP port: datagrams in, batches out, nothing waits and nothing raises."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.webrtc import Address, UdpPort
from gateway.webrtc import port as port_module
from gateway.webrtc.port import DATAGRAM_MAX_BYTES, DATAGRAMS_A_WAKE_UP, SEGMENTS_MAX
from storage import SystemClock
from tests.gateway.webrtc.rig import until


class Heard:
    def __init__(self) -> None:
        self.datagrams: list[bytes] = []
        self.addresses: list[Address] = []
        self.times_ns: list[int] = []

    def __call__(self, buffer: memoryview, length: int, address: Address, now_ns: int) -> None:
        self.datagrams.append(bytes(buffer[:length]))
        self.addresses.append(address)
        self.times_ns.append(now_ns)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def port(heard: Heard) -> AsyncIterator[UdpPort]:
    made = UdpPort(heard, SystemClock())
    await made.open("127.0.0.1", 0)
    yield made
    made.close()


def client() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(2)
    return made


async def test_datagrams_are_handed_on_with_where_they_came_from(port: UdpPort, heard: Heard) -> None:
    with closing(client()) as one:
        sent = [bytes([number % 256]) * (number % 1_400) for number in range(2 * DATAGRAMS_A_WAKE_UP + 3)]
        for datagram in sent:
            one.sendto(datagram, ("127.0.0.1", port.port))
        await until(lambda: len(heard.datagrams) == len(sent))
        assert heard.datagrams == sent
        assert set(heard.addresses) == {one.getsockname()}
        assert port.statistics.received == len(sent)


async def test_smaller_buffers_than_it_asked_for_are_told_with_what_to_do(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = UdpPort(heard, SystemClock())
    with capture_logs() as logs:
        monkeypatch.setattr(port_module, "RECEIVE_BUFFER_BYTES", (1 << 31) - 1)  # no kernel gives that
        await port.open("127.0.0.1", 0)
        port.close()
    [told] = logs
    assert (told["log_level"], "rmem_max=2147483647" in told["fix"]) == ("warning", True)
    assert told["receive_bytes"] == port.receive_buffer_bytes < (1 << 31) - 1
    assert port.send_buffer_bytes > 0


async def test_what_is_too_long_is_cut(port: UdpPort, heard: Heard) -> None:
    with closing(client()) as one:
        one.sendto(b"x" * 9_000, ("127.0.0.1", port.port))
        await until(lambda: heard.datagrams)
        assert len(heard.datagrams[0]) == DATAGRAM_MAX_BYTES


@pytest.mark.parametrize("offload", [True, False])
@pytest.mark.parametrize("count", [1, 9, SEGMENTS_MAX, SEGMENTS_MAX + 9])
@pytest.mark.parametrize("last", [0, 700])
async def test_a_batch_arrives_as_datagrams(port: UdpPort, offload: bool, count: int, last: int) -> None:
    if offload and not port.offload:
        pytest.skip("this kernel cuts no batches")
    port._offload = offload
    size = 1_188
    wanted = [bytes([number]) * size for number in range(count)] + ([b"e" * last] if last else [])
    pieces = [piece for datagram in wanted for piece in (datagram[:12], memoryview(datagram)[12:])]
    with closing(client()) as one:
        port.send(pieces, one.getsockname(), size)
        assert [one.recv(2_048) for _ in wanted] == wanted
    assert port.statistics.sent == len(wanted)


@pytest.mark.parametrize("code", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE])
async def test_a_batch_that_the_kernel_does_not_cut_is_cut_here(
    port: UdpPort, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = port._socket
    assert real is not None

    class Uncut:
        def sendmsg(self, buffers: Any, ancillary: Any, flags: int, address: Address) -> int:
            if ancillary:
                raise OSError(code, "not on this route")
            return real.sendmsg(buffers, ancillary, flags, address)

    port._offload = True
    monkeypatch.setattr(port, "_socket", Uncut())
    with closing(client()) as one:
        port.send([b"a" * 100, b"b" * 100, b"c"], one.getsockname(), 100)
        assert [one.recv(200) for _ in range(3)] == [b"a" * 100, b"b" * 100, b"c"]
    assert (port.statistics.sent, port.statistics.uncut, port.statistics.failed) == (3, 3, 0)
    monkeypatch.undo()


async def test_an_address_that_takes_no_batch_spoils_it_for_nobody_else(port: UdpPort) -> None:
    """Port 0 may stand in what a peer sends; the kernel says of it what it says of batches that it cannot cut."""
    if not port.offload:
        pytest.skip("this kernel cuts no batches")
    port.send([b"a" * 100, b"b" * 100], ("127.0.0.1", 0), 100)
    assert (port.statistics.sent, port.statistics.uncut, port.statistics.failed) == (0, 2, 2)
    with closing(client()) as one:
        port.send([b"a" * 100, b"b" * 100], one.getsockname(), 100)
        assert [one.recv(200) for _ in range(2)] == [b"a" * 100, b"b" * 100]
    assert (port.statistics.sent, port.statistics.uncut) == (2, 2)


async def test_what_the_kernel_had_no_room_for_is_counted(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "RECEIVE_BUFFER_BYTES", 8_192)
    port = UdpPort(heard, SystemClock())
    await port.open("127.0.0.1", 0)
    with closing(client()) as one:
        for _ in range(500):
            one.sendto(bytes(1_000), ("127.0.0.1", port.port))
        await until(lambda: port.statistics.received + port.overflowed == 500)
        assert port.overflowed > 400
    port.close()
    assert port.overflowed == 0


async def test_a_fault_of_whom_it_is_handed_to_is_not_taken_for_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise OSError("of the house")

    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    port = UdpPort(faulty, SystemClock())
    await port.open("127.0.0.1", 0)
    with closing(client()) as one:
        one.sendto(b"x", ("127.0.0.1", port.port))
        await until(lambda: told)
    assert str(told[0]["exception"]) == "of the house"
    assert (port.statistics.received, port.statistics.failed) == (1, 0)
    port.close()


@pytest.mark.parametrize(
    ("error", "dropped", "failed"),
    [(BlockingIOError(), 2, 0), (OSError(errno.ENETUNREACH, "no route"), 0, 2), (PermissionError(), 0, 2)],
)
async def test_what_the_kernel_does_not_take_is_dropped_and_counted(
    port: UdpPort, monkeypatch: pytest.MonkeyPatch, error: OSError, dropped: int, failed: int
) -> None:
    class Full:
        def sendmsg(self, *_: Any) -> int:
            raise error

    monkeypatch.setattr(port, "_socket", Full())
    port._offload = True
    port.send([b"a" * 100, b"b" * 100], ("127.0.0.1", 9), 100)
    assert (port.statistics.dropped, port.statistics.failed, port.statistics.sent) == (dropped, failed, 0)
    monkeypatch.undo()


async def test_a_port_in_use_is_named(port: UdpPort, heard: Heard) -> None:
    with pytest.raises(OSError, match=rf"WebRTC UDP 127.0.0.1:{port.port} cannot be bound: .*in use"):
        await UdpPort(heard, SystemClock()).open("127.0.0.1", port.port)


async def test_after_the_end_nothing_is_sent_and_closing_again_does_nothing(heard: Heard) -> None:
    port = UdpPort(heard, SystemClock())
    await port.open("localhost", 0)
    port.close()
    port.close()
    port.send([b"x"], ("127.0.0.1", 9))
    assert port.statistics.sent == 0


async def test_all_addresses_are_of_both_families(heard: Heard) -> None:
    port = UdpPort(heard, SystemClock())
    try:
        await port.open("::", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with closing(client()) as one:
        one.sendto(b"hello", ("127.0.0.1", port.port))
        await until(lambda: heard.datagrams)
        port.send([b"back"], heard.addresses[0])
        assert one.recv(100) == b"back"
    port.close()
