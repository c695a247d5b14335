"""What is wanted of FOCUS files, and what one process read of them."""

from __future__ import annotations

from dataclasses import dataclass

from mlctl.config.environment import Environment
from mlctl.finops.ledger import Ledger
from mlctl.finops.period import Period
from mlctl.finops.read.focus_columns import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusRequest:
    """What is wanted of FOCUS files."""

    environment: Environment
    period: Period
    cost: Cost = "billed"
    processes: int = 2
    large_bytes: int = 32 << 20
    """CSV files above this are read in several processes."""


@dataclass(slots=True)
class Tally:
    """What one process read."""

    ledger: Ledger
    rows: int = 0
    other_accounts: int = 0

    @classmethod
    def make(cls, request: FocusRequest) -> Tally:
        return cls(Ledger(request.period.previous.first, request.period.end))
