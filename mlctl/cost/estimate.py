"""The cost of a plan: every resource, the totals, and what they rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import attrgetter

from mlctl.config.environment import Environment
from mlctl.cost.catalogue import entries
from mlctl.cost.component import Component, Priced, Quotation
from mlctl.cost.neighbours import Neighbours
from mlctl.cost.owner import Owners
from mlctl.cost.price import PriceBook
from mlctl.cost.quote import Surroundings
from mlctl.cost.quoting import Quoting
from mlctl.cost.services.data_transfer import TYPE as DATA_TRANSFER
from mlctl.cost.usage import Defaults, UsageBook, load_defaults
from mlctl.plan.collector import collector_paused
from mlctl.plan.model import Plan, Resource

ACCOUNT = "account"
"""The stack name of what belongs to the account and to no program."""


@dataclass(frozen=True, slots=True)
class ResourceCost:
    """What one resource costs, and who pays."""

    urn: str
    name: str
    type: str
    stack: str
    team: str
    model: str | None
    file: str | None
    line: int | None
    quotation: Quotation = field(repr=False)

    @property
    def service(self) -> str:
        return self.quotation.service

    @property
    def status(self) -> Priced:
        return self.quotation.status

    @property
    def components(self) -> tuple[Component, ...]:
        return self.quotation.components

    @property
    def expected_usd(self) -> Decimal:
        """USD a month."""
        return self.quotation.expected_usd

    @property
    def ceiling_usd(self) -> Decimal:
        """USD a month at the limits of what scales."""
        return self.quotation.ceiling_usd

    @property
    def reason(self) -> str | None:
        return self.quotation.reason

    @property
    def address(self) -> str:
        """How usage names it: `stack/resource name`."""
        return f"{self.stack}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One line of a breakdown."""

    name: str
    expected_usd: Decimal
    ceiling_usd: Decimal
    resources: int
    at_least: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAssumption:
    """An assumption about use, and how much money rests on it."""

    type: str
    key: str
    value: Decimal | None
    """None where it follows from a model's traffic or a node pool's usage."""
    origin: str
    monthly_usd: Decimal
    resources: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What an environment will cost a month."""

    environment: Environment
    today: date
    resources: tuple[ResourceCost, ...]
    failed_stacks: tuple[str, ...] = ()
    """Stacks that could not be planned, so that what they cost is missing."""
    defaults: Defaults = field(default_factory=dict, repr=False)

    @cached_property
    def expected_usd(self) -> Decimal:
        """USD a month; the least it costs where `at_least`."""
        return sum((tally.expected_usd * count for tally, count in self._tallied), Decimal(0))

    @cached_property
    def ceiling_usd(self) -> Decimal:
        """USD a month when everything that scales is at its limit."""
        return sum((tally.ceiling_usd * count for tally, count in self._tallied), Decimal(0))

    @cached_property
    def gpu_usd(self) -> Decimal:
        """USD a month of GPU instances, expected."""
        return sum((tally.gpu_usd * count for tally, count in self._tallied), Decimal(0))

    @cached_property
    def gpu_ceiling_usd(self) -> Decimal:
        """USD a month of GPU instances when everything that scales is at its limit."""
        return sum((tally.gpu_ceiling_usd * count for tally, count in self._tallied), Decimal(0))

    @cached_property
    def at_least(self) -> bool:
        """Whether something is missing from the totals."""
        return bool(self.failed_stacks) or any(tally.status in (Priced.UNPRICED, Priced.PARTIAL) for tally, _ in self._tallied)

    @cached_property
    def counts(self) -> dict[Priced, int]:
        """How many resources are priced, partly priced, free, unpriced."""
        counts = dict.fromkeys(Priced, 0)
        for tally, count in self._tallied:
            counts[tally.status] += count
        return counts

    @cached_property
    def by_stack(self) -> tuple[Share, ...]:
        return self._breakdown("stack")

    @cached_property
    def by_service(self) -> tuple[Share, ...]:
        return self._breakdown("service")

    @cached_property
    def by_team(self) -> tuple[Share, ...]:
        return self._breakdown("team")

    @cached_property
    def by_model(self) -> tuple[Share, ...]:
        """Models by their `model` tag; what belongs to no model is left out."""
        return self._breakdown("model")

    @cached_property
    def largest(self) -> tuple[ResourceCost, ...]:
        """Everything that costs something or might, the dearest first."""
        wanted = [one for one in self.resources if one.quotation.status is not Priced.FREE]
        wanted.sort(key=attrgetter("urn"))
        wanted.sort(key=attrgetter("quotation.expected_usd"), reverse=True)  # equal ones stay in the order of their URNs
        return tuple(wanted)

    @cached_property
    def assumptions(self) -> tuple[UsedAssumption, ...]:
        """Assumptions that money rests on, the dearest first."""
        return tuple(sorted(self._assumptions(), key=lambda one: (-one.monthly_usd, one.type, one.key)))

    @cached_property
    def oldest_price(self) -> Component | None:
        """The priced component with the oldest price."""
        dated = [part for tally, _ in self._tallied for part in tally.components if part.date and part.monthly_usd]
        return min(dated, key=lambda part: (part.date or date.max, part.name), default=None)

    def team_expected(self, team: str) -> Decimal:
        return next((share.expected_usd for share in self.by_team if share.name == team), Decimal(0))

    def of_type(self, token: str) -> Iterator[ResourceCost]:
        return (one for one in self.resources if one.type == token)

    @cached_property
    def _groups(self) -> list[tuple[ResourceCost, int]]:
        """One resource for all of equal stack, team, model, type and quotation, and how many they are."""
        counts: Counter[tuple[str, str, str | None, str, int]] = Counter()
        sample: dict[tuple[str, str, str | None, str, int], ResourceCost] = {}
        for one in self.resources:
            key = (one.stack, one.team, one.model, one.type, id(one.quotation))
            counts[key] += 1
            sample[key] = one
        return [(sample[key], count) for key, count in counts.items()]

    @cached_property
    def _tallied(self) -> list[tuple[Quotation, int]]:
        """Quotations with how many resources have them."""
        return [(one.quotation, count) for one, count in self._groups]

    def _breakdown(self, attribute: str) -> tuple[Share, ...]:
        sums: dict[str, list[tuple[Quotation, int]]] = {}
        for one, count in self._groups:
            name = getattr(one, attribute)
            if name is not None and one.status is not Priced.FREE:
                sums.setdefault(name, []).append((one.quotation, count))
        return tuple(sorted((_share(name, parts) for name, parts in sums.items()), key=lambda share: (-share.expected_usd, share.name)))

    def _assumptions(self) -> Iterator[UsedAssumption]:
        book = UsageBook(self.environment.usage, self.defaults)
        money: dict[tuple[str, str, str], tuple[Decimal, int]] = {}
        alike = [(one, 1) for one in self.resources] if self.environment.usage.resources else self._groups
        for one, many in alike:
            for part in one.components:
                if part.usage_key and part.monthly_usd:
                    place = one.address if part.usage_key in book.resource(one.address) else ""
                    usd, count = money.get((one.type, part.usage_key, place), (Decimal(0), 0))
                    money[one.type, part.usage_key, place] = (usd + part.monthly_usd * many, count + many)
        for (token, key, place), (usd, count) in money.items():
            found = book.find(token, key, book.resource(place))
            by_name = key in ("average_nodes", "hours") and token.endswith(":NodePool")
            follows = by_name or found is None
            yield UsedAssumption(
                type=place or token,
                key=key,
                value=None if follows or found is None else found.value,
                origin="usage.node_pools" if by_name else "usage.models" if found is None else found.origin,
                monthly_usd=usd,
                resources=count,
            )


@collector_paused()
def estimate(plan: Plan, environment: Environment, prices: PriceBook, *, today: date, defaults: Defaults | None = None) -> Estimate:
    """Price a plan. `today` decides what depends on the date: support of a version, age of a price."""
    defaults = load_defaults() if defaults is None else defaults
    resources = tuple(plan.resources())
    stack_of = plan.stack_of() if environment.usage.resources else {}
    around = Surroundings(environment, prices, UsageBook(environment.usage, defaults), Neighbours(resources), today, stack_of)
    quoting = Quoting(around)
    owners = Owners(resources, environment.shared_team.name)
    costs = []
    for stack in plan.stacks:
        for resource in stack.resources:
            team, model = owners.of(resource)
            quotation = quoting.quotation(resource, model)
            costs.append(
                ResourceCost(resource.urn, resource.name, resource.type, stack.name, team, model, resource.file, resource.line, quotation)
            )
    if any(resource.package == "aws" for resource in resources):
        transfer = _data_transfer(environment)
        team = environment.shared_team.name
        quotation = quoting.quotation(transfer, None)
        costs.append(ResourceCost(transfer.urn, transfer.name, transfer.type, ACCOUNT, team, None, None, None, quotation))
    failed = tuple(stack.name for stack in plan.stacks if stack.errors)
    return Estimate(environment=environment, today=today, resources=tuple(costs), failed_stacks=failed, defaults=defaults)


def _data_transfer(environment: Environment) -> Resource:
    """Traffic of the account, which no resource stands for."""
    urn = f"urn:pulumi:{environment.name}::{ACCOUNT}::{DATA_TRANSFER}::data-transfer"
    return Resource(urn=urn, type=DATA_TRANSFER, name="data-transfer", inputs={})


def _share(name: str, parts: list[tuple[Quotation, int]]) -> Share:
    return Share(
        name=name,
        expected_usd=sum((part.expected_usd * count for part, count in parts), Decimal(0)),
        ceiling_usd=sum((part.ceiling_usd * count for part, count in parts), Decimal(0)),
        resources=sum(count for _, count in parts),
        at_least=any(part.status in (Priced.UNPRICED, Priced.PARTIAL) for part, _ in parts),
    )


def usage_keys(token: str) -> frozenset[str]:
    """Usage keys that a type's pricing understands."""
    entry = entries().get(token)
    return entry.usage_keys if entry else frozenset()
