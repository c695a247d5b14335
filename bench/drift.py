"""Drift over ten million rows: `python -m bench.drift [--rows N]`.

Writes a reference (500,000 rows) and a current table, then measures the streamed sketches against reading the table whole and
letting scipy sort it. Both times are of one run on one machine, so the ratio is what to look at.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import ks_2samp

from ml.monitoring import chi_squared, ks, psi
from ml.monitoring.profile import Kind, count, reference_profile
from ml.monitoring.sketch import CategoricalSketch, NumericSketch

NUMBERS = [f"number_{index}" for index in range(8)]
CATEGORIES = [f"category_{index}" for index in range(2)]
NUMERIC: Kind = "numeric"
CATEGORICAL: Kind = "categorical"
COLUMNS = {**dict.fromkeys(NUMBERS, NUMERIC), **dict.fromkeys(CATEGORIES, CATEGORICAL)}
GROUP_ROWS = 500_000


def write(path: Path, rows: int, *, seed: int, shift: float) -> None:
    """Write a table of eight numbers and two categories; number_0 moves by `shift` standard deviations."""
    random = np.random.default_rng(seed)
    schema = pa.schema([(name, pa.float64() if kind == "numeric" else pa.string()) for name, kind in COLUMNS.items()])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, GROUP_ROWS):
            size = min(GROUP_ROWS, rows - start)
            columns = [
                pa.array(random.normal(shift if name == "number_0" else 0.0, 1.0, size))
                if kind == "numeric"
                else pa.array(np.array(["a", "b", "c", "d"])[random.integers(0, 4, size)])
                for name, kind in COLUMNS.items()
            ]
            writer.write_table(pa.table(columns, schema=schema))


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds a call takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def streamed(reference: Path, current: Path) -> dict[str, float]:
    """PSI of every column, KS of the numbers, chi-squared of the categories."""
    before = reference_profile(reference, COLUMNS)
    now = count(current, before)
    values: dict[str, float] = {}
    for name, old in before.sketches.items():
        new = now.sketches[name]
        values[f"psi:{name}"] = psi.evaluate(name, old, new).value or 0.0
        if isinstance(old, NumericSketch) and isinstance(new, NumericSketch):
            values[f"ks:{name}"] = ks.evaluate(name, old, new).value or 0.0
        elif isinstance(old, CategoricalSketch) and isinstance(new, CategoricalSketch):
            values[f"chi:{name}"] = chi_squared.evaluate(name, old, new).value or 0.0
    return values


def sorted_whole(reference: Path, current: Path) -> dict[str, float]:
    """KS of the eight numbers by scipy on the whole columns."""
    before, now = pq.read_table(reference), pq.read_table(current)
    return {
        f"ks:{name}": float(ks_2samp(before[name].to_numpy(), now[name].to_numpy(), method="asymp").statistic)
        for name, kind in COLUMNS.items()
        if kind == "numeric"
    }


def peak_mib() -> float:
    """Return the largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows: int = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        reference, current = Path(folder, "reference.parquet"), Path(folder, "current.parquet")
        write(reference, min(500_000, rows), seed=1, shift=0.0)
        write(current, rows, seed=2, shift=0.5)
        base = peak_mib()
        ours, values = timed(lambda: streamed(reference, current))
        ours_peak = peak_mib() - base
        theirs, exact = timed(lambda: sorted_whole(reference, current))
        theirs_peak = peak_mib() - base
    assert isinstance(values, dict)
    assert isinstance(exact, dict)
    largest = max(abs(values[name] - value) for name, value in exact.items())
    print(f"{'drift over ' + format(rows, ',') + ' rows, 10 columns':<48}{'seconds':>9}{'rows/s':>13}{'peak MiB':>10}")
    print(f"{'streamed sketches: PSI, KS and chi-squared':<48}{ours:>9.2f}{rows / ours:>13,.0f}{ours_peak:>10.0f}")
    print(f"{'whole columns in scipy: KS only':<48}{theirs:>9.2f}{rows / theirs:>13,.0f}{theirs_peak:>10.0f}")
    print(f"ratio {theirs / ours:.1f} x; largest difference of a KS statistic {largest:.5f}")


if __name__ == "__main__":
    main()
