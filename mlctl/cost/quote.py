"""What a service file works with: a resource's inputs and usage go in, components come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from mlctl.config.environment import Environment
from mlctl.cost.component import NOT_PRICED, Component, Priced, Quotation
from mlctl.cost.neighbours import Neighbours
from mlctl.cost.price import InstanceType, Price, PriceBook
from mlctl.cost.usage import Assumption, UsageBook
from mlctl.cost.values import as_number, inside, mappings
from mlctl.plan.model import UNKNOWN, Resource
from mlctl.plan.placeholder import contains_placeholder

Tier = tuple[str, Decimal | None, Price]
"""(label, how much of it, price): the last tier has no end."""


class Surroundings:
    """What is the same for every resource of one estimate."""

    def __init__(
        self,
        environment: Environment,
        prices: PriceBook,
        usage: UsageBook,
        neighbours: Neighbours,
        today: date,
        stack_of: Mapping[str, str],
    ) -> None:
        self.environment = environment
        self.prices = prices
        self.usage = usage
        self.neighbours = neighbours
        self.today = today
        self._stack_of = stack_of

    def stated(self, resource: Resource) -> Mapping[str, Decimal]:
        """Usage that was stated for this one resource."""
        return self.usage.resource(f"{self._stack_of.get(resource.urn)}/{resource.name}")


class Quote:
    """One resource being priced.

    It remembers which inputs were read, so that a resource with equal inputs need not be priced again, and whether another resource was
    looked at, in which case it must.
    """

    def __init__(self, resource: Resource, model: str | None, stated: Mapping[str, Decimal], around: Surroundings, region: str) -> None:
        self._resource = resource
        self._stated = stated
        self._components: list[Component] = []
        self._unknown: list[str] = []
        self._more_than_expected = Decimal(0)
        self._gpu = Decimal(0)
        self._gpu_most: Decimal | None = None
        self._ceiling_note: str | None = None
        self._ceiling_unknown: str | None = None
        self._free: str | None = None
        self.model = model
        self.around = around
        self.region = region
        self.read: set[str] = set()
        self.looked_around = False

    # What goes in

    @property
    def resource(self) -> Resource:
        """The resource itself, for finding others: its quotation is not reused."""
        self.looked_around = True
        return self._resource

    def get(self, path: str) -> Any:
        """The input at `scalingConfig.desiredSize`; None where it is absent, and where it is unknown, which is then remembered."""
        head, _, rest = path.partition(".")
        self.read.add(head)
        value = inside(self._resource.inputs.get(head), rest)
        if value is not None and (value == UNKNOWN or contains_placeholder(value)):
            self._unknown.append(path)
            return None
        return value

    def raw(self, key: str) -> Any:
        """An input as it stands, placeholders too."""
        self.read.add(key)
        return self._resource.inputs.get(key)

    def text(self, path: str, default: str = "") -> str:
        value = self.get(path)
        return str(value) if isinstance(value, str | int) else default

    def flag(self, path: str, *, default: bool = False) -> bool:
        value = self.get(path)
        return default if value is None else str(value).lower() == "true"

    def number(self, path: str, default: Decimal | int | None = None) -> Decimal | None:
        """The number at `path`; the default where it is absent, None where it is unknown."""
        seen = len(self._unknown)
        value = self.get(path)
        if len(self._unknown) > seen:
            return None
        if value is None or isinstance(value, bool):
            return Decimal(default) if default is not None else None
        return as_number(value)

    def items(self, path: str) -> list[Mapping[str, Any]]:
        """The list of objects at `path`; one object counts as a list of one."""
        return mappings(self.get(path))

    def mapping(self, path: str) -> Mapping[str, Any]:
        """The object at `path`; empty where there is none."""
        return next(iter(self.items(path)), {})

    def usage(self, key: str) -> Decimal | None:
        """The assumed quantity of a usage key, a month; None where nobody stated one."""
        found = self.assumption(key)
        return found.value if found else None

    def assumption(self, key: str) -> Assumption | None:
        return self.around.usage.find(self._resource.type, key, self._stated)

    # Prices

    def price(self, service: str, item: str) -> Price:
        return self.around.prices.price(service, item, self.region)

    def instance(self, name: str) -> InstanceType | None:
        return self.around.prices.instance(name, self.region)

    # Other resources

    def neighbour(self, key: str, value: Any, token: str) -> Resource | None:
        """The resource of type `token` that input `key` names."""
        self.looked_around = True
        return self.around.neighbours.named_by(self._resource, key, value, token)

    def of_type(self, token: str) -> Sequence[Resource]:
        """Every resource of the plan that has type `token`."""
        self.looked_around = True
        return self.around.neighbours.of_type(token)

    def pointing_here(self, token: str, key: str) -> Iterator[Resource]:
        """Resources of type `token` whose input `key` names this one."""
        self.looked_around = True
        for other in self.around.neighbours.of_type(token):
            if self.around.neighbours.refers_to(other, key, self._resource):
                yield other

    # What comes out

    def add(
        self,
        name: str,
        unit: str,
        quantity: Decimal | int | None,
        price: Price,
        *,
        scale: int = 1,
        key: str | None = None,
        most: Decimal | None = None,
    ) -> Decimal | None:
        """Add a component; its monthly USD, None where it is not known.

        `quantity` counts the price's own unit; `scale` of them make one `unit` on the page (1,000,000 for `1M requests`). `key` is the
        usage assumption behind the quantity. `most` is the quantity at the limit, where it scales.
        """
        quantity = Decimal(quantity) if quantity is not None else None
        cost = quantity * price.usd if quantity is not None and price.usd is not None else None
        reason = None
        if cost is None:
            reason = self._why_unpriced(quantity, price, key)
        self._components.append(
            Component(
                name=name,
                unit=unit,
                monthly_quantity=quantity / scale if quantity is not None else None,
                unit_price=price.usd * scale if price.usd is not None else None,
                monthly_usd=cost,
                usage_based=key is not None,
                source=price.source,
                date=price.date,
                usage_key=key,
                reason=reason,
            )
        )
        if most is not None and price.usd is not None and cost is not None:
            self._more_than_expected += most * price.usd - cost
        return cost

    def metered(self, name: str, unit: str, key: str, price: Price, *, scale: int = 1) -> None:
        """Add a component whose quantity is exactly one usage assumption."""
        self.add(name, unit, self.usage(key), price, scale=scale, key=key)

    def tiers(
        self, name: str, unit: str, quantity: Decimal | None, tiers: Sequence[Tier], *, scale: int = 1, key: str | None = None
    ) -> None:
        """Add one component per price tier that the quantity reaches."""
        left = quantity
        for number, (label, size, price) in enumerate(tiers):
            part = left if left is None or size is None else min(left, size)
            if number and not part:
                return
            self.add(f"{name} ({label})", unit, part, price, scale=scale, key=key)
            if left is None or part is None:
                return
            left -= part

    def gpu(self, usd: Decimal | None) -> None:
        """Say how much of what was added is GPU instances."""
        self._gpu += usd or 0

    def gpu_ceiling(self, usd: Decimal) -> None:
        """Say what GPU instances cost at the limits, where that is not all that scales."""
        self._gpu_most = usd

    def ceiling(self, usd: Decimal | None, note: str) -> None:
        """Say what the resource costs at its limits, and the arithmetic. None: its limits are not known."""
        self._ceiling_note = note
        if usd is None:
            self._ceiling_unknown = note
            return
        self._more_than_expected = max(usd - self._expected(), Decimal(0))

    def free(self, reason: str) -> None:
        """Say why nothing is charged."""
        self._free = reason

    def unknown(self, reason: str) -> None:
        """Say that a part of the cost cannot be told."""
        self._components.append(
            Component(
                name=NOT_PRICED,
                unit="",
                monthly_quantity=None,
                unit_price=None,
                monthly_usd=None,
                usage_based=False,
                source=reason,
                date=None,
                reason=reason,
            )
        )

    def quotation(self, service: str) -> Quotation:
        reasons = [component.reason for component in self._components if component.reason]
        if self._ceiling_unknown:
            reasons.append(self._ceiling_unknown)
        known = any(component.monthly_usd is not None for component in self._components)
        status = Priced.PRICED if not reasons else Priced.PARTIAL if known else Priced.UNPRICED
        if not self._components:
            status = Priced.FREE
            reasons = [self._free or "nothing in its inputs is charged"]
        expected = self._expected()
        return Quotation(
            service=service,
            status=status,
            components=tuple(self._components),
            expected_usd=expected,
            ceiling_usd=expected + self._more_than_expected,
            gpu_usd=self._gpu,
            gpu_ceiling_usd=self._most_of_gpus(),
            reason="; ".join(dict.fromkeys(reasons)) or None,
            ceiling_note=self._ceiling_note,
        )

    def _most_of_gpus(self) -> Decimal:
        if self._gpu_most is not None:
            return max(self._gpu_most, self._gpu)
        return self._gpu + self._more_than_expected if self._gpu else Decimal(0)

    def _expected(self) -> Decimal:
        return sum((component.monthly_usd for component in self._components if component.monthly_usd is not None), Decimal(0))

    def _why_unpriced(self, quantity: Decimal | None, price: Price, key: str | None) -> str:
        if price.usd is None:
            return price.source
        if quantity is None and key is not None:
            return f"usage {key} is not stated"
        return f"{', '.join(dict.fromkeys(self._unknown)) or 'its size'} is known only after the update"
