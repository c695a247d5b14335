"""Loan applications with a known truth, so that bias and drift can be put in on purpose.

The chance of default rises with debt, the amount asked for, late payments and enquiries, and falls with income, savings
and time in employment. Sex, race and age play no part in it while `bias` is 0. With `bias`, part of the applicants
(race black or hispanic) have lower incomes and savings, more debt and late payments, and their past loans were
recorded as defaults more often: what a lender's history looks like after years of unequal treatment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.data.tables import Tables
from ml.spec_data import Knobs

DAY = 86_400_000_000  # microseconds
PURPOSES = ("car", "debt_consolidation", "education", "home", "other")
AREAS = ("centre", "east", "north", "south", "west")
Array = np.ndarray[Any, np.dtype[Any]]


def generate(knobs: Knobs) -> Tables:
    """Return applications and the payment history of the applicants; the same knobs give the same bytes."""
    random = np.random.default_rng(knobs.seed)
    people = _people(random, knobs)
    money = _money(random, knobs, people["disadvantaged"], people["age"])
    history = _history(random, knobs, people["disadvantaged"])
    chance = _chance_of_default(knobs, people, money, history)
    defaulted = (random.random(knobs.rows) < chance).astype(np.int64)
    applied = _times(random, knobs)
    known = applied + ((knobs.label_delay_days + 5 * random.random(knobs.rows)) * DAY).astype(np.int64)
    rows = pd.DataFrame(
        {
            "application_id": [f"A{index:08d}" for index in range(knobs.rows)],
            "applicant_id": people["applicant"],
            "applied_at": pd.to_datetime(applied, unit="us", utc=True),
            **{name: money[name] for name in ("income", "monthly_debt", "loan_amount", "loan_term_months")},
            "loan_purpose": people["purpose"],
            **{name: money[name] for name in ("employment_years", "savings", "credit_lines")},
            **{name: people[name] for name in ("channel", "postcode_area", "age", "sex", "race", "marital_status")},
            "public_assistance": people["public_assistance"],
            "defaulted": defaulted,
            "outcome_known_at": pd.to_datetime(known, unit="us", utc=True),
        }
    )
    return Tables(rows=rows, events=_events(random, rows, history))


def _people(random: np.random.Generator, knobs: Knobs) -> dict[str, Array]:
    count = knobs.rows
    race = random.choice(("asian", "black", "hispanic", "undisclosed", "white"), count, p=(0.1, 0.18, 0.18, 0.06, 0.48))
    disadvantaged = np.isin(race, ("black", "hispanic"))
    lives = np.where(disadvantaged & (random.random(count) < 0.7 * knobs.bias), 4, random.integers(0, 5, count))
    drift = knobs.feature_drift
    return {
        "applicant": np.char.add("P", np.char.zfill(random.permutation(count * 2)[:count].astype(str), 7)),
        "race": race,
        "disadvantaged": disadvantaged,
        "sex": random.choice(("female", "male", "undisclosed"), count, p=(0.47, 0.49, 0.04)),
        "age": np.clip(random.gamma(6.0, 4.0, count) + 18, 18, 90).astype(np.int64),
        "marital_status": random.choice(("married", "separated", "unmarried"), count, p=(0.48, 0.14, 0.38)),
        "public_assistance": random.random(count) < 0.07,
        "postcode_area": np.array(AREAS)[lives],
        "channel": random.choice(("branch", "broker", "online"), count, p=(0.3 - 0.2 * drift, 0.2, 0.5 + 0.2 * drift)),
        "purpose": random.choice(PURPOSES, count, p=(0.28, 0.27 + 0.2 * drift, 0.12, 0.23 - 0.2 * drift, 0.1)),
    }


def _money(random: np.random.Generator, knobs: Knobs, disadvantaged: Array, age: Array) -> dict[str, Array]:
    count, unequal, drift = knobs.rows, knobs.bias * disadvantaged, knobs.feature_drift
    income = np.exp(random.normal(10.9, 0.5, count) - 0.3 * unequal - 0.4 * drift)
    share = random.beta(2.0, 6.0, count) * (1 + 0.4 * unequal + 0.5 * drift)
    asked = income * random.lognormal(-1.3, 0.6, count) * (1 + 0.3 * drift)
    employed = np.minimum(random.exponential(5.0 - 1.2 * unequal, count), age - 17.0)
    savings = income * random.lognormal(-1.8 - 0.5 * unequal, 1.0, count)
    lines = random.poisson(3.0 + 1.5 * drift, count)
    return {
        "income": np.round(np.clip(income, 6_000, 2_000_000), 2),
        "monthly_debt": np.round(income / 12 * share, 2),
        "loan_amount": np.round(np.clip(asked, 500, 400_000), 2),
        "loan_term_months": random.choice((12, 24, 36, 48, 60), count),
        "employment_years": np.where(random.random(count) < 0.05, np.nan, np.round(employed, 1)),
        "savings": np.where(random.random(count) < 0.08, np.nan, np.round(np.clip(savings, 0, 5_000_000), 2)),
        "credit_lines": lines,
    }


def _history(random: np.random.Generator, knobs: Knobs, disadvantaged: Array) -> dict[str, Array]:
    unequal = knobs.bias * disadvantaged
    return {
        "paid_late": random.poisson(random.gamma(0.8, 1.0, knobs.rows) * (1 + 1.2 * unequal)),
        "enquiry": random.poisson(0.9 + 0.6 * knobs.feature_drift + 0.4 * unequal, knobs.rows),
        "paid_on_time": random.poisson(5.0, knobs.rows),
    }


def _chance_of_default(knobs: Knobs, people: dict[str, Array], money: dict[str, Array], history: dict[str, Array]) -> Array:
    drift = knobs.concept_drift
    income = (np.log(money["income"]) - 10.9) / 0.5
    debt = (money["monthly_debt"] * 12 / money["income"] - 0.25) / 0.14
    asked = (money["loan_amount"] / money["income"] - 0.33) / 0.2
    saved = np.nan_to_num((np.log1p(money["savings"]) - 9.1) / 1.1)
    employed = np.nan_to_num((money["employment_years"] - 4.7) / 4.5)
    score = -2.6 - 0.75 * (1 - 1.6 * drift) * income + 0.8 * debt + 0.35 * (1 - drift) * asked
    score = score - 0.35 * saved - 0.3 * employed
    score = score + 0.5 * (1 - 0.9 * drift) * history["paid_late"] + (0.25 + 0.6 * drift) * history["enquiry"]
    score = score + 0.3 * (people["purpose"] == "debt_consolidation") + 1.2 * drift * (people["purpose"] == "home")
    score = score + 0.3 * (money["loan_term_months"] - 36) / 24 + 0.3 * debt * (asked > 0.5)
    score = score + 1.0 * knobs.bias * people["disadvantaged"] + 0.5 * drift
    return np.asarray(1 / (1 + np.exp(-score)))


def _times(random: np.random.Generator, knobs: Knobs) -> Array:
    start = int(pd.Timestamp(knobs.start).timestamp()) * 1_000_000
    return np.asarray(start + np.sort(random.random(knobs.rows) * knobs.days * DAY).astype(np.int64))


def _events(random: np.random.Generator, rows: pd.DataFrame, history: dict[str, Array]) -> pd.DataFrame:
    """Return past events of every applicant, and the late payments that follow a default (never to be used)."""
    applied = rows["applied_at"].astype("int64").to_numpy()
    reach = {"paid_late": 365, "enquiry": 90, "paid_on_time": 180}
    parts: list[tuple[str, Array, Array]] = []
    for kind, counts in history.items():
        who = np.repeat(np.arange(len(rows)), counts)
        back = (random.random(len(who)) * reach[kind] * DAY).astype(np.int64) + 1
        parts.append((kind, who, applied[who] - back))
    later = np.repeat(np.flatnonzero(rows["defaulted"].to_numpy() == 1), 3)
    parts.append(("paid_late", later, applied[later] + (random.random(len(later)) * 90 * DAY).astype(np.int64) + 1))
    who = np.concatenate([part[1] for part in parts])
    when = np.concatenate([part[2] for part in parts])
    kinds = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
    amount = np.round(rows["income"].to_numpy()[who] / 12 * random.beta(2, 12, len(who)), 2)
    order = np.lexsort((who, when))
    return pd.DataFrame(
        {
            "applicant_id": rows["applicant_id"].to_numpy()[who][order],
            "happened_at": pd.to_datetime(when[order], unit="us", utc=True),
            "kind": kinds[order],
            "amount": amount[order],
        }
    )
