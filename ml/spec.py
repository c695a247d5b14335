"""The model file: everything a team says about its model, read once and typed.

`load_spec("credit-risk")` reads `ml/models/credit-risk.yaml`; a path to any other YAML file works the same.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from ml.errors import InputError
from ml.mistake import explained
from ml.spec_data import AttributeItem, Contract, DataSource, Events, Feature, Name, Part, Target
from ml.spec_fit import MisplacedError, check_columns, check_events, check_features, check_groups, nearest
from ml.spec_rules import (
    ChampionGate,
    Decision,
    Drift,
    Explanation,
    Fairness,
    Gate,
    Monitoring,
    Owner,
    Proxy,
    Retraining,
    Serving,
    Training,
)
from ml.yaml_file import Location, read_yaml

MODELS = Path(__file__).parent / "models"
METRICS = ("roc_auc", "average_precision", "log_loss", "brier", "ece", "accuracy", "precision", "recall", "f1", "ks")


class ModelSpec(Part):
    """One model, as its team declared it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)
    owner: Owner
    description: str = Field(min_length=1)
    regulated: bool = Field(description="true where the law asks for reasons and fair treatment")
    data: DataSource
    entity: Name = Field(description="the column that says who the row is about")
    timestamp: Name = Field(description="the column that says when the decision is taken")
    contract: Contract
    events: Events | None = None
    features: dict[Name, Feature] = Field(min_length=1)
    target: Target
    prohibited: tuple[Name, ...] = Field((), description="columns no feature may use or stand in for")
    monitored: tuple[AttributeItem, ...] = Field((), description="groups whose treatment is watched; never features")
    segments: tuple[AttributeItem, ...] = Field((), description="parts of the business evaluated one by one")
    proxy: Proxy = Proxy()
    training: Training
    decision: Decision
    gates: tuple[Gate, ...] = Field(min_length=1)
    champion: ChampionGate = ChampionGate()
    fairness: Fairness = Fairness()
    serving: Serving
    drift: Drift = Drift()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()
    explanation: Explanation = Explanation()
    file: Path | None = Field(None, exclude=True, description="where the specification was read; set by load_spec")

    @property
    def digest(self) -> str:
        """SHA-256 of everything the file says (not of its layout or place)."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @field_validator("gates")
    @classmethod
    def _metrics_known(cls, gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
        for gate in gates:
            _known_metric(gate.metric)
        return gates

    @field_validator("training")
    @classmethod
    def _training_metric_known(cls, training: Training) -> Training:
        _known_metric(training.metric)
        return training

    @field_validator("champion")
    @classmethod
    def _champion_metric_known(cls, champion: ChampionGate) -> ChampionGate:
        _known_metric(champion.metric)
        return champion

    @model_validator(mode="after")
    def _sections_fit(self) -> ModelSpec:
        check_columns(self)
        check_groups(self)
        check_events(self)
        check_features(self)
        return self

    @model_validator(mode="after")
    def _regulated_is_careful(self) -> ModelSpec:
        if self.regulated and not self.prohibited:
            raise ValueError("a regulated model lists its `prohibited` attributes")
        if self.regulated and not self.monitored:
            raise ValueError("a regulated model lists its `monitored` attributes")
        return self


def load_spec(name_or_path: str | Path) -> ModelSpec:
    """Read a model file by its name (`credit-risk`) or by its path.

    Raises
    ------
    InputError
        Names the file, the line and the key, what is allowed there, and the nearest key that exists.
    """
    path = _find(name_or_path)
    read = read_yaml(path)
    if "file" in read.values:
        raise InputError("unknown key", file=path, line=read.line(("file",)), key="file")
    if path.parent == MODELS and read.values.get("name", path.stem) != path.stem:
        problem = f"the file is of another name than the model in it, {read.values['name']!r}"
        raise InputError(problem, file=path, line=read.line(("name",)), key="name", allowed=path.stem)
    try:
        return ModelSpec.model_validate({**read.values, "file": path.resolve()})
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        wrong = first.get("ctx", {}).get("error")
        location = (*first["loc"], *(wrong.location if isinstance(wrong, MisplacedError) else ()))
        problem, allowed = _explain(first, location)
        more = f"{error.error_count() - 1} more problem(s) in this file" if error.error_count() > 1 else None
        key = ".".join(str(part) for part in location) or None
        raise InputError(problem, file=path, line=read.line(location) or 1, key=key, allowed=allowed, remedy=more) from None


def model_names() -> list[str]:
    """Return the names of the models in this repository, in order."""
    return sorted(path.stem for path in MODELS.glob("*.yaml"))


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name_or_path)
    path = MODELS / f"{text}.yaml"
    if not path.is_file():
        raise InputError(f"unknown model {text!r}{nearest(text, model_names())}", allowed=", ".join(model_names()))
    return path


def _known_metric(metric: str) -> None:
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}{nearest(metric, METRICS)}; allowed: {', '.join(METRICS)}")


def _explain(error: Any, location: Location) -> tuple[str, str | None]:
    if error["type"] == "extra_forbidden":
        names = _keys_at(location[:-1])
        return f"unknown key{nearest(str(location[-1]), names)}", ", ".join(names)
    return explained(error)


def _keys_at(location: Location) -> list[str]:
    """Return the keys the model file may have at a location, by walking the types."""
    annotation: Any = ModelSpec
    for part in location:
        annotation = _model_in(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[str(part)].annotation
        else:
            annotation = typing.get_args(annotation)[1 if typing.get_origin(annotation) is dict else 0]
    model = _model_in(annotation)
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return [name for name in model.model_fields if not (model is ModelSpec and name == "file")]


def _model_in(annotation: Any) -> Any:
    """Strip `Annotated` and `| None` from a type."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _model_in(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _model_in(next(part for part in typing.get_args(annotation) if part is not type(None)))
    return annotation
