"""The online store: the newest features of an entity by its key, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from ml.errors import InputError
from ml.features.compute import compute_features, is_category
from ml.spec import ModelSpec

MOST_KEYS = 500  # per query; SQLite's own limit of parameters is higher


class OnlineStore:
    """Features by entity key, as known at `as_of`.

    Parameters
    ----------
    path
        The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def materialise(self, spec: ModelSpec, rows: pd.DataFrame, events: pd.DataFrame | None, as_of: pd.Timestamp) -> int:
        """Write the features of every entity's newest row before `as_of`; return the number of entities.

        Window features are taken at `as_of`, by the same code as in the offline store. The file is replaced whole.
        """
        newest = rows[rows[spec.timestamp] < as_of].sort_values(spec.timestamp, kind="stable")
        newest = newest.drop_duplicates(spec.entity, keep="last").copy()
        newest[spec.timestamp] = pd.Series(as_of, index=newest.index).astype("datetime64[us, UTC]")
        features = compute_features(spec, newest, events)
        part = self.path.with_name(self.path.name + ".part")
        part.unlink(missing_ok=True)
        kinds = ["TEXT" if is_category(spec, name) else "REAL" for name in spec.features]
        columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(spec.features, kinds, strict=True))
        places = ", ".join("?" * (len(spec.features) + 1))
        values = features.astype(object).where(features.notna(), None)
        with closing(sqlite3.connect(part)) as store, store:
            store.execute(f"CREATE TABLE features (entity TEXT PRIMARY KEY, {columns}) WITHOUT ROWID")
            store.execute("CREATE TABLE about (model TEXT, as_of TEXT)")
            store.execute("INSERT INTO about VALUES (?, ?)", (spec.name, as_of.isoformat()))
            records = zip(newest[spec.entity], *(values[name] for name in spec.features), strict=True)
            store.executemany(f"INSERT INTO features VALUES ({places})", records)  # noqa: S608 - places holds only ?
        part.replace(self.path)
        return len(newest)

    def lookup(self, keys: Sequence[str]) -> pd.DataFrame:
        """Return the features of these entities, in their order; an unknown one has nulls.

        Raises
        ------
        InputError
            There is no store at the path.
        """
        found: list[tuple[object, ...]] = []
        with self._reading() as store:
            for first in range(0, len(keys), MOST_KEYS):
                some = list(keys[first : first + MOST_KEYS])
                marks = ", ".join("?" * len(some))
                query = f"SELECT * FROM features WHERE entity IN ({marks})"  # noqa: S608 - marks holds only ?
                found += store.execute(query, some).fetchall()
            return _table(store, found).reindex(pd.Index(keys, name="entity"))

    def everything(self) -> tuple[pd.DataFrame, pd.Timestamp]:
        """Return the features of every entity, and as of when.

        Raises
        ------
        InputError
            There is no store at the path.
        """
        with self._reading() as store:
            [(as_of,)] = store.execute("SELECT as_of FROM about")
            return _table(store, store.execute("SELECT * FROM features ORDER BY entity").fetchall()), pd.Timestamp(as_of)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise InputError("no online store", file=self.path, remedy="run the step build-features")
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as store:
                yield store
        except sqlite3.DatabaseError as error:
            raise InputError(f"not an online store: {error}", file=self.path) from None


def _table(store: sqlite3.Connection, rows: list[tuple[object, ...]]) -> pd.DataFrame:
    names = [row[1] for row in store.execute("PRAGMA table_info(features)")]
    return pd.DataFrame(rows, columns=pd.Index(names)).set_index("entity")
