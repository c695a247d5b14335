"""Batch scoring: every row once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.errors import InputError
from ml.serving.batch import score_parquet
from ml.serving.pseudonym import Pseudonyms
from ml.serving.request_check import check_request
from ml.serving.scorer import load_scorer

pytestmark = [pytest.mark.ml, pytest.mark.slow]
DAY = "2026-03-02"


@pytest.fixture
def source(credit: Any, tmp_path: Path) -> Path:
    frame = pd.concat([credit.requests] * 5, ignore_index=True)
    frame["applicant_id"] = [f"P{row:07d}" for row in range(len(frame))]
    frame["applied_at"] = pd.Timestamp("2026-03-01", tz="UTC")
    frame["age"] = 40
    frame.loc[3, "income"] = -1.0
    frame.loc[1999, "loan_purpose"] = "boat"
    path = tmp_path / "source.parquet"
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=700)
    return path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_row_comes_out_once(credit: Any, source: Path, tmp_path: Path, decision_key: str) -> None:
    result = score_parquet(credit.model, source, tmp_path / "out", decided_at=DAY, chunk_rows=300)
    assert (result["rows"], result["scored"], result["quarantined"]) == (2000, 1998, 2)
    parts = sorted((tmp_path / "out").glob("part-*.parquet"))
    assert [pq.read_metadata(part).num_rows for part in parts] == [299, 300, 100, 300, 300, 100, 300, 299]
    scored = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    assert scored["row"].tolist() == [row for row in range(2000) if row not in (3, 1999)]
    bad = [json.loads(line) for path in sorted((tmp_path / "out").glob("quar*")) for line in path.read_text().splitlines()]
    assert bad == [
        {"row": 3, "reason": "income: '-1.0' is below 0"},
        {"row": 1999, "reason": "loan_purpose: 'boat' is not one of car, debt_consolidation, education, home, other"},
    ]
    assert scored["decision_id"].is_unique
    assert scored["key"][0] == Pseudonyms(decision_key.encode()).of_entity("P0000000")
    assert not scored.astype(str).apply(lambda column: column.str.contains("P0000")).to_numpy().any()
    scorer = load_scorer(credit.model)
    direct = scorer.score(check_request(scorer.contract, credit.requests).feed)
    by_row = scored.set_index("row")["score"]
    np.testing.assert_allclose(by_row.loc[400:799], direct.scores, rtol=0, atol=1e-6)
    assert set(scored.loc[scored["decision"] == "approved", "reasons"]) == {"[]"}
    assert all(len(json.loads(text)) >= 1 for text in scored.loc[scored["decision"] == "declined", "reasons"])


def test_run_again_does_nothing_and_a_lost_part_is_made_again(credit: Any, source: Path, tmp_path: Path, decision_key: str) -> None:
    out = tmp_path / "out"
    score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=300)
    before = contents(out)
    assert score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=300)["resumed"] == 8
    assert contents(out) == before
    (out / "counts-000000000700.json").unlink()
    (out / "part-000000000700.parquet").write_bytes(b"half")
    assert score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=300)["resumed"] == 7
    assert contents(out) == before


def test_killed_midway_it_ends_with_the_same_bytes(credit: Any, source: Path, tmp_path: Path, decision_key: str) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    score_parquet(credit.model, source, whole, decided_at=DAY, chunk_rows=10)
    code = "import sys; from ml.serving.batch import score_parquet as s; s(*sys.argv[1:4], decided_at=sys.argv[4], chunk_rows=10)"
    command = [sys.executable, "-c", code, str(credit.model), str(source), str(out), DAY]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3])
    until = time.monotonic() + 120
    while len(list(out.glob("counts-*.json"))) < 5 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = len(list(out.glob("counts-*.json")))
    assert finished >= 5
    result = score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=10)
    assert result["resumed"] == finished
    assert contents(out) == contents(whole)


def test_another_job_is_refused(credit: Any, source: Path, tmp_path: Path, decision_key: str) -> None:
    out = tmp_path / "out"
    score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=1000)
    with pytest.raises(InputError, match="holds another job; different: decided_at"):
        score_parquet(credit.model, source, out, decided_at="2026-03-03", chunk_rows=1000)
    frame = pd.read_parquet(source)
    frame["income"] += 1
    frame.to_parquet(source)
    with pytest.raises(InputError, match="holds another job; different: source_bytes, source_footer"):
        score_parquet(credit.model, source, out, decided_at=DAY, chunk_rows=1000)


def test_wrong_input(credit: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DECISION_KEY", raising=False)
    with pytest.raises(InputError, match="no key to code people's names with"):
        score_parquet(credit.model, source, tmp_path / "out", decided_at=DAY)
    monkeypatch.setenv("DECISION_KEY", "sixteen bytes or more")
    with pytest.raises(InputError, match="no such file"):
        score_parquet(credit.model, tmp_path / "nowhere", tmp_path / "out", decided_at=DAY)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(source.read_bytes()[:-10])
    with pytest.raises(InputError, match="not a Parquet file"):
        score_parquet(credit.model, broken, tmp_path / "out", decided_at=DAY)
    with pytest.raises(InputError, match="chunk_rows is 0"):
        score_parquet(credit.model, source, tmp_path / "out", decided_at=DAY, chunk_rows=0)
    pd.read_parquet(source).drop(columns="income").to_parquet(broken)
    with pytest.raises(InputError, match="missing columns: income"):
        score_parquet(credit.model, broken, tmp_path / "out", decided_at=DAY)


def test_an_empty_file_has_no_parts(credit: Any, source: Path, tmp_path: Path, decision_key: str) -> None:
    pd.read_parquet(source).head(0).to_parquet(source)
    result = score_parquet(credit.model, source, tmp_path / "out", decided_at=DAY)
    assert (result["rows"], result["scored"], result["chunks"]) == (0, 0, 0)
