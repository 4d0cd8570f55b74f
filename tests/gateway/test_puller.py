"""Fixed cameras are called: a real puller against cameras on loopback that say what a transcript says."""

import asyncio
import hashlib
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.registry import RefusalReason, SourceTransport
from gateway.rtsp import Puller, PullNetworks, dial
from gateway.rtsp.backoff import Patience
from gateway.rtsp.udp import UdpPorts
from gateway.stream import ChannelChanged, ChannelState, Hub, VideoOffer
from media import Codec, GapCause
from storage import SystemClock, UlidFactory
from tests.gateway.registry_house import BY, open_registry
from tests.gateway.scripted_camera import PLAIN, scripted_camera, with_answer
from tests.house.archive import until
from tests.media.rtsp.transcript import TRANSCRIPTS, Transcript

SECOND_NS = 1_000_000_000
GOODBYE = b"$\x01\x00\x08\x81\xcb\x00\x01\x11\x22\x33\x44"  # RTCP BYE on channel 1
HASTE = Patience(first_s=0.05, cap_s=0.1, locked_out_s=5, locked_out_cap_s=5, start_within_s=0)
HERE = PullNetworks(["127.0.0.1/32"], ["1-65535"])
REFUSED = 'RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\nWWW-Authenticate: Digest realm="x", nonce="n"\n\n'


class HurriedClock(SystemClock):
    """The system's, set ahead by the test."""

    ahead_ns = 0

    def mono_ns(self):
        return super().mono_ns() + self.ahead_ns


@dataclass
class PullSide:
    house: object
    hub: Hub
    puller: Puller
    clock: HurriedClock
    states: list[tuple[str, str]] = field(default_factory=list)

    async def fetch(self, port, *, host="127.0.0.1", scheme="rtsp", path="/live", **fields):
        fields = {"user": "admin", "password": "s3cret", "principal": BY} | fields
        await self.house.registry.sources.set("cam1", url=f"{scheme}://{host}:{port}{path}", **fields)

    @property
    def device(self):
        return self.house.devices.get("cam1")

    async def refused(self, reason):
        await until(lambda: self.device.last_refusal is not None and self.device.last_refusal.reason == reason, 10)
        return self.device.last_refusal

    async def plays(self):
        await until(lambda: self.puller.playing == 1, 10)

    async def away(self):
        await until(lambda: not self.hub.is_sending("cam1", "main"), 10)

    @property
    def goodbye_came(self):
        [(pull, _)] = self.puller._pulls.values()
        return all(receiver.goodbye for receiver in pull._connection._receivers)

    @property
    def last_cause(self):
        return self.hub.channel("cam1", "main").reason


@asynccontextmanager
async def pull_side(folder, *, networks=HERE, udp=False, before=None):
    async with open_registry(folder) as house:
        await house.furnish("cam1")
        clock = HurriedClock()
        hub = Hub(node_id="test", clock=clock, new_id=UlidFactory(clock), bus=house.bus)
        ports = UdpPorts(clock) if udp else None
        if ports is not None:
            await ports.open("127.0.0.1", 0, 0)
        puller = Puller(
            hub=hub, registry=house.registry, bus=house.bus, clock=clock, networks=networks, udp=ports, patience=HASTE
        )
        side = PullSide(house, hub, puller, clock)
        if before is not None:
            await before(side)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(puller.run())
            yield side
            await puller.close()
            running.cancel()
        if ports is not None:
            ports.close()


@pytest.fixture
async def side(tmp_path):
    async with pull_side(tmp_path) as side:
        yield side


async def test_a_source_is_fetched_as_soon_as_it_is_given_and_ends_when_it_is_taken_away(side):
    async with scripted_camera() as camera:
        with side.house.bus.subscribe(ChannelChanged) as changes:
            await side.fetch(camera.port)
            change = await anext(changes)
        assert (change.device_id, change.channel, change.state) == ("cam1", "main", ChannelState.CONNECTING)
        assert camera.asked == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
        await side.house.registry.sources.remove("cam1", principal=BY)
        await camera.wait_for("TEARDOWN")
        assert side.last_cause == "device_stopped"
        assert side.puller.sources == 0
    assert side.device.last_seen_utc_ns is not None


