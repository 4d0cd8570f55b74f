"""What must hold at the end of a soak."""

from collections.abc import Sequence
from dataclasses import dataclass

from mingjing.bench.account import Account
from mingjing.bench.soak.flatness import ALLOWANCES, Flatness, flatness, unexplained
from mingjing.bench.soak.samples import Sample
from mingjing.bench.soak.soaked import Soaked

WARM_UP_SHARE = 1 / 3  # of the samples, before anything is judged …
WARM_UP_MAX_S = 600.0  # … and no longer: what still grows after ten minutes is not warming up


@dataclass(frozen=True, slots=True)
class Condition:
    words: str
    holds: bool
    found: str


def flatnesses(samples: Sequence[Sample]) -> list[Flatness]:
    """Of every quantity that must not grow, after the warm-up."""
    if not samples:
        return []
    warm_s = min(WARM_UP_MAX_S, samples[-1].at_s * WARM_UP_SHARE)
    judged = [sample for sample in samples if sample.at_s >= warm_s]
    times = [sample.at_s for sample in judged]
    viewers, live = [float(sample.viewers) for sample in judged], [float(sample.live) for sample in judged]

    def settled(name: str) -> list[float]:
        """Threads are the pool's and the archive's: they do not come with a connection."""
        values = [float(getattr(sample, name)) for sample in judged]
        return values if name == "threads" else unexplained(unexplained(values, viewers), live)

    return [flatness(name, times, settled(name)) for name in ALLOWANCES]


def conditions_of(soaked: Soaked, account: Account, flat: Sequence[Flatness]) -> list[Condition]:
    """Growth is a condition only where it was watched for long enough."""
    archive, faults, viewers = soaked.archive, soaked.faults, soaked.viewers
    refusals = sum(soaked.impostor_refusals)
    disorder = archive.duplicated + archive.disordered + archive.unstamped
    found = [
        Condition(
            "the server, and all that load and watch it, stay until the end",
            not soaked.broken,
            soaked.broken.partition("\n")[0] or "they did",
        ),
        Condition(
            "no picture is lost but those under way when a connection was cut",
            account.lost == 0,
            f"{account.lost} of {account.sent} lost, {account.under_way} under way"
            + (f"; {account.worst}" if account.worst else ""),
        ),
        Condition(
            "no picture is there twice, out of order, or without its stamp",
            disorder == 0,
            f"{archive.duplicated} twice, {archive.disordered} out of order, {archive.unstamped} without",
        ),
        Condition(
            "no segment is deleted before it is read back", not soaked.deleted_unread, f"{soaked.deleted_unread} were"
        ),
        Condition("`mingjing store check` finds nothing", not faults, faults.splitlines()[0] if faults else "nothing"),
        Condition(
            "nobody comes in with a wrong key",
            soaked.impostor_units == 0 and all(soaked.impostor_refusals) and refusals > 0,
            f"{refusals} refusals, {soaked.impostor_units} pictures",
        ),
        Condition(
            "no viewer is refused or closed",
            not viewers["refused"] and not viewers["closed"],
            f"{viewers['refused']} refused, {viewers['closed']} closed",
        ),
    ]
    found += [
        Condition(
            f"{one.quantity} is flat",
            one.flat,
            f"median {one.median:g}, {one.growth:+g} in {one.judged_s:.0f} s, at most +{one.allowed:g}",
        )
        for one in flat
        if one.long_enough
    ]
    return found
