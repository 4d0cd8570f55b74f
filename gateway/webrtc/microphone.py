"""What a viewer says: a source of its own, on the m-line by which it hears the channel.

While nobody listens, what comes is dropped and counted before anything is made of it. Each time somebody begins to
listen it is a new source as far as order and loss are concerned: what was said between does not count.

Not here: whether it may be heard (talks, viewer.live.talkback), protection (viewer).
"""

from collections.abc import Callable, Sequence

from media import AccessUnit, AudioConfig
from media.rtp import RepairedReceiver
from media.sdp import ChosenMedia, audio_config

Hears = Callable[[Sequence[AccessUnit]], None]


class Microphone:
    """Of one viewer. `dropped` counts the packets that nobody heard."""

    def __init__(self, chosen: ChosenMedia) -> None:
        config = audio_config(chosen.codec, chosen.format.clock_rate, chosen.format.channels, "")
        assert config is not None  # only AAC can be misunderstood, and no browser sends it
        self.config: AudioConfig = config
        self.dropped = 0
        self._chosen = chosen
        self._receiver: RepairedReceiver | None = None
        self._hears: Hears | None = None

    def listen(self, hears: Hears) -> None:
        """Hand on what is said from now on."""
        chosen = self._chosen
        # Without NACK: what a repair brings is too late to be spoken. And without a wait for packets from before the
        # first: a word that begins is not held back.
        self._receiver = RepairedReceiver(
            chosen.codec,
            chosen.format.payload_type,
            chosen.format.clock_rate,
            chosen.format.fmtp,
            nack=False,
            picture_loss=False,
            start_wait_ns=0,
        )
        self._hears = hears

    def stop(self) -> None:
        """Nobody listens any more."""
        self._receiver = self._hears = None

    def receive(self, packet: bytes, mono_ns: int, utc_ns: int) -> None:
        """Take one RTP packet."""
        receiver, hears = self._receiver, self._hears
        if receiver is None or hears is None:
            self.dropped += 1
        elif units := receiver.receive(packet, 0, len(packet), mono_ns, utc_ns):
            hears(units)

    def feedback(self, mono_ns: int) -> bytes:
        """Some fifty times a second: what waited for its turn too long is handed on. The RTCP to send, if any."""
        receiver, hears = self._receiver, self._hears
        if receiver is None or hears is None:
            return b""
        if units := receiver.due(mono_ns):
            hears(units)
        return receiver.feedback_due(mono_ns)
