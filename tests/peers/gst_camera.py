"""A fixed camera made of GStreamer's RTSP server: run by the system's Python, which has its bindings.

    /usr/bin/python3 tests/peers/gst_camera.py FILE.mp4 USER PASSWORD [udp]

Serves the file's H.264 and AAC at /live to who knows the password (Digest), from its beginning to each caller, over
TCP, or with `udp` over UDP only. Prints its port.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PIPELINE = (
    "( filesrc location={file} ! qtdemux name=d d.video_0 ! queue ! rtph264pay name=pay0 pt=96 "
    "d.audio_0 ! queue ! rtpmp4gpay name=pay1 pt=97 )"
)


def serve(file: str, user: str, password: str, over_udp: bool) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")

    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)

    factory = GstRtspServer.RTSPMediaFactory()
    role = "viewer,media.factory.access=(boolean)true,media.factory.construct=(boolean)true"
    factory.add_role_from_structure(Gst.Structure.from_string(role)[0])
    factory.set_launch(PIPELINE.format(file=file))
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP if over_udp else GstRtsp.RTSPLowerTrans.TCP)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)  # noqa: T201
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:4], over_udp="udp" in sys.argv[4:])
