"""RTSP in: devices announce and record, over one TCP connection or with media over two UDP ports.

Here: sockets and timers around the sans-IO core of `media.rtsp`, and the hand-over of access units
to the hub.
Not here: parsing (media), who may send (gateway.admission), what becomes of a stream (gateway.stream).

Invariant: an RTP packet is taken apart in the buffer it was read into; per packet nothing is
awaited, logged or allocated beyond its payload.
"""

from gateway.rtsp.listener import RtspListener

__all__ = ["RtspListener"]
