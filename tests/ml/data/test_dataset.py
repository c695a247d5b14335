"""Data sets: nothing lost, everything hashed, the same bytes from the same manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ml import pipeline
from ml.contracts.table import row_contract
from ml.data.arrow import content_hash, file_hash
from ml.data.dataset import make_dataset, read_json
from ml.data.ingest import ingest_table
from ml.data.reproduce import main, reproduce
from ml.data.source import file_batches, frame_batches
from ml.errors import BlockedError, InputError
from ml.spec import load_spec, model_names
from ml.spec_data import Knobs

WriteThird = Callable[..., Path]


@pytest.mark.parametrize("name", model_names())
def test_a_generated_data_set_is_reproducible_to_the_byte(name: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    made = make_dataset(spec, Knobs(rows=300, seed=5), tmp_path / "one")
    again = reproduce(spec, tmp_path / "one" / "manifest.json", tmp_path / "two")
    for table in ("rows", "events"):
        assert (tmp_path / "one" / f"{table}.parquet").read_bytes() == (tmp_path / "two" / f"{table}.parquet").read_bytes()
        assert made["tables"][table]["sha256"] == file_hash(tmp_path / "two" / f"{table}.parquet")
    assert made == again
    assert made["tables"]["rows"]["rows_in"] == made["tables"]["rows"]["rows_good"] == 300


def test_a_data_set_that_cannot_be_reproduced_says_why(tmp_path: Path) -> None:
    spec = load_spec("churn")
    make_dataset(spec, Knobs(rows=50), tmp_path / "one")
    manifest = read_json(tmp_path / "one" / "manifest.json")
    manifest["tables"]["rows"]["sha256"] = "0" * 64
    manifest["origin"]["code"] = "another"
    (tmp_path / "other.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BlockedError, match=r"rows\.parquet differs from its manifest: origin changed since"):
        reproduce(spec, tmp_path / "other.json", tmp_path / "two")


def test_an_auditor_reproduces_a_data_set_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_dataset(load_spec("churn"), Knobs(rows=50), tmp_path / "one")
    manifest = str(tmp_path / "one/manifest.json")
    assert main(["churn", manifest, str(tmp_path / "two")]) == 0
    assert f"rows.parquet: 50 rows, sha256 {made['tables']['rows']['sha256']}, as in the manifest" in capsys.readouterr().out
    assert main(["credit-risk", manifest, str(tmp_path / "three")]) == 2
    assert "model: this is the manifest of 'churn'; allowed: credit-risk" in capsys.readouterr().err
    (tmp_path / "one/manifest.json").write_text(
        Path(manifest).read_text(encoding="utf-8").replace('"sha256": "', '"sha256": "0'), encoding="utf-8"
    )
    assert main(["churn", manifest, str(tmp_path / "two")]) == 1
    assert main([]) == 2


@pytest.mark.parametrize("knob", ["bias", "feature_drift", "concept_drift", "seed"])
def test_every_knob_changes_the_data(knob: str, tmp_path: Path) -> None:
    spec = load_spec("credit-risk")
    usual = make_dataset(spec, Knobs(rows=200, seed=1), tmp_path / "usual")
    changed = make_dataset(spec, Knobs.model_validate({"rows": 200, "seed": 1, knob: 2 if knob == "seed" else 0.9}), tmp_path / "changed")
    assert usual["tables"]["rows"]["content_hash"] != changed["tables"]["rows"]["content_hash"]


def test_the_label_delay_moves_when_the_outcome_is_known(tmp_path: Path) -> None:
    spec = load_spec("churn")
    make_dataset(spec, Knobs(rows=100, label_delay_days=10), tmp_path)
    rows = pd.read_parquet(tmp_path / "rows.parquet")
    days = (rows["outcome_known_at"] - rows["observed_at"]).dt.total_seconds() / 86400
    assert days.between(10, 13).all()


def test_the_content_hash_ignores_compression_and_row_groups_but_no_cell(tmp_path: Path) -> None:
    make_dataset(load_spec("churn"), Knobs(rows=100), tmp_path)
    path = tmp_path / "rows.parquet"
    table = pq.read_table(path)
    pq.write_table(table, tmp_path / "other.parquet", compression="gzip", row_group_size=7)
    assert content_hash(tmp_path / "other.parquet") == content_hash(path)
    frame = table.to_pandas()
    frame.loc[99, "monthly_fee"] += 0.01
    pq.write_table(table.from_pandas(frame, schema=table.schema), tmp_path / "changed.parquet")
    assert content_hash(tmp_path / "changed.parquet") != content_hash(path)


def test_batch_and_stream_give_the_same_file(third: WriteThird, tmp_path: Path) -> None:
    model = third()
    contract = row_contract(load_spec(model))
    csv = model.parent / "parcels.csv"
    whole = ingest_table(contract, file_batches(csv), tmp_path / "a.parquet", tmp_path / "a.jsonl")
    stream = ingest_table(contract, file_batches(csv, 7), tmp_path / "b.parquet", tmp_path / "b.jsonl")
    assert whole == stream
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_own_csv_and_parquet_give_the_same_content(third: WriteThird, tmp_path: Path) -> None:
    model = third()
    spec = load_spec(model)
    from_csv = make_dataset(spec, spec.data.knobs, tmp_path / "csv")
    pd.read_csv(model.parent / "parcels.csv").to_parquet(model.parent / "parcels.parquet")
    text = model.read_text(encoding="utf-8").replace("csv: parcels.csv", "parquet: parcels.parquet")
    (model.parent / "other.yaml").write_text(text, encoding="utf-8")
    other = load_spec(model.parent / "other.yaml")
    from_parquet = make_dataset(other, other.data.knobs, tmp_path / "parquet")
    assert from_csv["tables"]["rows"]["content_hash"] == from_parquet["tables"]["rows"]["content_hash"]
    assert [parent["file"] for parent in from_csv["origin"]["parents"]] == ["parcels.csv", "scans.csv"]


def test_bad_rows_are_quarantined_with_their_reason_and_none_is_lost(third: WriteThird, tmp_path: Path) -> None:
    model = third(rows=10)
    csv = model.parent / "parcels.csv"
    lines = csv.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace("K1,", "X1,")
    lines[4] = lines[4] + ",one,too,many"
    lines.append(lines[1])
    csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    manifest = pipeline.ingest(model, tmp_path / "data")
    counts = manifest["tables"]["rows"]
    assert (counts["rows_in"], counts["rows_good"], counts["rows_quarantined"]) == (11, 8, 3)
    kept = [json.loads(line) for line in (tmp_path / "data" / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {item["reason"] for item in kept} == {
        "parcel: 'X1' does not match K[0-9]+",
        "parcel: is there already",
        "line 5 has 12 fields, the header 9",
    }
    assert {item["contract"] for item in kept} == {manifest["contract"]}


def _broken(kind: str, csv: Path) -> None:
    text = csv.read_text(encoding="utf-8")
    header, first, *_ = text.splitlines()
    contents = {
        "empty": b"",
        "header only": header.encode() + b"\n",
        "latin-1": text.replace("K5,", "K\u00e95,").encode("latin-1"),
        "renamed column": text.replace("weight", "wieght").encode(),
        "every row bad": f"{header}\n{first.replace('K0', 'no')}\n".encode(),
        "open quote": f'{header}\n"K1,{first}\n'.encode(),
    }
    csv.write_bytes(contents[kind])


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("empty", "the file is empty"),
        ("header only", "the table has no rows"),
        ("latin-1", r"parcels\.csv:7: not UTF-8"),
        ("renamed column", "the column\\(s\\) weight are missing; rename 'wieght' to 'weight'"),
        ("every row bad", "all 1 rows break the contract; the last one: parcel: 'no' does not match"),
        ("open quote", "not CSV"),
    ],
)
def test_a_file_that_holds_no_rows_is_an_input_error(kind: str, problem: str, third: WriteThird, tmp_path: Path) -> None:
    model = third(rows=10)
    _broken(kind, model.parent / "parcels.csv")
    with pytest.raises(InputError, match=problem):
        pipeline.ingest(model, tmp_path / "data")
    assert not (tmp_path / "data" / "manifest.json").exists()


def test_a_parquet_file_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("hello", encoding="utf-8")
    with pytest.raises(InputError, match="not a Parquet file"):
        list(file_batches(tmp_path / "a.parquet"))


def test_knobs_are_refused_for_ones_own_data(third: WriteThird, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only generated data has knobs"):
        pipeline.ingest(third(), tmp_path / "data", bias=0.5)


def test_frames_are_cut_into_micro_batches() -> None:
    frame = pd.DataFrame({"a": range(5)})
    assert [len(batch) for batch in frame_batches(frame, 2)] == [2, 2, 1]


def test_quarantine_names_the_row_and_the_line_where_lines_are_torn(tmp_path: Path) -> None:
    contract = row_contract(load_spec("churn"))
    make_dataset(load_spec("churn"), Knobs(rows=4), tmp_path / "made")
    good = pd.read_parquet(tmp_path / "made/rows.parquet")
    text = good.assign(observed_at=good["observed_at"].map(lambda at: at.isoformat()), outcome_known_at="").to_csv(index=False)
    header, first, second, third, fourth = text.splitlines()
    fourth = fourth.replace(fourth.split(",")[0], "nobody\u2028\x85")
    (tmp_path / "rows.csv").write_text("\n".join([header, first, "torn,line", second, third, fourth]), encoding="utf-8")
    counts = ingest_table(contract, file_batches(tmp_path / "rows.csv"), tmp_path / "rows.parquet", tmp_path / "quarantine.jsonl")
    told = [json.loads(line) for line in (tmp_path / "quarantine.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert (counts.rows, counts.good, counts.quarantined) == (5, 3, 2)
    assert [(line["row"], line["reason"].split(":")[0]) for line in told] == [
        (1, "line 3 has 2 fields, the header 13"),
        (4, "customer_id"),
    ]


def test_a_table_without_one_good_row_says_why_whatever_stands_in_it(tmp_path: Path) -> None:
    """Some signs end a line for `str.splitlines` and not for JSON."""
    contract = row_contract(load_spec("churn"))
    row = dict.fromkeys(contract.columns, "\u2028")
    with pytest.raises(InputError, match="all 1 rows break the contract; the last one: customer_id"):
        ingest_table(contract, frame_batches(pd.DataFrame([row])), tmp_path / "rows.parquet", tmp_path / "quarantine.jsonl")
