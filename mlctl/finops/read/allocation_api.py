"""From an allocation server to charges: what could not be read is a labelled gap."""

from __future__ import annotations

from datetime import date

from mlctl.config.environment import Environment
from mlctl.errors import ServiceError
from mlctl.finops.charge import Gap, SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.allocation import AllocationReader
from mlctl.finops.read.allocation_client import AllocationClient, UnreadableError


def read_allocation_api(
    client: AllocationClient, environment: Environment, period: Period, *, today: date, alone: bool = True
) -> SourceData:
    """The allocations of the period and of the month before, by day, to the end of yesterday.

    Raises
    ------
    ServiceError
        It refuses who asks or what is asked; or no answer at all could be read, and there is no other source (`alone`) to report from.
    """
    reader = AllocationReader(client.kind, environment, period)
    problems, read = [], 0
    for first, end, answer in client.answers(period.previous.first, min(period.end, today)):
        if isinstance(answer, UnreadableError):
            problems.append(str(answer))
            reader.gaps.append(Gap(client.kind, f"{first} to before {end} could not be read: {answer}", end > period.first))
            continue
        read += 1
        if not reader.add(answer, origin=f"{client.kind} {first}"):
            reader.gaps.append(Gap(client.kind, f"{first} to before {end}: the answer is empty", end > period.first))
    if not read and problems:
        if alone:
            raise ServiceError(f"{client.kind} could not be read: {problems[0]}", key="--from", remedy="check the address; try again later")
        reader.gaps = [Gap(client.kind, f"could not be read at all: {problems[0]}")]
    return reader.data()
