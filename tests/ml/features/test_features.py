"""Features: right by hand, blind to the future, and the same in both stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml import pipeline
from ml.contracts.check import check_rows
from ml.contracts.table import request_contract
from ml.data.arrow import read_parquet
from ml.errors import InputError
from ml.features.compute import compute_features, features_from_request
from ml.features.encode import encode, encoded_columns, encoded_owner
from ml.features.groups import GROUPS, groups_text
from ml.features.offline import read_offline
from ml.features.online import OnlineStore
from ml.features.windows import window_values
from ml.spec import ModelSpec, load_spec, model_names
from ml.spec_data import Window


def day(number: float) -> pd.Timestamp:
    return pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=number)


@pytest.fixture
def spec() -> ModelSpec:
    return load_spec("churn")


EVENTS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "a", "a"],
        "happened_at": pd.Series([day(1), day(5), day(5), day(9), day(10)]).astype("datetime64[us, UTC]"),
        "kind": ["session", "session", "session", "support_call", "session"],
        "minutes": [10.0, 30.0, 99.0, 0.0, 50.0],
    }
)


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        # rows: a at day 10 (sees days 3 to <10), a at day 5 (sees -2 to <5), b at day 6, c at day 6, a at day 30
        ("count", [1.0, 1.0, 1.0, 0.0, 0.0]),
        ("sum", [30.0, 10.0, 99.0, 0.0, 0.0]),
        ("mean", [30.0, 10.0, 99.0, np.nan, np.nan]),
        ("max", [30.0, 10.0, 99.0, np.nan, np.nan]),
        ("last", [30.0, 10.0, 99.0, np.nan, np.nan]),
    ],
)
def test_a_window_sees_its_own_days_and_stops_before_the_row(spec: ModelSpec, aggregate: str, expected: list[float]) -> None:
    window = Window.model_validate(
        {"aggregate": aggregate, "days": 7, "column": None if aggregate == "count" else "minutes", "where": {"kind": "session"}}
    )
    keys = pd.Series(["a", "a", "b", "c", "a"])
    times = pd.Series([day(10), day(5), day(6), day(6), day(30)])
    np.testing.assert_array_equal(window_values(spec, window, keys, times, EVENTS), expected)


@pytest.mark.parametrize(("aggregate", "of_none"), [("sum", 0.0), ("mean", np.nan), ("last", np.nan), ("max", np.nan)])
@pytest.mark.parametrize("dtype", ["float64", "Int64"])
def test_an_event_without_the_value_is_passed_over(spec: ModelSpec, aggregate: str, of_none: float, dtype: str) -> None:
    """As in SQL: one missing amount must not make the sum of a year missing."""
    events = EVENTS.assign(minutes=pd.Series([10, None, None, None, None]).astype(dtype))
    window = Window.model_validate({"aggregate": aggregate, "days": 60, "column": "minutes"})
    given = window_values(spec, window, pd.Series(["a", "b"]), pd.Series([day(20), day(20)]), events)
    np.testing.assert_array_equal(given, [10.0, of_none])


@pytest.mark.parametrize("aggregate", ["count", "sum", "mean", "min", "max", "last"])
def test_the_order_of_events_in_their_file_does_not_matter(spec: ModelSpec, aggregate: str) -> None:
    """Many happen at the same moment; an export that sorts them otherwise must give the same features, to the last bit."""
    random = np.random.default_rng(7)
    events = pd.DataFrame(
        {
            "customer_id": random.choice(list("abc"), 300),
            "happened_at": pd.Series([day(float(number)) for number in random.integers(0, 20, 300)]).astype("datetime64[us, UTC]"),
            "kind": "session",
            "minutes": random.gamma(2, 30, 300),
        }
    )
    window = Window.model_validate({"aggregate": aggregate, "days": 9, "column": None if aggregate == "count" else "minutes"})
    keys, times = pd.Series(list("abcd") * 5), pd.Series([day(float(number)) for number in range(20)])
    shuffled = events.iloc[random.permutation(300)].reset_index(drop=True)
    first, second = (window_values(spec, window, keys, times, table) for table in (events, shuffled))
    np.testing.assert_array_equal(first, second)


def test_windows_agree_with_a_loop_over_every_row_and_event(spec: ModelSpec) -> None:
    random = np.random.default_rng(1)
    events = pd.DataFrame(
        {
            "customer_id": random.choice(list("abcd"), 200),
            "happened_at": pd.Series([day(float(number)) for number in random.integers(0, 60, 200)]),
            "kind": "session",
            "minutes": random.integers(0, 100, 200).astype(float),
        }
    )
    keys = pd.Series(random.choice(list("abcde"), 50))
    times = pd.Series([day(float(number)) for number in random.integers(0, 60, 50)])
    for aggregate in ("sum", "mean", "min", "max"):
        window = Window.model_validate({"aggregate": aggregate, "days": 14, "column": "minutes"})
        slow = []
        for key, moment in zip(keys, times, strict=True):
            seen = events[(events["customer_id"] == key) & (events["happened_at"] < moment)]
            seen = seen[seen["happened_at"] >= moment - pd.Timedelta(days=14)]["minutes"]
            slow.append(0.0 if aggregate == "sum" and seen.empty else getattr(seen, aggregate)())
        np.testing.assert_allclose(window_values(spec, window, keys, times, events), slow)


@pytest.mark.parametrize("name", model_names())
def test_no_feature_sees_the_future(name: str, tmp_path: Path) -> None:
    """Change everything that happens at or after each row's time: no feature of any row may move."""
    spec = load_spec(name)
    pipeline.ingest(name, tmp_path, rows=400)
    rows, events = read_parquet(tmp_path / "rows.parquet"), read_parquet(tmp_path / "events.parquet")
    assert spec.events is not None
    usual = compute_features(spec, rows, events)
    own = rows.set_index(spec.entity)[spec.timestamp]
    later = events[spec.events.timestamp] >= events[spec.entity].map(own)
    assert 0 < later.sum() < len(events), "the data has events after the decision, which leak if they are seen"
    amount = next(column for column, about in spec.events.columns.items() if about.dtype == "number")
    changed = events.copy()
    changed.loc[later, amount] = 999.0
    flooded = pd.concat([changed, changed[later], changed[later]], ignore_index=True)
    future_rows = rows.assign(**{spec.target.column: 1 - rows[spec.target.column]})
    pd.testing.assert_frame_equal(compute_features(spec, future_rows, flooded), usual)


