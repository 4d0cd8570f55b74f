"""What was refused of a peer's packets, counted by cause."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Refusals:
    """Packets refused since the session began. Each is counted once, and changed nothing else."""

    malformed: int = 0  # no header, or one that lies, or no room for a tag
    replayed: int = 0  # its index was accepted before
    too_old: int = 0  # farther behind the newest than the replay window reaches: nobody knows
    forged: int = 0  # not authenticated: another key, a changed byte, or a lost rollover
    too_many_sources: int = 0  # authentic, of one SSRC more than the session may have

    @property
    def total(self) -> int:
        return sum(getattr(self, each.name) for each in fields(self))
