"""Sound for who cannot play what a device sends: the same sound as Opus, made in `workers`.

A channel's sound is made into Opus once, whoever listens, and only while somebody does. The archive keeps the
device's own sound, and nothing that was made here is ever recorded, proven or exported; pictures do not wait for it.
Not here: how it is made (workers), who needs it instead of the original (gateway.webrtc, viewer.live).

Invariants: what was made stands beside the pictures where the original stands (docs/design/sound.md says how
exactly); a listener who comes is given what is made from then on; when the last one leaves, nothing is made.
"""

from gateway.sound.fragments import FragmentListener
from gateway.sound.replacement import SoundListener
from gateway.sound.replacements import ChannelSound, SoundReplacements, channel_of

__all__ = ["ChannelSound", "FragmentListener", "SoundListener", "SoundReplacements", "channel_of"]
