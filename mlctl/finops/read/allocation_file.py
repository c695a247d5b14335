"""Reads saved allocation answers: small ones whole, a large one in pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.allocation import AllocationReader

_ALLOWED = "an answer of /allocation, complete to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How files are read, in bytes."""

    large: int = 32 << 20
    """Files above this are read in pieces."""
    piece: int = 4 << 20
    processes: int = 2


def read_allocation_files(paths: Sequence[Path], environment: Environment, period: Period, sizes: Sizes | None = None) -> SourceData:
    """The allocations in saved answers; together they may cover each hour of a workload once.

    Raises
    ------
    InputError
        A file is not there, is no answer, or holds what cannot be.
    """
    sizes = sizes or Sizes()
    reader = AllocationReader("allocation files", environment, period)
    for path in paths:
        try:
            large = path.stat().st_size > sizes.large
            if not (large and _in_pieces(path, reader, period, sizes)):
                reader.add(json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal), origin=str(path))
        except FileNotFoundError:
            raise InputError("there is no such file", file=path, key="--from") from None
        except (ValueError, OSError) as error:
            raise InputError(f"is no JSON: {error}", file=path, allowed=_ALLOWED) from None
    return reader.data()


def _in_pieces(path: Path, reader: AllocationReader, period: Period, sizes: Sizes) -> bool:
    """Whether the file could be read in pieces; if not, it is read whole."""
    try:
        from mlctl.finops.read.allocation_pieces import read_pieces
    except ModuleNotFoundError:
        raise InputError("is large, and reading it needs msgspec", file=path, remedy="install it with tools/setup.sh gate") from None
    parts = read_pieces(path, period, piece=sizes.piece, processes=sizes.processes)
    for part in parts or ():
        reader.add_hours(part, origin=str(path))
    return parts is not None
