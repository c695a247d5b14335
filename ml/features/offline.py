"""The offline store: the features of every row as they were known at its time, in Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.contracts.table import TableContract, row_contract
from ml.data.arrow import arrow_schema, content_hash, file_hash, read_parquet, write_parquet
from ml.data.dataset import check_files, read_json
from ml.features.compute import is_category
from ml.features.encode import encode
from ml.spec import ModelSpec
from ml.spec_data import Column

FEATURES = "features.parquet"
ROWS = "rows.parquet"
ABOUT = "features.json"  # written last, by the step


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """Rows in the order of time, with their features beside them.

    Attributes
    ----------
    features
        One column per feature.
    rows
        The contract's columns of the same rows, for fairness, segments and audit.
    """

    features: pd.DataFrame
    rows: pd.DataFrame

    def labelled(self, spec: ModelSpec) -> FeatureTable:
        """Return the rows whose outcome is known."""
        known = self.rows[spec.target.column].notna().to_numpy()
        return self.take(np.flatnonzero(known))

    def take(self, positions: np.ndarray[Any, np.dtype[np.int64]]) -> FeatureTable:
        """Return the rows at these positions."""
        return FeatureTable(
            features=self.features.iloc[positions].reset_index(drop=True),
            rows=self.rows.iloc[positions].reset_index(drop=True),
        )

    def matrix(self, spec: ModelSpec) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the features as the model takes them."""
        return encode(spec, self.features)

    def outcome(self, spec: ModelSpec) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the target as 0 and 1."""
        return self.rows[spec.target.column].to_numpy(dtype="int64")


def feature_contract(spec: ModelSpec) -> TableContract:
    """Return the columns of the offline store: entity, timestamp and the features."""
    columns = {name: spec.contract.columns[name] for name in (spec.entity, spec.timestamp)}
    for name, feature in spec.features.items():
        if is_category(spec, name):
            columns[f"feature_{name}"] = spec.contract.columns[feature.source[0]].model_copy(update={"nullable": True})
        else:
            columns[f"feature_{name}"] = Column(dtype="number", nullable=True)
    return TableContract(name=f"{spec.name} features", version=spec.contract.version, columns=columns)


def write_offline(spec: ModelSpec, table: FeatureTable, out: Path) -> dict[str, Any]:
    """Write the store's two files; return `data_hash` (of the features' content) and `files` (SHA-256), for features.json."""
    out.mkdir(parents=True, exist_ok=True)
    stored = table.features.add_prefix("feature_")
    stored.insert(0, spec.timestamp, table.rows[spec.timestamp])
    stored.insert(0, spec.entity, table.rows[spec.entity])
    write_parquet(out / ROWS, arrow_schema(row_contract(spec)), [table.rows])
    write_parquet(out / FEATURES, arrow_schema(feature_contract(spec)), [stored])
    files = {name: file_hash(out / name) for name in (FEATURES, ROWS)}
    return {"data_hash": content_hash(out / FEATURES), "files": files}


def read_offline(spec: ModelSpec, folder: Path) -> FeatureTable:
    """Read the store that the step build-features wrote, after checking its bytes.

    Raises
    ------
    InputError
        The folder is not complete, or a file was changed since.
    """
    about = read_json(folder / ABOUT, needed=("data_hash", "files"))
    check_files(folder, about["files"], remedy="run the step build-features again")
    stored = read_parquet(folder / FEATURES)
    features = stored[[f"feature_{name}" for name in spec.features]]
    features.columns = pd.Index(list(spec.features))
    return FeatureTable(features=features, rows=read_parquet(folder / ROWS))
