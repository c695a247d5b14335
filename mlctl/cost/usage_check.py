"""Usage that names nothing: a type without such a key, a resource that is not in the plan, a pool on an instance that it may not launch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from mlctl.config.environment import Environment
from mlctl.cost.catalogue import entries
from mlctl.cost.estimate import Estimate, ResourceCost
from mlctl.finding import Finding, Severity, Status


def check_usage(estimate: Estimate, environment: Environment) -> Iterator[Finding]:
    """One finding per usage key that has no effect."""
    known = entries()
    for token, keys in environment.usage.types.items():
        if token not in known:
            yield _finding(environment, f"usage.types.{token}", "is no type that has usage", _nearest(token, known))
            continue
        for key in keys:
            if key not in known[token].usage_keys:
                yield _finding(environment, f"usage.types.{token}.{key}", "is no usage key of this type", _allowed(known[token].usage_keys))
    yield from _check_resources(estimate, environment)
    yield from _check_pools(environment)


def _check_resources(estimate: Estimate, environment: Environment) -> Iterator[Finding]:
    places = {one.address: one for one in estimate.resources}
    for address, keys in environment.usage.resources.items():
        place = f"usage.resources.{address}"
        one: ResourceCost | None = places.get(address)
        if one is None:
            missing = address.split("/", 1)[0] in estimate.failed_stacks
            problem = "cannot be found: its stack could not be planned" if missing else "names no resource of the plan"
            yield _finding(environment, place, problem, _nearest(address, places), evaluated=not missing)
            continue
        entry = entries().get(one.type)
        allowed = entry.usage_keys if entry else frozenset[str]()
        for key in keys:
            if key not in allowed:
                yield _finding(environment, f"{place}.{key}", f"is no usage key of {one.type}", _allowed(allowed))


def _check_pools(environment: Environment) -> Iterator[Finding]:
    for name, usage in environment.usage.node_pools.items():
        pool = environment.cluster.pool(name)
        family, _, size = usage.instance_type.partition(".")
        if family not in pool.instance_families or size not in pool.instance_sizes:
            allowed = f"families {', '.join(pool.instance_families)}; sizes {', '.join(pool.instance_sizes)}"
            place = f"usage.node_pools.{name}.instance_type"
            yield _finding(environment, place, f"is {usage.instance_type}, which the pool may not launch", f"allowed: {allowed}")


def _finding(environment: Environment, key: str, problem: str, hint: str, *, evaluated: bool = True) -> Finding:
    return Finding(
        id="cost-usage",
        title="Usage assumptions name something",
        severity=Severity.MEDIUM,
        status=Status.FAIL if evaluated else Status.NOT_EVALUATED,
        resource=key,
        message=f"{key} {problem}; {hint}",
        remediation="correct or remove the key",
        file=f"environments/{environment.name}.yaml",
        blocks=evaluated,
    )


def _nearest(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.4)
    return f"did you mean {found[0]}?" if found else "see docs/how-to-cost.md"


def _allowed(keys: Iterable[str]) -> str:
    return f"allowed: {', '.join(sorted(keys)) or 'none'}"
