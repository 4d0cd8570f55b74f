"""The device's side of one WHIP session, which sends exactly what it is told (RFC 9725).

An offer by HTTP, connectivity checks, a DTLS handshake as its client, and then RTP and RTCP by SRTP. Whatever is sent,
it is a good peer otherwise: it checks as often as browsers do, and sends again what a NACK names.
Not here: what is sent and when (device, broadcast). Peers that are not ours are aiortc (phone) and Chromium.
"""

import asyncio
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import count

import httpx

from gateway.webrtc.dtls import DtlsEndpoint, DtlsIdentity, DtlsState
from media import TrackKind
from media.rtp import build_sender_report, packets, parse_feedback, wrap_rtx
from media.rtp.rtcp import SenderReport
from media.sdp import Fingerprint, IceCredentials, MediaDescription
from media.srtp import SessionKeys, SrtcpReceiver, SrtcpSender, split_keying_material
from media.srtp.by_profile import transform_for
from media.srtp.packet import HEADER, HEADER_SIZE
from media.srtp.receiver import nearest_index
from media.srtp.transform import Seal
from media.stun import MessageClass, build_request, parse_stun
from mingjing.simulator.link import RefusedError
from tests.chaos.flow import Address
from tests.chaos.nat import Nat

CHECK_EVERY_S = 2.0  # Chromium's, once it is connected
CHECK_AT_FIRST_S = 0.05
TICK_S = 0.05
CONNECT_WITHIN_S = 20
KEPT_PACKETS = 1_024  # to be sent again: two seconds of 5 Mbit/s
RTX_PAYLOAD_TYPE = 110
PRIORITY = 0x6E_00_FF_FF


@cache
def identity() -> DtlsIdentity:
    """The certificate of all devices of this test process: making one costs more than a handshake."""
    return DtlsIdentity()


class _Source:
    """One SSRC: its index never goes back over a rollover, and what it sent of late."""

    def __init__(self, seal: Seal, first: int) -> None:
        self.seal = seal
        self.newest = first
        self.sent: dict[int, bytes] = {}  # by sequence number, in the clear


