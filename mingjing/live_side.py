"""The gateway of a running server: who lets video in, carries it, and sends it out.

Not here: what the web app is handed of it (viewer_services).
"""

import secrets
import ssl
from dataclasses import dataclass

from gateway import Admission
from gateway.rtsp import Puller, PullNetworks, RtspListener
from gateway.sound import SoundReplacements
from gateway.stream import Hub
from gateway.webrtc import PeerAddresses, Peers, Publishers, Talks, Viewers
from media.rtsp import NonceFactory
from mingjing.wiring import House
from mingjing.workshop import sound_workers
from workers import SoundWorkers


@dataclass(frozen=True, slots=True)
class LiveSide:
    """Made by `open_live_side`, which binds; its owner runs the timers and closes."""

    admission: Admission
    rtsp: RtspListener
    peers: Peers
    publishers: Publishers
    viewers: Viewers
    talks: Talks
    workers: SoundWorkers
    sounds: SoundReplacements
    puller: Puller


async def open_live_side(house: House, hub: Hub) -> LiveSide:
    """
    Raises:
        OSError: a port cannot be bound; the message names it.
    """
    nonces = NonceFactory(secrets.token_bytes(32), secrets.token_bytes)
    admission = Admission(house.registry.devices, nonces, house.clock)
    rtsp = await _listen_for_devices(house, hub, admission)
    peers = await _open_peers(house)
    publishers = Publishers(peers, hub, admission, house.clock)
    workers = sound_workers(house.settings, hub, house.clock)
    sounds = SoundReplacements(hub, workers, house.clock)
    viewers = Viewers(peers, hub, house.steady, sounds)
    talks = Talks(hub, publishers, house.clock)
    puller = _puller(house, hub, rtsp)
    return LiveSide(admission, rtsp, peers, publishers, viewers, talks, workers, sounds, puller)


async def _listen_for_devices(house: House, hub: Hub, admission: Admission) -> RtspListener:
    settings = house.settings.rtsp
    rtsp = RtspListener(hub=hub, admission=admission, clock=house.clock)
    await rtsp.open(settings.host, settings.port, (settings.rtp_port, settings.rtcp_port) if settings.udp else None)
    own = house.settings.rtsp_certificate
    if own is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(own.chain, own.private_key)
        await rtsp.open_tls(settings.host, settings.tls_port, context)
    return rtsp


async def _open_peers(house: House) -> Peers:
    settings = house.settings.webrtc
    peers = Peers(house.clock)
    await peers.open(PeerAddresses(settings.host, settings.port, settings.public_addresses))
    return peers


def _puller(house: House, hub: Hub, rtsp: RtspListener) -> Puller:
    settings = house.settings.rtsp
    networks = PullNetworks(settings.pull_networks, settings.pull_ports)
    return Puller(hub=hub, registry=house.registry, bus=house.bus, clock=house.clock, networks=networks, udp=rtsp.udp)
