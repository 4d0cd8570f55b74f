"""Which indices of one SSRC were accepted before (RFC 3711, 3.3.2 and appendix A).

Asked before a packet is authenticated, told only afterwards: a forged packet moves nothing.
"""

WINDOW = 1_024  # as browsers have it: 6 s of a picture of 1.5 Mbit/s, above any retransmission still of use
_MASK = (1 << WINDOW) - 1


class ReplayWindow:
    """The newest index accepted, and one bit for each of the `WINDOW` indices up to it."""

    __slots__ = ("_seen", "newest")

    def __init__(self, first: int) -> None:
        self.newest = first
        self._seen = 1  # bit n is index `newest - n`

    def is_too_old(self, index: int) -> bool:
        return self.newest - index >= WINDOW

    def has_seen(self, index: int) -> bool:
        """For an index that is not too old."""
        behind = self.newest - index
        return behind >= 0 and self._seen >> behind & 1 == 1

    def accept(self, index: int) -> None:
        """The packet of this index, neither too old nor seen, was authentic."""
        ahead = index - self.newest
        if ahead <= 0:
            self._seen |= 1 << -ahead
            return
        # a jump of 2^31 must not be a shift by as many bits
        self._seen = (self._seen << ahead | 1) & _MASK if ahead < WINDOW else 1
        self.newest = index
