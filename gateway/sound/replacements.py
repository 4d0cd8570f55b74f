"""The replaced sound of all channels that somebody listens to."""

from gateway.sound.fragments import FragmentedSound, FragmentListener
from gateway.sound.replacement import Replacement, SoundListener, replacement_of
from gateway.stream import Hub, SharedReaders, Subscription
from media import Track
from storage import Clock
from workers import SoundWorkers


class ChannelSound:
    """The sound of one channel, for whoever needs it as Opus."""

    def __init__(self, replacements: "SoundReplacements", device_id: str, channel: str) -> None:
        self._replacements = replacements
        self._channel = device_id, channel

    def replacement(self, track: Track) -> Track | None:
        """What would be sent instead of this track; None where nothing can be."""
        return self._replacements.replacement(*self._channel, track)

    def listen(self, listener: SoundListener) -> Subscription:
        """Be told of each unit from now on."""
        return self._replacements.listen(*self._channel, listener)

    def listen_to_fragments(self, listener: FragmentListener) -> Subscription:
        """Be given fragments from now on, the same ones as everybody."""
        return self._replacements.listen_to_fragments(*self._channel, listener)


class SoundReplacements:
    """One a server. `clock` is that of the ports: units are received by it."""

    def __init__(self, hub: Hub, workers: SoundWorkers, clock: Clock) -> None:
        self._workers = workers
        self._readers = SharedReaders(
            hub, lambda device_id, channel: Replacement(_key(device_id, channel), workers, clock.mono_ns)
        )
        self._fragmented: dict[tuple[str, str], tuple[FragmentedSound, Subscription]] = {}

    def of(self, device_id: str, channel: str) -> ChannelSound:
        return ChannelSound(self, device_id, channel)

    def replacement(self, device_id: str, channel: str, track: Track) -> Track | None:
        """As `ChannelSound.replacement`."""
        made = replacement_of(track)
        return made if made is not None and self._workers.refuses(_key(device_id, channel)) is None else None

    def listen(self, device_id: str, channel: str, listener: SoundListener) -> Subscription:
        """As `ChannelSound.listen`."""
        replacement = self._readers.use(device_id, channel, listener)
        replacement.join(listener)

        def leave() -> None:
            replacement.leave(listener)
            self._readers.release(device_id, channel, listener)

        return Subscription(leave)

    def listen_to_fragments(self, device_id: str, channel: str, listener: FragmentListener) -> Subscription:
        """As `ChannelSound.listen_to_fragments`."""
        key = device_id, channel
        if key not in self._fragmented:
            fragmented = FragmentedSound()
            fragmented.join(listener)
            self._fragmented[key] = fragmented, self.listen(device_id, channel, fragmented)
        else:
            fragmented, _ = self._fragmented[key]
            fragmented.join(listener)

        def leave() -> None:
            fragmented.leave(listener)
            if not fragmented.wanted:
                self._fragmented.pop(key)[1].close()

        return Subscription(leave)


def _key(device_id: str, channel: str) -> str:
    return f"{device_id}/{channel}"


def channel_of(key: str) -> tuple[str, str]:
    """Device and channel of a key that workers were given."""
    device_id, _, channel = key.rpartition("/")
    return device_id, channel
