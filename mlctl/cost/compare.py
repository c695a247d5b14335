"""What a change costs: two estimates of one environment, resource by resource."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mlctl.cost.estimate import Estimate, ResourceCost

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One resource whose cost differs, USD a month."""

    change: Change
    before: ResourceCost | None
    after: ResourceCost | None

    @property
    def resource(self) -> ResourceCost:
        """The newer of the two."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def before_usd(self) -> Decimal:
        return self.before.expected_usd if self.before else Decimal(0)

    @property
    def after_usd(self) -> Decimal:
        return self.after.expected_usd if self.after else Decimal(0)

    @property
    def delta_usd(self) -> Decimal:
        return self.after_usd - self.before_usd

    @property
    def ceiling_delta_usd(self) -> Decimal:
        after = self.after.ceiling_usd if self.after else Decimal(0)
        return after - (self.before.ceiling_usd if self.before else Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A change's cost."""

    before: Estimate
    after: Estimate
    differences: tuple[Difference, ...]
    """The largest change first. Resources whose cost stays are left out."""

    @property
    def delta_usd(self) -> Decimal:
        return self.after.expected_usd - self.before.expected_usd

    @property
    def ceiling_delta_usd(self) -> Decimal:
        return self.after.ceiling_usd - self.before.ceiling_usd

    @property
    def percent(self) -> Decimal | None:
        """The increase in percent of the base; None where the base costs nothing."""
        return self.delta_usd * 100 / self.before.expected_usd if self.before.expected_usd else None


def compare(estimate: Estimate, base: Estimate) -> Comparison:
    """The difference of `estimate` against `base`, by URN."""
    old = {one.urn: one for one in base.resources}
    new = {one.urn: one for one in estimate.resources}
    found = []
    for urn in old.keys() | new.keys():
        before, after = old.get(urn), new.get(urn)
        change: Change = "added" if before is None else "removed" if after is None else "changed"
        difference = Difference(change=change, before=before, after=after)
        if _matters(difference):
            found.append(difference)
    found.sort(key=lambda one: (-abs(one.delta_usd), -abs(one.ceiling_delta_usd), one.resource.urn))
    return Comparison(before=base, after=estimate, differences=tuple(found))


def _matters(one: Difference) -> bool:
    if one.delta_usd or one.ceiling_delta_usd:
        return True
    before = one.before.status if one.before else "free"
    after = one.after.status if one.after else "free"
    return before != after and "unpriced" in (before, after)