class WhipLink:
    """Made by `Device.whip`. `lost` is set when all is over.

    `rtx` is whether repairs are packets of their own; `ssrcs` are told in the offer, a track each, as browsers do.
    """

    def __init__(
        self,
        url: str,
        key: str,
        media: Sequence[MediaDescription],
        address: str,
        *,
        through: Nat | None,
        rtx: bool,
        ssrcs: Sequence[int] = (),
    ) -> None:
        self.lost = asyncio.Event()
        self.keyed = asyncio.Event()
        self.location = ""
        self.etag = ""
        self.asked = 0  # numbers that NACKs named
        self.repaired = 0
        self.pictures_asked = 0
        self.longest_datagram = 0
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._media = media
        self._address = address
        self._through = through
        self._rtx = rtx
        self._ssrcs = ssrcs
        self.server: Address = ("", 0)  # of its media
        self.remote = _credentials()
        self.local = IceCredentials("", "")
        self._dtls: DtlsEndpoint | None = None
        self._keys: SessionKeys | None = None
        self._srtcp: SrtcpSender | None = None
        self._theirs: SrtcpReceiver | None = None
        self._sources: dict[int, _Source] = {}
        self._rtx_numbers = count(secrets.randbits(15))
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._check_at_s = 0.0
        self._shakes_hands = False
        self._socket: socket.socket | None = None  # from `begin` on

    # The session

    def offer(self) -> str:
        """The description that `connect` sends."""
        mids = " ".join(str(place) for place in range(len(self._media)))
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
        fingerprint = identity().fingerprint
        for place, one in enumerate(self._media):
            lines += _media_lines(one, place, RTX_PAYLOAD_TYPE if self._rtx else None)
            lines += [f"a=ice-ufrag:{self.remote.ufrag}", f"a=ice-pwd:{self.remote.password}"]
            lines += [f"a=ssrc:{ssrc} cname:tests" for ssrc in self._ssrcs[place : place + 1]]
            lines += [f"a=fingerprint:{fingerprint.algorithm} {fingerprint.digest.hex(':')}", "a=setup:actpass"]
        return "".join(f"{line}\r\n" for line in lines)

    async def connect(self) -> None:
        """Ask, connect, and shake hands; returns when there are keys.

        Raises:
            RefusedError: the server does not want it; the message is status and words.
            TimeoutError: no connection comes about.
        """
        await self.ask()
        self.begin()
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self.keyed.wait()

    async def ask(self, offer: str = "") -> None:
        """POST the offer, or one that was made of it, and take the answer."""
        async with httpx.AsyncClient(headers=self._headers, timeout=CONNECT_WITHIN_S) as client:
            answer = await client.post(
                self._url, content=offer or self.offer(), headers={"Content-Type": "application/sdp"}
            )
        if answer.status_code != 201:
            raise RefusedError(f"{answer.status_code} {answer.text}")
        self.location, self.etag = answer.headers["location"], answer.headers["etag"]
        lines = (answer.text if self._through is None else self._through.through(answer.text)).splitlines()
        self.local = IceCredentials(_value(lines, "a=ice-ufrag:"), _value(lines, "a=ice-pwd:"))
        algorithm, digest = _value(lines, "a=fingerprint:").split()
        theirs = Fingerprint(algorithm, bytes.fromhex(digest.replace(":", "")))
        host, port = _value(lines, "a=candidate:").split()[4:6]
        self.server = host, int(port)
        self._dtls = DtlsEndpoint(identity(), is_client=True, fingerprints=(theirs,), now_ns=time.monotonic_ns())

    def begin(self) -> None:
        """Check and shake hands, from now on, as an answer allows it."""
        self._open()
        self._tick()

    async def delete(self) -> httpx.Response:
        """DELETE the session: its end, on a link that may lose the end of DTLS."""
        async with httpx.AsyncClient(headers=self._headers, timeout=CONNECT_WITHIN_S) as client:
            return await client.delete(self._url.partition("/whip/")[0] + self.location)

    async def restart(self) -> None:
        """Restart ICE (RFC 9725, 4.3.3), as who comes to another network does."""
        self.remote = _credentials()
        fragment = (
            f"a=ice-ufrag:{self.remote.ufrag}\r\na=ice-pwd:{self.remote.password}\r\n"
            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
        )
        headers = {**self._headers, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
        async with httpx.AsyncClient(headers=headers, timeout=CONNECT_WITHIN_S) as client:
            url = self._url.partition("/whip/")[0] + self.location
            answer = await client.patch(url, content=fragment)
        answer.raise_for_status()
        lines = answer.text.splitlines()
        self.local = IceCredentials(_value(lines, "a=ice-ufrag:"), _value(lines, "a=ice-pwd:"))
        self._check()

    def move(self) -> None:
        """Another port, as another network gives; nobody is told."""
        self._close()
        self._open()

    def leave(self) -> None:
        """End in good order: the end of DTLS."""
        if self._dtls is not None and not self.lost.is_set():
            self._send_all(self._dtls.close())
        self.cut()

    def cut(self) -> None:
        """End as when the radio goes: without a word."""
        self.lost.set()
        if self._timer is not None:
            self._timer.cancel()
        self._close()

    # Media

    def rtp(self, track: int, packets: Sequence[bytes]) -> None:
        """Send packets, in the clear here; each may be asked for again."""
        for packet in packets:
            source = self._source(packet)
            _, _, sequence, _, _ = HEADER.unpack_from(packet)
            source.sent[sequence] = packet
            while len(source.sent) > KEPT_PACKETS:
                del source.sent[next(iter(source.sent))]
            self.send(self.sealed(packet))

    def rtcp(self, track: int, packet: bytes) -> None:
        if self._srtcp is not None:
            self.send(self._srtcp.protect(packet))

    def sealed(self, packet: bytes) -> bytes:
        """The same packet by SRTP. The same sequence number again is the same packet again."""
        source = self._source(packet)
        _, _, sequence, _, _ = HEADER.unpack_from(packet)
        index = nearest_index(source.newest, sequence)
        source.newest = max(source.newest, index)
        header = packet[:HEADER_SIZE]
        return header + source.seal(header, packet[HEADER_SIZE:], index)

    def send(self, datagram: bytes) -> None:
        """As it is. What the kernel does not take is gone, as on any network."""
        self.longest_datagram = max(self.longest_datagram, len(datagram))
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(datagram, self.server)

    def _source(self, packet: bytes) -> _Source:
        assert self._keys is not None
        _, _, sequence, _, ssrc = HEADER.unpack_from(packet)
        source = self._sources.get(ssrc)
        if source is None:
            seal = transform_for(self._keys.rtp).rtp_seal(ssrc)
            source = self._sources[ssrc] = _Source(seal, sequence)
        return source

    def _send_again(self, ssrc: int, numbers: Sequence[int]) -> None:
        source = self._sources.get(ssrc)
        for number in numbers:
            self.asked += 1
            packet = None if source is None else source.sent.get(number)
            if packet is None:
                continue
            self.repaired += 1
            if not self._rtx:
                self.send(self.sealed(packet))
                continue
            _, second, _, rtp_time, _ = HEADER.unpack_from(packet)
            (again,) = packets(
                [wrap_rtx(number, packet[HEADER_SIZE:])],
                payload_type=RTX_PAYLOAD_TYPE,
                sequence=next(self._rtx_numbers),
                rtp_time=rtp_time,
                ssrc=ssrc ^ 0x5254_5854,
                mark_last=bool(second & 0x80),
            )
            self.send(self.sealed(again))

    # The wire

    def _open(self) -> None:
        self._socket = made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((self._address, 0))
        made.setblocking(False)
        self._loop.add_reader(made, self._receive, made)

    def _close(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _tick(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._check_at_s:
            self._check()
        if self._dtls is not None:
            self._send_all(self._dtls.tick(time.monotonic_ns()))
        self._timer = self._loop.call_later(TICK_S, self._tick)

    def _check(self) -> None:
        connected = self.keyed.is_set()
        self._check_at_s = time.monotonic() + (CHECK_EVERY_S if connected else CHECK_AT_FIRST_S)
        self.send(
            build_request(
                secrets.token_bytes(12),
                f"{self.local.ufrag}:{self.remote.ufrag}".encode(),
                self.local.password.encode(),
                priority=PRIORITY,
                controlling=1,
                use_candidate=True,
            )
        )

    def _receive(self, heard: socket.socket) -> None:
        while True:
            try:
                datagram = heard.recv(2_048)
            except OSError:
                return
            if datagram and datagram[0] < 4:
                self._take_stun(datagram)
            elif datagram and datagram[0] < 64:
                self._take_dtls(datagram)
            elif datagram:
                self._take_feedback(datagram)
            if self.lost.is_set():
                return

    def _take_stun(self, datagram: bytes) -> None:
        message, dtls = parse_stun(datagram), self._dtls
        if message is not None and message.kind is MessageClass.SUCCESS and dtls is not None and not self._shakes_hands:
            self._shakes_hands = True
            self._send_all(dtls.start())

    _started = False

    def _take_dtls(self, datagram: bytes) -> None:
        dtls = self._dtls
        if dtls is None:
            return
        self._send_all(dtls.receive(datagram))
        if dtls.keys is not None and self._keys is None:
            ours, theirs = split_keying_material(dtls.keys.profile, dtls.keys.material)
            self._keys = ours
            self._srtcp, self._theirs = SrtcpSender(ours), SrtcpReceiver(theirs)
            self.keyed.set()
        if dtls.state in (DtlsState.CLOSED, DtlsState.FAILED):
            self.cut()

    def _take_feedback(self, datagram: bytes) -> None:
        plain = None if self._theirs is None else self._theirs.unprotect(datagram, 0, len(datagram))
        if plain is None:
            return
        told = parse_feedback(plain, 0, len(plain), time.monotonic_ns())
        self.pictures_asked += len(told.pictures_wanted)
        for ssrc, numbers in told.nacked.items():
            self._send_again(ssrc, numbers)

    def _send_all(self, datagrams: Sequence[bytes]) -> None:
        for datagram in datagrams:
            self.send(datagram)


class WhipSender:
    """Units of one track over a link, as `mingjing.simulator.senders` send them over RTSP."""

    def __init__(self, link: WhipLink, payload_type: int, ssrc: int, sequence: int) -> None:
        self._link = link
        self._payload_type = payload_type
        self._ssrc = ssrc
        self._sequence = sequence
        self.packets = self.octets = self.packets_dropped = 0

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bool:
        numbers = {"payload_type": self._payload_type, "sequence": self._sequence, "ssrc": self._ssrc}
        self._link.rtp(0, packets(payloads, rtp_time=rtp_time, **numbers))
        self._sequence += len(payloads)
        self.packets += len(payloads)
        self.octets += sum(map(len, payloads))
        return True

    def report(self, ntp: int, rtp_time: int) -> None:
        self._link.rtcp(0, build_sender_report(SenderReport(ntp, rtp_time & 0xFFFF_FFFF, 0, self._ssrc)))


def _credentials() -> IceCredentials:
    return IceCredentials(secrets.token_hex(4), secrets.token_hex(16))


def _media_lines(one: MediaDescription, place: int, rtx: int | None) -> list[str]:
    assert one.kind is not None
    number, channels = one.payload_type, f"/{one.channels}" if one.channels > 1 else ""
    video = one.kind is TrackKind.VIDEO
    repairs = f" {rtx}" if video and rtx is not None else ""
    lines = [f"m={one.kind.value} 9 UDP/TLS/RTP/SAVPF {number}{repairs}", "c=IN IP4 0.0.0.0", f"a=mid:{place}"]
    lines += ["a=sendonly", "a=rtcp-mux", f"a=rtpmap:{number} {one.codec_name}/{one.clock_rate}{channels}"]
    if one.fmtp:
        lines.append(f"a=fmtp:{number} {';'.join(f'{name}={value}' for name, value in one.fmtp.items())}")
    if video:
        lines += [f"a=rtcp-fb:{number} nack", f"a=rtcp-fb:{number} nack pli"]
    if repairs:
        lines += [f"a=rtpmap:{rtx} rtx/{one.clock_rate}", f"a=fmtp:{rtx} apt={number}"]
    return lines


def _value(lines: Sequence[str], name: str) -> str:
    return next(line.removeprefix(name) for line in lines if line.startswith(name))
