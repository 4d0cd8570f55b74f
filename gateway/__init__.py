"""The live side: lets video in and carries it.

Here: devices and checkpoints (`gateway.registry`), who may send (`gateway.admission`), the RTSP
listener (`gateway.rtsp`), WebRTC on one port (`gateway.webrtc`), live streams with their
readers (`gateway.stream`), and sound for who cannot play a device's own (`gateway.sound`).
Not here: what is kept on disk (recorder), who may watch (viewer.access), byte formats (media).

Invariant: the path from a device to its readers never waits for a database, a disk or a person.
"""

from gateway.admission import Admission, Refused, bearer_proof

__all__ = ["Admission", "Refused", "bearer_proof"]