async def test_sources_that_were_there_before_are_fetched_at_the_start(tmp_path):
    async with (
        scripted_camera() as camera,
        pull_side(tmp_path, before=lambda side: side.fetch(camera.port)) as side,
    ):
        await side.plays()


async def test_a_server_that_stops_hangs_up_in_good_order(tmp_path):
    async with scripted_camera() as camera:
        async with pull_side(tmp_path) as side:
            await side.fetch(camera.port)
            await side.plays()
        assert side.last_cause == "server_stopped"
        await camera.wait_for("TEARDOWN")


@pytest.mark.parametrize("switch", ["disable", "remove"])
async def test_a_device_that_is_disabled_or_removed_is_called_no_more(side, switch):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await side.plays()
        await getattr(side.house.devices, switch)("cam1", principal=BY)
        await camera.wait_for("TEARDOWN")
        assert side.last_cause == "disabled"
        assert side.puller.sources == 0
        if switch == "disable":
            await side.house.devices.enable("cam1", principal=BY)
            await camera.wait_for("PLAY", 2)


async def test_another_source_takes_the_place_of_the_one_before(side):
    async with scripted_camera() as first, scripted_camera() as second:
        await side.fetch(first.port)
        await side.plays()
        await side.fetch(second.port)
        await first.wait_for("TEARDOWN")
        await second.wait_for("PLAY")
        await side.plays()
        assert first.calls == 1


