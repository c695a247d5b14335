"""Subscribers and what they did, with a known truth.

The chance of leaving rises with support calls, failed payments, the fee and monthly contracts, and falls with tenure,
discount and minutes watched. `bias` gives the age band 65+ fewer sessions and more support calls.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.data.tables import Tables
from ml.spec_data import Knobs

DAY = 86_400_000_000  # microseconds
FEES = {"basic": 9.0, "family": 24.0, "premium": 19.0, "standard": 14.0}
Array = np.ndarray[Any, np.dtype[Any]]


def generate(knobs: Knobs) -> Tables:
    """Return subscriber snapshots and their events; the same knobs give the same bytes."""
    random = np.random.default_rng(knobs.seed)
    customers = _customers(random, knobs)
    activity = _activity(random, knobs, customers)
    chance = _chance_of_leaving(knobs, customers, activity)
    churned = (random.random(knobs.rows) < chance).astype(np.int64)
    start = int(pd.Timestamp(knobs.start).timestamp()) * 1_000_000
    observed = start + np.sort(random.random(knobs.rows) * knobs.days * DAY).astype(np.int64)
    known = observed + ((knobs.label_delay_days + 3 * random.random(knobs.rows)) * DAY).astype(np.int64)
    rows = pd.DataFrame(
        {
            "customer_id": customers["customer"],
            "observed_at": pd.to_datetime(observed, unit="us", utc=True),
            **{name: customers[name] for name in ("plan", "contract_type", "tenure_months", "monthly_fee", "discount")},
            **{name: customers[name] for name in ("autopay", "devices", "region", "age_band")},
            "churned": churned,
            "outcome_known_at": pd.to_datetime(known, unit="us", utc=True),
        }
    )
    return Tables(rows=rows, events=_events(random, rows, activity))


def _customers(random: np.random.Generator, knobs: Knobs) -> dict[str, Array]:
    count, drift = knobs.rows, knobs.feature_drift
    plan = random.choice(tuple(FEES), count, p=(0.35 - 0.2 * drift, 0.15, 0.2 + 0.2 * drift, 0.3))
    fee = np.array([FEES[name] for name in plan]) * random.lognormal(0.0, 0.12, count) * (1 + 0.3 * drift)
    discount = np.where(random.random(count) < 0.4, np.nan, np.round(random.beta(2, 8, count) * (1 - 0.6 * drift), 3))
    return {
        "customer": np.char.add("C", np.char.zfill(random.permutation(count * 2)[:count].astype(str), 7)),
        "plan": plan,
        "contract_type": random.choice(("annual", "monthly"), count, p=(0.45 - 0.2 * drift, 0.55 + 0.2 * drift)),
        "tenure_months": random.gamma(1.6, 14.0 * (1 - 0.4 * drift), count).astype(np.int64),
        "monthly_fee": np.round(fee, 2),
        "discount": discount,
        "autopay": random.random(count) < 0.6,
        "devices": random.poisson(2.2, count),
        "region": random.choice(("central", "coastal", "mountain"), count, p=(0.5, 0.35, 0.15)),
        "age_band": random.choice(("18-29", "30-49", "50-64", "65+"), count, p=(0.25, 0.38, 0.24, 0.13)),
    }


def _activity(random: np.random.Generator, knobs: Knobs, customers: dict[str, Array]) -> dict[str, Array]:
    count, drift = knobs.rows, knobs.feature_drift
    unequal = knobs.bias * (customers["age_band"] == "65+")
    keen = random.gamma(2.0, 0.5, count) * (1 - 0.5 * unequal)
    return {
        "support_call": random.poisson(0.7 + 0.8 * drift + 1.5 * unequal, count),
        "payment_failed": random.poisson(np.where(customers["autopay"], 0.15, 0.6), count),
        "session": random.poisson(5.0 * keen * (1 - 0.4 * drift)),
    }


def _chance_of_leaving(knobs: Knobs, customers: dict[str, Array], activity: dict[str, Array]) -> Array:
    drift = knobs.concept_drift
    score = -0.95 + (0.75 - 1.3 * drift) * activity["support_call"] + 0.9 * activity["payment_failed"]
    score = score + 1.1 * (1 - 1.6 * drift) * (customers["contract_type"] == "monthly")
    score = score - 0.16 * (1 - drift) * activity["session"] - 0.03 * (1 - drift) * customers["tenure_months"]
    score = score + (0.07 + 0.1 * drift) * (customers["monthly_fee"] - 15) - 2.5 * np.nan_to_num(customers["discount"])
    score = score - 0.15 * customers["devices"] + 1.0 * drift * (customers["plan"] == "premium")
    return np.asarray(1 / (1 + np.exp(-score)))


def _events(random: np.random.Generator, rows: pd.DataFrame, activity: dict[str, Array]) -> pd.DataFrame:
    """Return past events of every customer, and the calls of those who are leaving (never to be used)."""
    observed = rows["observed_at"].astype("int64").to_numpy()
    reach = {"support_call": 60, "payment_failed": 90, "session": 30}
    parts: list[tuple[str, Array, Array]] = []
    for kind, counts in activity.items():
        who = np.repeat(np.arange(len(rows)), counts)
        parts.append((kind, who, observed[who] - (random.random(len(who)) * reach[kind] * DAY).astype(np.int64) - 1))
    later = np.repeat(np.flatnonzero(rows["churned"].to_numpy() == 1), 2)
    parts.append(("support_call", later, observed[later] + (random.random(len(later)) * 30 * DAY).astype(np.int64) + 1))
    who = np.concatenate([part[1] for part in parts])
    when = np.concatenate([part[2] for part in parts])
    kinds = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
    minutes = np.where(kinds == "session", np.round(random.gamma(2.0, 30.0, len(who)), 1), 0.0)
    order = np.lexsort((who, when))
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"].to_numpy()[who][order],
            "happened_at": pd.to_datetime(when[order], unit="us", utc=True),
            "kind": kinds[order],
            "minutes": np.clip(minutes[order], 0, 1440),
        }
    )