@pytest.mark.parametrize("name", model_names())
def test_both_stores_give_the_same_features(name: str, tmp_path: Path) -> None:
    """Skew: what is looked up as of a moment is what the offline code gives for a row at that moment."""
    spec = load_spec(name)
    pipeline.ingest(name, tmp_path / "data", rows=300)
    pipeline.build_features(name, tmp_path / "data", tmp_path / "features", as_of="2025-06-01")
    rows, events = read_parquet(tmp_path / "data/rows.parquet"), read_parquet(tmp_path / "data/events.parquet")
    known = rows[rows[spec.timestamp] < pd.Timestamp("2025-06-01", tz="UTC")].drop_duplicates(spec.entity, keep="last")
    moment = known.assign(**{spec.timestamp: pd.Series(pd.Timestamp("2025-06-01", tz="UTC"), index=known.index)})
    offline = compute_features(spec, moment, events)
    online = OnlineStore(tmp_path / "features/online.sqlite").lookup(list(known[spec.entity]))
    assert len(online) == len(known) > 50
    for feature in spec.features:
        pd.testing.assert_series_equal(
            online[feature].reset_index(drop=True), offline[feature].reset_index(drop=True), check_names=False, check_dtype=False
        )


def test_a_request_gives_the_features_training_saw(tmp_path: Path) -> None:
    spec = load_spec("credit-risk")
    pipeline.ingest("credit-risk", tmp_path / "data", rows=200)
    pipeline.build_features("credit-risk", tmp_path / "data", tmp_path / "features")
    table = read_offline(spec, tmp_path / "features")
    windows = [name for name, feature in spec.features.items() if feature.window is not None]
    columns = [name for name in request_contract(spec).columns if name not in windows]
    request = pd.concat([table.rows[columns], table.features[windows]], axis=1)
    checked = check_rows(request_contract(spec), request)
    assert checked.bad.empty
    np.testing.assert_array_equal(encode(spec, features_from_request(spec, checked.good)), table.matrix(spec))


def test_transforms_by_hand(spec: ModelSpec) -> None:
    credit = load_spec("credit-risk")
    row = pd.DataFrame(
        [
            {
                "income": 60000.0,
                "monthly_debt": 1200.0,
                "loan_amount": 15000.0,
                "loan_term_months": 36,
                "loan_purpose": "car",
                "employment_years": 4.0,
                "savings": np.nan,
                "credit_lines": 3,
                "late_payments_365d": np.nan,
                "enquiries_90d": 2.0,
                "mean_payment_180d": np.nan,
            }
        ]
    )
    made = features_from_request(credit, row).iloc[0]
    assert made["income"] == pytest.approx(11.0021165)  # ln(60001)
    assert made["debt_to_income"] == pytest.approx(0.02)
    assert made["loan_to_income"] == pytest.approx(0.25)
    assert made["late_payments_365d"] == 0.0 and np.isnan(made["mean_payment_180d"]) and np.isnan(made["savings"])


def test_a_category_becomes_one_column_per_value_of_the_contract(spec: ModelSpec) -> None:
    columns = encoded_columns(spec)
    assert columns[:6] == (
        "plan=basic",
        "plan=family",
        "plan=premium",
        "plan=standard",
        "contract_type=annual",
        "contract_type=monthly",
    )
    assert encoded_owner(spec)[:5] == ("plan", "plan", "plan", "plan", "contract_type")


def test_outcomes_known_only_later_are_left_out(tmp_path: Path) -> None:
    pipeline.ingest("churn", tmp_path / "data", rows=300)
    made = pipeline.build_features("churn", tmp_path / "data", tmp_path / "features", as_of="2025-07-01T00:00:00Z")
    rows = read_parquet(tmp_path / "data/rows.parquet")
    known = int((rows["outcome_known_at"] <= pd.Timestamp("2025-07-01", tz="UTC")).sum())
    assert 0 < made["rows_labelled"] == known < 300


def test_an_unknown_entity_has_nulls_and_a_missing_store_is_an_error(tmp_path: Path) -> None:
    pipeline.ingest("churn", tmp_path / "data", rows=20)
    pipeline.build_features("churn", tmp_path / "data", tmp_path / "features")
    assert OnlineStore(tmp_path / "features/online.sqlite").lookup(["nobody"]).isna().all(axis=None)
    with pytest.raises(InputError, match="no online store"):
        OnlineStore(tmp_path / "none.sqlite").lookup(["a"])


def test_the_feature_groups_file_is_fresh() -> None:
    assert GROUPS.read_text(encoding="utf-8") == groups_text(), "run: python -m ml.features.groups"
