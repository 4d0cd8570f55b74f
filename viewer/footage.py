"""What the viewer asks of the archive. `recorder.Archiver` fulfils it, to this very moment; `recorder.Index`
does for what is sealed."""

from typing import Protocol

from recorder import Footage


class FootageSource(Protocol):
    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        """Segments and gaps of a channel that touch the interval, in order of placed time."""
