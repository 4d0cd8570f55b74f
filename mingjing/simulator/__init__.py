"""The fleet simulator: one process plays hundreds of devices, and can misbehave like them.

Here: a generated clip (moving scene, clock, tone) or one from a file, devices that publish it over RTSP (TCP
or UDP) or by WHIP with a stamp in every picture, faults, and the ledger of what was sent.
Not here: the command line (mingjing.cli), WebRTC connections (mingjing.webrtc_client), and judging what the server
made of it (mingjing.bench).

Invariants: every picture carries its device's id and number in a stamp; numbers of a device go on
over connections; what is due later is sent later, nothing is skipped; nothing here runs in the server.
"""

from mingjing.simulator.clip import Clip, ClipError
from mingjing.simulator.device import Interruption
from mingjing.simulator.faults import Faults, Trespass
from mingjing.simulator.fleet import Fleet, simulate
from mingjing.simulator.generated import ClipOptions
from mingjing.simulator.ledger import DeviceReport, FleetReport, SentRange
from mingjing.simulator.options import DEVICE_FIELD, DeviceLogin, Over, SimulateOptions

__all__ = [
    "DEVICE_FIELD",
    "Clip",
    "ClipError",
    "ClipOptions",
    "DeviceLogin",
    "DeviceReport",
    "Faults",
    "Fleet",
    "FleetReport",
    "Interruption",
    "Over",
    "SentRange",
    "SimulateOptions",
    "Trespass",
    "simulate",
]
