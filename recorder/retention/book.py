"""All policies in memory: how long footage of a unit stays. What the ring asks, so it waits for nothing.

Not here: who decided it (rows, ledger), until when one segment stays (rules).
"""

from collections.abc import Callable, Iterable, Iterator

from recorder.retention.policy import HOUSE, Policy, Tagged, longer
from storage import DAY_NS

UnitPath = Callable[[str], tuple[str, ...]]  # the unit and every unit above it, nearest first


class PolicyBook:
    """`house_ns` is what the settings say of untagged footage: it holds where no policy does."""

    def __init__(self, house_ns: int, policies: Iterable[Policy] = (), unit_path: UnitPath = lambda _: ()) -> None:
        self.house_ns = house_ns
        self.changes = 0  # so that who reckoned with them knows that they are others now
        self._policies = {policy.unit: policy for policy in policies}
        self._unit_path = unit_path

    def put(self, policy: Policy) -> None:
        self.changes += 1
        self._policies[policy.unit] = policy

    def drop(self, unit: str) -> None:
        self.changes += 1
        self._policies.pop(unit, None)

    def find(self, unit: str) -> Policy | None:
        return self._policies.get(unit)

    def all(self) -> list[Policy]:
        return sorted(self._policies.values(), key=lambda policy: policy.unit)

    def untagged_ns(self, unit: str, utc_ns: int) -> int:
        """How old untagged footage of this unit becomes."""
        own_ns, earlier = self.house_ns, list[int]()
        for policy in self._of(unit):
            if policy.earlier is not None and utc_ns < policy.earlier.until_utc_ns:
                earlier.append(policy.earlier.untagged_ns)
            if policy.untagged_days is not None:
                own_ns = policy.untagged_days * DAY_NS
                break
        return max([own_ns, *earlier])

    def settled_from(self, unit: str, utc_ns: int) -> int:
        """From when nothing of what held before counts any more; not before `utc_ns`."""
        ends = [policy.earlier.until_utc_ns for policy in self._of(unit) if policy.earlier is not None]
        return max([utc_ns, *ends])

    def with_draft(self, draft: Policy) -> "PolicyBook":
        """As it would be with this policy."""
        others = (policy for policy in self._policies.values() if policy.unit != draft.unit)
        return PolicyBook(self.house_ns, [*others, draft], self._unit_path)

    def tagged(self, unit: str, utc_ns: int) -> Tagged:
        """How many years from the end of its case what is tagged stays; None: as long as its clip stands."""
        found: Tagged = None
        for policy in self._of(unit):
            if policy.earlier is not None and utc_ns < policy.earlier.until_utc_ns:
                found = longer(found, policy.earlier.tagged)
            if policy.tagged is not None:
                return longer(found, policy.tagged)
        return found

    def deciding_unit(self, unit: str) -> str:
        """Whose policy says how long untagged footage of this unit stays; empty: the settings."""
        return next((policy.unit for policy in self._of(unit) if policy.untagged_days is not None), "")

    def _of(self, unit: str) -> Iterator[Policy]:
        for one in (*(self._unit_path(unit) or (unit,)), HOUSE):
            if (policy := self._policies.get(one)) is not None:
                yield policy
