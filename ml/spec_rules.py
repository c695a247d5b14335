"""The sections of a model file about training, judging, serving and watching the model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ml.spec_data import Count, Part, Seed, Share, Value


class Owner(Part):
    """Who answers for the model."""

    team: str = Field(min_length=1, description="the team's name, as in the environment file")
    contact: str = Field(min_length=1, description="where alerts about the model go")


ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]


class Parameter(Part):
    """The values the search may try for one parameter: a range or a list."""

    low: float | None = None
    high: float | None = None
    integer: bool = False
    log: bool = False
    choices: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _range_or_choices(self) -> Parameter:
        ranged = self.low is not None and self.high is not None
        if ranged == bool(self.choices) or (self.low is None) != (self.high is None):
            raise ValueError("expected either `low` and `high`, or `choices`")
        if self.low is not None and self.high is not None:
            if self.low > self.high:
                raise ValueError("low is above high")
            if self.log and self.low <= 0:
                raise ValueError("a log range starts above 0")
            if self.integer and not (self.low.is_integer() and self.high.is_integer()):
                raise ValueError("an integer range has whole numbers as `low` and `high`")
        return self


class Training(Part):
    """How the model is fitted."""

    algorithm: str = Field(pattern=r"^(sklearn:[a-z_]+|xgboost|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$")
    engine: Literal["local", "ray"] = "local"
    fixed: dict[ParameterName, Value] = Field(default_factory=dict, description="parameters that are not searched")
    search: dict[ParameterName, Parameter] = Field(default_factory=dict)
    trials: Count = Field(12, ge=1, le=10_000, description="the whole budget of the search")
    folds: Count = Field(3, ge=2, le=20)
    metric: str = Field("roc_auc", description="what the search raises or lowers")
    test_share: float = Field(0.3, gt=0, lt=1, description="the latest share of the rows, kept for evaluation")
    seed: Seed = 0
    leakage: float = Field(0.98, gt=0, le=1, description="association with the outcome above which a feature is taken to be known too late")

    @field_validator("algorithm")
    @classmethod
    def _known(cls, algorithm: str) -> str:
        known = ("sklearn:logistic_regression", "sklearn:gradient_boosting", "sklearn:random_forest", "xgboost")
        if algorithm.startswith("sklearn:") and algorithm not in known:
            raise ValueError(f"allowed: {', '.join(known)}, or an entry point module:function")
        return algorithm

    @model_validator(mode="after")
    def _searched_or_fixed(self) -> Training:
        both = sorted(set(self.fixed) & set(self.search))
        if both:
            raise ValueError(f"{both[0]!r} is both fixed and searched; leave it in one")
        return self


class Decision(Part):
    """How a score becomes a decision: at or above the threshold the event is expected."""

    threshold: float = Field(gt=0, lt=1)
    expected_event: Literal["adverse", "favourable"] = Field(description="what being at or above the threshold means")
    adverse_word: str = "declined"
    favourable_word: str = "approved"


class Gate(Part):
    """A figure the model must reach; on `bound`, the worse end of its 95 % interval must reach it."""

    metric: str
    threshold: float
    direction: Literal["at_least", "at_most"]
    judged_on: Literal["estimate", "bound"] = "estimate"


class ChampionGate(Part):
    """How much worse than the champion a candidate may be, in the metric's own unit."""

    metric: str = "roc_auc"
    tolerance: float = Field(0.01, ge=0)


class Fairness(Part):
    """What groups are owed."""

    adverse_impact_ratio: Share = 0.8
    equalised_odds_difference: Share = 0.2
    minimum_group: int = Field(60, ge=1, description="rows; a smaller group is not evaluated, and said so (see ml/fairness/rates.py)")
    unjudged_share: Share = Field(0.05, description="largest share of the rows in groups too small to judge; above it nothing is judged")


class Proxy(Part):
    """When a feature is taken to stand in for a prohibited attribute."""

    threshold: float = Field(0.35, gt=0, le=1, description="association from 0 (none) to 1 (same thing)")


class Serving(Part):
    """What the served artefact must keep."""

    latency_p99_ms: float = Field(gt=0, description="milliseconds for one row, 99th percentile")
    optimised_tolerance: float = Field(0.005, ge=0, description="largest change of a score by the optimised variant")


class Drift(Part):
    """Where monitoring raises an alert."""

    psi: float = Field(0.2, gt=0)
    ks: Share = 0.15
    chi_squared: Share = Field(0.001, description="p-value at or below which a category has drifted")
    prediction_psi: float = Field(0.2, gt=0)
    performance_drop: Share = Field(0.05, description="largest fall of the training metric")
    calibration: Share = Field(0.1, description="largest expected calibration error of a window (concept drift)")
    bad_rows: Share = Field(0.05, description="largest share of rows that break the contract")
    minimum_rows: int = Field(200, ge=1, description="smaller windows are not evaluated")


class Monitoring(Part):
    """How decisions are cut into windows, and when their outcomes are looked at."""

    window_hours: Count = Field(24, ge=1, le=24 * 366, description="length of a window; the schedule should be no rarer")
    outcome_days: Count = Field(
        0, ge=0, le=3_660, description="days until a window's outcomes are known and it is judged again; 0: never again"
    )


class Retraining(Part):
    """Retrain when this many of the last windows were violated."""

    violated: int = Field(2, ge=1)
    windows: int = Field(5, ge=1)

    @model_validator(mode="after")
    def _possible(self) -> Retraining:
        if self.violated > self.windows:
            raise ValueError("more violations than windows can never happen")
        return self


class Explanation(Part):
    """How decisions are explained."""

    reason_codes: int = Field(4, ge=1, le=4, description="most reasons a declined person gets")
    method: Literal["auto", "shap", "lime"] = Field("auto", description="auto: SHAP where it is fast, else LIME")
    background_rows: int = Field(100, ge=10, description="rows the explanation compares with")
