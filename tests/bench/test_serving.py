"""The serving benchmark comes to its end, and measures every way it names. How fast any of them is, is not asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import serving

pytestmark = [pytest.mark.ml, pytest.mark.slow]


def test_every_way_is_measured_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(serving, "CALLS", 6)
    monkeypatch.setattr(serving, "BATCH_COPIES", 1)
    monkeypatch.setenv("DECISION_KEY", "a secret of more than sixteen bytes")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # a proxy that answers nobody must not stand between us and our own server
    serving.prepare("churn", tmp_path)
    measured = serving.one_row("churn", tmp_path)
    serving.report("churn", measured, serving.batch("churn", tmp_path))
    assert list(measured) == [
        "ONNX, features included",
        "plain model, features made by pandas",
        "plain model, features given",
        "whole request in process, with reasons",
        "whole request through MLflow's server",
    ]
    assert all(latency.p50_ms > 0 and rows > 0 for latency, rows in measured.values())
    told = capsys.readouterr().out
    assert all(way in told for way in measured) and "batch scoring of Parquet" in told