async def test_a_change_that_does_not_concern_the_source_interrupts_nothing(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await side.plays()
        await side.house.devices.edit("cam1", name="another", principal=BY)
        await side.fetch(camera.port, password="s3cret2")  # this one does
        await camera.wait_for("PLAY", 2)
        assert camera.calls == 2


async def test_a_camera_that_hangs_up_is_called_again(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await camera.wait_for("PLAY")
        camera.hang_up()
        await camera.wait_for("PLAY", 2)
        assert side.device.last_refusal is None


async def test_a_camera_that_falls_silent_is_found_and_called_again(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await side.plays()
        side.clock.ahead_ns += 9 * SECOND_NS
        await camera.wait_for("PLAY", 2)
        assert side.device.last_refusal is None  # it did send


async def test_a_camera_that_never_sends_says_so_to_the_admin(side):
    silent = Transcript("silent", PLAIN.expected, [part for part in PLAIN.answers if part[0] != "packets"])
    async with scripted_camera(silent) as camera:
        await side.fetch(camera.port)
        await side.plays()
        side.clock.ahead_ns += 9 * SECOND_NS
        assert "no media" in (await side.refused(RefusalReason.NO_MEDIA)).words


async def test_a_camera_that_says_goodbye_has_stopped(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await side.plays()
        with side.house.bus.subscribe(ChannelChanged) as changes:
            camera.write(GOODBYE)
            await until(lambda: side.goodbye_came, 10)
            side.clock.ahead_ns += 3 * SECOND_NS
            async with asyncio.timeout(10):
                while (change := await anext(changes)).state is not ChannelState.OFFLINE:
                    pass
        assert change.reason == "device_stopped"


async def test_a_wrong_password_is_remembered_and_not_tried_again_soon(side):
    async with scripted_camera(with_answer("DESCRIBE", REFUSED)) as camera:
        camera.transcript.answers.insert(2, ("DESCRIBE", REFUSED))
        await side.fetch(camera.port)
        refusal = await side.refused(RefusalReason.WRONG_PASSWORD)
        assert refusal.peer == "127.0.0.1"
        await asyncio.sleep(10 * HASTE.cap_s)  # in which another fault would be tried ten times
        assert camera.calls == 1
        assert "s3cret" not in "".join(camera.texts)


@pytest.mark.parametrize(
    ("method", "answer", "reason"),
    [
        ("DESCRIBE", "RTSP/1.0 404 Not Found\nCSeq: {cseq}\n\n", RefusalReason.NOT_FOUND),
        ("DESCRIBE", "RTSP/1.0 200 OK\nCSeq: {cseq}\nContent-Length: 3\n\nhm\n", RefusalReason.BAD_DESCRIPTION),
        (
            "DESCRIBE",
            "RTSP/1.0 200 OK\nCSeq: {cseq}\nContent-Length: {length}\n\nm=video 0 RTP/AVP 26\n",
            RefusalReason.CODEC_NOT_SUPPORTED,
        ),
        ("SETUP", "RTSP/1.0 461 Unsupported\nCSeq: {cseq}\n\n", RefusalReason.TRANSPORT_NOT_SUPPORTED),
        ("PLAY", "RTSP/1.0 453 Not Enough Bandwidth\nCSeq: {cseq}\n\n", RefusalReason.CAMERA_REFUSED),
        ("OPTIONS", "HTTP/1.1 400 Bad Request\n\n", RefusalReason.CAMERA_REFUSED),
        (
            "DESCRIBE",
            "RTSP/1.0 302 Moved\nCSeq: {cseq}\nLocation: rtsp://169.254.169.254/latest\n\n",
            RefusalReason.ADDRESS_NOT_ALLOWED,
        ),
        (
            "DESCRIBE",
            "RTSP/1.0 302 Moved\nCSeq: {cseq}\nLocation: http://127.0.0.1/\n\n",
            RefusalReason.CAMERA_REFUSED,
        ),
    ],
)
async def test_the_admin_sees_why_a_camera_never_came(side, method, answer, reason):
    async with scripted_camera(with_answer(method, answer)) as camera:
        await side.fetch(camera.port)
        await side.refused(reason)
        assert not side.hub.is_sending("cam1", "main")


async def test_a_camera_that_is_not_there_is_unreachable_and_tried_again(side):
    async with scripted_camera() as camera:
        port = camera.port
    await side.fetch(port)
    await side.refused(RefusalReason.UNREACHABLE)
    assert side.puller.sources == 1


@pytest.mark.parametrize(
    "networks",
    [
        PullNetworks(),
        PullNetworks(["10.0.0.0/8"], ["1-65535"]),
        PullNetworks(["127.0.0.0/8"], ["554"]),
    ],
    ids=["off", "elsewhere", "another port"],
)
async def test_an_address_outside_of_the_settings_is_not_even_knocked_at(tmp_path, networks):
    async with scripted_camera() as camera, pull_side(tmp_path, networks=networks) as side:
        await side.fetch(camera.port)
        assert (await side.refused(RefusalReason.ADDRESS_NOT_ALLOWED)).words
        assert camera.calls == 0


async def test_a_name_that_changes_its_meaning_leads_to_the_address_that_was_looked_at(side, monkeypatch):
    answers = iter(["127.0.0.1"])
    loop = asyncio.get_running_loop()
    asked = []

    async def resolve(host, port, **options):
        asked.append((host, options.get("flags", 0)))
        return [(2, 1, 6, "", (next(answers), port))]  # asked a second time it would fail

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    async with scripted_camera() as camera:
        await side.fetch(camera.port, host="camera.example")
        await camera.wait_for("PLAY")
    assert [host for host, _ in asked if host == "camera.example"] == ["camera.example"]


async def test_a_redirect_to_another_camera_is_followed_but_the_password_is_not_taken_along(side):
    wants = [("OPTIONS", REFUSED)] * 2
    async with scripted_camera(Transcript("wants", {}, wants)) as other:
        moved = f"RTSP/1.0 302 Moved\nCSeq: {{cseq}}\nLocation: rtsp://127.0.0.1:{other.port}/live\n\n"
        async with scripted_camera(with_answer("DESCRIBE", moved)) as camera:
            await side.fetch(camera.port)
            await side.refused(RefusalReason.WRONG_PASSWORD)
            assert other.calls == 1
            assert not any("Authorization" in text for text in other.texts)


async def test_cameras_that_redirect_to_each_other_are_not_followed_for_ever(side):
    moved = "RTSP/1.0 302 Moved\nCSeq: {cseq}\nLocation: rtsp://127.0.0.1:%d/live\n\n"
    async with scripted_camera() as camera:
        camera.transcript = with_answer("OPTIONS", moved % camera.port)
        await side.fetch(camera.port)
        await until(lambda: camera.calls >= 4, 10)
        await asyncio.sleep(0)
        assert not side.hub.is_sending("cam1", "main")


async def test_who_takes_the_channel_over_is_not_taken_over_again(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port)
        await side.plays()
        pushed = side.hub.publish("cam1", "main", [VideoOffer(Codec.H264, 90_000, ())], lambda cause: None)
        await camera.wait_for("TEARDOWN")
        await asyncio.sleep(5 * HASTE.cap_s)
        assert camera.calls == 1
        assert not pushed.ended
        side.hub.end(pushed, GapCause.DEVICE_STOPPED)
        await camera.wait_for("PLAY", 2)


async def test_over_udp_reports_go_to_the_camera_whatever_its_answer_says(tmp_path):
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Port(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            heard.put_nowait(data)

    rtp, _ = await loop.create_datagram_endpoint(Port, local_addr=("127.0.0.1", 0))
    port = rtp.get_extra_info("sockname")[1]
    vector = next(one for one in TRANSCRIPTS if one.name == "transport-with-source-and-destination")
    answers = [
        (name, text.replace("server_port=6970-6971", f"server_port={port - 1}-{port}")) for name, text in vector.answers
    ]
    async with (
        scripted_camera(Transcript("udp", vector.expected, answers)) as camera,
        pull_side(tmp_path, udp=True) as side,
    ):
        await side.fetch(camera.port, transport=SourceTransport.UDP)
        async with asyncio.timeout(10):
            report = await heard.get()
        assert report[1] == 201  # a receiver report
    rtp.close()


async def test_udp_that_the_settings_switch_off_is_no_way(side):
    async with scripted_camera() as camera:
        await side.fetch(camera.port, transport=SourceTransport.UDP)
        assert "switched off" in (await side.refused(RefusalReason.TRANSPORT_NOT_SUPPORTED)).words


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A camera's own: signed by itself, for its address. Path of chain and key, and fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()


@pytest.fixture
def context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[0])
    return context


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(side, context):
    async with scripted_camera(context=context) as camera:
        await side.fetch(camera.port, scheme="rtsps")
        await side.refused(RefusalReason.TLS_NOT_TRUSTED)
        assert camera.asked == []


async def test_the_one_certificate_that_was_named_is_trusted_and_the_password_may_be_sent(side, context, certificate):
    basic = 'RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\nWWW-Authenticate: Basic realm="x"\n\n'
    wants = Transcript("basic", PLAIN.expected, [("OPTIONS", basic), *PLAIN.answers])
    async with scripted_camera(wants, context=context) as camera:
        await side.fetch(camera.port, scheme="rtsps", fingerprint=certificate[1])
        await side.plays()
        assert "Authorization: Basic " in camera.texts[1]


async def test_another_certificate_is_turned_away_before_a_word_is_said(side, context):
    async with scripted_camera(context=context) as camera:
        await side.fetch(camera.port, scheme="rtsps", fingerprint="ab" * 32)
        refusal = await side.refused(RefusalReason.TLS_NOT_TRUSTED)
        assert "not the one" in refusal.words
        assert camera.asked == []


async def test_a_camera_without_tls_is_not_spoken_to_without_it(side, monkeypatch):
    monkeypatch.setattr(dial, "HANDSHAKE_WITHIN_S", 0.3)
    async with scripted_camera() as camera:
        await side.fetch(camera.port, scheme="rtsps")
        await side.refused(RefusalReason.TLS_NOT_TRUSTED)
        assert camera.asked == []
