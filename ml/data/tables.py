"""What a generator makes: the main table and its events."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Freshly made rows, in the order of time.

    Attributes
    ----------
    rows
        The main table, with every column of the contract.
    events
        What happened to the entities, or None.
    """

    rows: pd.DataFrame
    events: pd.DataFrame | None = None
