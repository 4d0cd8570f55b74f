"""The tracks of one session, announced or described: which a SETUP means, and how each one travels.

Not here: what the tracks contain (media.sdp), sockets.
"""

from collections.abc import Iterable
from dataclasses import replace

from media.rtsp.errors import RtspError
from media.rtsp.path import target_of
from media.rtsp.transport import Lower, Transport
from media.sdp import SessionDescription

_CHANNELS = 256


class Tracks:
    """Bookkeeping over the SETUPs of one session."""

    def __init__(self, description: SessionDescription, session_url: str) -> None:
        self.description = description
        self.base = session_url.partition("?")[0].rstrip("/") + "/"  # Content-Base of what is described
        self._session = target_of(session_url)
        self._transports: dict[int, Transport] = {}

    def url_of(self, track: int) -> str:
        """The URL of a track that we described: its control is relative."""
        return self.base + self.description.media[track].control

    @property
    def channels(self) -> set[int]:
        """Every interleaved channel in use."""
        return {
            channel for transport in self._transports.values() if transport.channels for channel in transport.channels
        }

    def match(self, url: str) -> int:
        """Index of the track that a SETUP URL means.

        The URL is the session's plus the track's control, with or without a slash between
        (clients with a query in their URL append behind the query), or the control itself where
        that is absolute. A single track may be meant by the session's URL alone.

        Raises:
            RtspError: 404 for none of them, 455 for a track that has a transport already.
        """
        meant = self._meant_by(target_of(url))
        if not meant:
            raise RtspError(404, "this session has no such track")
        index = next((index for index in meant if index not in self._transports), None)
        if index is None:
            raise RtspError(455, "this track has a transport already")
        return index

    def _meant_by(self, target: str) -> list[int]:
        """Every track whose control it is: some announce two tracks without any."""
        rest = self._behind_session(target)
        media = self.description.media
        meant = [index for index, one in enumerate(media) if _is_control(one.control, target, rest)]
        return [0] if not meant and rest == "" and len(media) == 1 else meant

    def _behind_session(self, target: str) -> str | None:
        for base in (self._session, self._session.partition("?")[0]):
            base = base.rstrip("/")
            if target.startswith(base) and (len(target) == len(base) or target[len(base)] in "/?"):
                return target[len(base) :].strip("/")
        return None

    def choose(self, offers: Iterable[Transport], *, udp: bool) -> Transport:
        """The first offer that we can serve, channels filled in.

        Raises:
            RtspError: 461, nothing fits.
        """
        used = {transport.lower for transport in self._transports.values()}
        for offer in offers:
            if offer.multicast or (used and offer.lower not in used):
                continue  # one session, one way: half a session over UDP would outlive its connection
            if offer.lower is Lower.TCP:
                return self._with_channels(offer)
            if udp and offer.client_port is not None:
                return offer
        raise RtspError(461, "neither RTP/AVP/TCP interleaved" + (" nor unicast UDP offered" if udp else " offered"))

    def _with_channels(self, offer: Transport) -> Transport:
        used = self.channels
        if offer.channels is None:
            free = next(
                (
                    pair
                    for pair in zip(range(0, _CHANNELS, 2), range(1, _CHANNELS, 2), strict=True)
                    if used.isdisjoint(pair)
                ),
                None,
            )
            if free is None:
                raise RtspError(461, "all interleaved channels are in use")
            return replace(offer, channels=free)
        if not used.isdisjoint(offer.channels):
            raise RtspError(461, "an interleaved channel of this session is used twice")
        return offer

    def assign(self, index: int, transport: Transport) -> None:
        self._transports[index] = transport


def _is_control(control: str, target: str, behind_session: str | None) -> bool:
    if "://" in control:
        return target.rstrip("/") == target_of(control).rstrip("/")
    return behind_session is not None and behind_session == control.strip("/")
