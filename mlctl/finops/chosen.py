"""Which of the sources given are for which environment: `prod=opencost` is for one, `october.csv` for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlctl.errors import InputError
from mlctl.finops.sources import SERVERS


def chosen(values: Iterable[str], environment: str, environments: Sequence[str]) -> list[str]:
    """The values for an environment, without its name before them."""
    found = []
    for value in values:
        name, mark, rest = value.partition("=")
        if not mark or name not in environments:
            found.append(value)
        elif name == environment:
            found.append(rest)
    return found


def check_shared(sources: Iterable[str], environments: Sequence[str]) -> None:
    """Refuse what cannot be for several environments: an allocation tells of one cluster.

    Raises
    ------
    InputError
        An allocation does not say whose it is.
    """
    if len(environments) < 2:
        return
    for source in sources:
        if source in SERVERS or (source.endswith(".json") and source.partition("=")[0] not in environments):
            raise InputError(
                f"{source} is the allocation of one cluster, and {len(environments)} environments are asked for",
                key="--from",
                allowed=", ".join(f"{name}={source}" for name in environments),
                remedy="say whose it is, or name one environment with --env",
            )
