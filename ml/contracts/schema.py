"""The pandera schema of a contract."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ml.contracts.table import TableContract
from ml.spec_data import Column, whole

if TYPE_CHECKING:
    import pandera.pandas as pandera


def pandera_schema(contract: TableContract) -> pandera.DataFrameSchema:
    """Return the pandera schema that typed rows of this contract pass."""
    return _schema(contract.full_version, contract.name, tuple(contract.columns.items()))


@lru_cache(maxsize=32)
def _schema(_version: str, name: str, columns: tuple[tuple[str, Column], ...]) -> pandera.DataFrameSchema:
    import pandera.pandas as pandera

    return pandera.DataFrameSchema(
        {key: pandera.Column(None, _checks(column), nullable=column.nullable) for key, column in columns},
        name=name,
        strict=True,
    )


def _checks(column: Column) -> list[pandera.Check]:
    from pandera.pandas import Check

    checks: list[pandera.Check] = []
    if column.minimum is not None:
        checks.append(Check.ge(column.minimum, error=f"is below {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(Check.le(column.maximum, error=f"is above {column.maximum:g}"))
    if column.categories:
        checks.append(Check.isin(list(column.categories), error=f"is not one of {', '.join(column.categories)}"))
    if column.pattern is not None:
        checks.append(Check.str_matches(whole(column.pattern), error=f"does not match {column.pattern}"))
    return checks
