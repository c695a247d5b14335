"""A file larger than the memory there is: scored whole, since memory is that of a chunk. The operating system holds the limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.ml, pytest.mark.slow]
ROOT = Path(__file__).parents[3]
MORE_MIB = 200
"""What scoring may take beyond what the process has after a first small file; the large file has more than twice that."""
CODE = """
import json, re, resource, sys
from pathlib import Path
from ml.serving.batch import score_parquet
model, small, large, out, more = sys.argv[1:]
score_parquet(model, small, out + "/small", decided_at="2026-03-02", chunk_rows=200)
used = int(re.search(r"VmData:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
limit = used + int(more) * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(json.dumps(score_parquet(model, large, out + "/large", decided_at="2026-03-02", chunk_rows=200)))
"""


def write(path: Path, frame: pd.DataFrame) -> None:
    """One row group, nothing compressed: the hardest file to read in pieces."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, path, row_group_size=len(frame), compression="none", use_dictionary=False, data_page_size=1 << 16)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the limit is one of Linux")
def test_a_file_larger_than_memory_is_scored_whole(credit: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.concat([credit.requests] * 40, ignore_index=True)
    frame["applicant_id"] = [random.bytes(14_000).hex() for _ in range(len(frame))]
    write(tmp_path / "large.parquet", frame)
    write(tmp_path / "small.parquet", frame.head(200))
    size = (tmp_path / "large.parquet").stat().st_size
    assert size > 2 * MORE_MIB * 2**20 and pq.read_metadata(tmp_path / "large.parquet").num_row_groups == 1
    arguments = [credit.model, tmp_path / "small.parquet", tmp_path / "large.parquet", tmp_path, MORE_MIB]
    # pyarrow's own allocators set memory aside beforehand, which would hide what is used.
    environment = {
        **os.environ,
        "DECISION_KEY": "a secret of more than sixteen bytes",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
    }
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads(ended.stdout)["scored"] == len(frame)
