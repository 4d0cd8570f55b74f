"""RTSP in and out: devices announce and record, fixed cameras are called, people watch; over TCP, TLS or two UDP ports.

Here: sockets and timers around the sans-IO core of `media.rtsp`, the hand-over of access units
to the hub, and the way from there to players, packetized once a channel.
Not here: parsing (media), who may send (gateway.admission), who may watch (behind the `RtspDoor` that
the roof hands in), what becomes of a stream (gateway.stream).

Invariant: an RTP packet is taken apart in the buffer it was read into; per packet nothing is
awaited, logged or allocated beyond its payload.
"""

from gateway.rtsp.door import Denied, RtspDoor, RtspView
from gateway.rtsp.listener import RtspListener
from gateway.rtsp.pull_networks import PullNetworks
from gateway.rtsp.puller import Puller

__all__ = ["Denied", "PullNetworks", "Puller", "RtspDoor", "RtspListener", "RtspView"]
