"""The sections of a model file about data: source, contract, events, features, target."""

from __future__ import annotations

import itertools
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
EntryPoint = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Value = bool | int | float | str
Count = Annotated[int, Field(strict=True)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
MOST_ROWS = 5_000_000
"""The most a generator makes, which holds its tables in memory, and the most that the numbers of its rows have digits for."""


class Part(BaseModel):
    """A section: unknown keys, infinities and changes after reading are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Knobs(Part):
    """What a data generator can be asked for."""

    rows: Count = Field(6000, ge=1, le=MOST_ROWS, description="rows of the main table")
    seed: Seed = Field(0, description="same seed, same bytes")
    start: date = Field(date(2025, 1, 1), ge=date(1970, 1, 1), lt=date(2200, 1, 1), description="first day of the data")
    days: Count = Field(360, ge=1, le=3_660, description="days the rows are spread over")
    bias: float = Field(0.0, ge=0, le=1, description="0 treats all groups alike; 1 is the strongest disadvantage")
    feature_drift: float = Field(0.0, ge=0, le=1, description="how far the inputs move away from the usual ones")
    concept_drift: float = Field(0.0, ge=0, le=1, description="how far the rule behind the target changes")
    label_delay_days: Count = Field(60, ge=0, le=3_660, description="days until the outcome is known")


class DataSource(Part):
    """Where rows come from: exactly one of generator, csv and parquet."""

    generator: EntryPoint | None = Field(None, description="module:function that takes Knobs and returns Tables")
    csv: str | None = Field(None, description="path, relative to the model file")
    parquet: str | None = Field(None, description="path, relative to the model file")
    events: str | None = Field(None, description="path of the events table (.csv or .parquet), relative to the model file")
    knobs: Knobs = Knobs()

    @model_validator(mode="after")
    def _one_source(self) -> DataSource:
        given = [name for name in ("generator", "csv", "parquet") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of generator, csv and parquet, got {given or 'none'}")
        if self.generator and self.events:
            raise ValueError("a generator makes its own events; leave out `events`")
        return self


def whole(pattern: str) -> str:
    """Return the regular expression that a whole text matches where it matches this one."""
    return rf"^(?:{pattern})\Z"


class Column(Part):
    """What a column may hold."""

    dtype: Literal["integer", "number", "string", "category", "boolean", "timestamp"]
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    unique: bool = False
    pattern: str | None = Field(None, description="regular expression the whole text must match")
    description: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(whole(pattern))
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _fits(self) -> Column:
        if (self.dtype == "category") != bool(self.categories):
            raise ValueError("`categories` belong to dtype category, and it needs them")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("a category is named twice")
        if not all(category.strip() for category in self.categories):
            raise ValueError("a category is blank, and blank cells are missing ones; leave it out and say `nullable: true`")
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and self.dtype not in ("integer", "number"):
            raise ValueError("minimum and maximum belong to integer and number")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        if self.pattern is not None and self.dtype != "string":
            raise ValueError("a pattern belongs to dtype string")
        return self


class Contract(Part):
    """What a row of the main table must look like."""

    version: str = Field(pattern=r"^\d+\.\d+$", description="raised by hand; the content hash is added to it")
    columns: dict[Name, Column] = Field(min_length=2)


class Events(Part):
    """A table of things that happened to an entity, for window aggregates."""

    timestamp: Name = Field(description="the column that says when the event was known")
    columns: dict[Name, Column] = Field(min_length=2)


class Window(Part):
    """An aggregate over the events of the last days, strictly before the row's own time."""

    aggregate: Literal["count", "sum", "mean", "min", "max", "last"]
    days: int = Field(ge=1, le=3660)
    column: Name | None = Field(None, description="the event column; count needs none")
    where: dict[Name, str] = Field(default_factory=dict, description="only events whose column equals this text")

    @model_validator(mode="after")
    def _column_given(self) -> Window:
        if (self.column is None) != (self.aggregate == "count"):
            raise ValueError("every aggregate but count names a `column`; count names none")
        return self


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Feature(Part):
    """One input of the model, from columns of its row or from a window of events."""

    source: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    transform: Literal["identity", "log1p", "ratio", "difference", "sum", "is_missing"] = "identity"
    window: Window | None = None
    reason: str = Field(min_length=1, description="the plain sentence a declined person reads")

    @model_validator(mode="after")
    def _one_origin(self) -> Feature:
        if bool(self.source) == (self.window is not None):
            raise ValueError("expected exactly one of `source` and `window`")
        pairs = ("ratio", "difference", "sum")
        if self.window is None and len(self.source) != (2 if self.transform in pairs else 1):
            raise ValueError(f"transform {self.transform} takes {2 if self.transform in pairs else 1} source column(s)")
        if self.window is not None and self.transform != "identity":
            raise ValueError("a window takes no transform")
        return self


class Target(Part):
    """What is predicted: a column of 0 and 1 (or false and true)."""

    column: Name
    known_at: Name = Field(description="the timestamp column that says when the outcome is known")


class Attribute(Part):
    """A column that groups people or rows; numbers are cut at `bins`."""

    column: Name
    bins: tuple[float, ...] = ()
    unstated: tuple[str, ...] = Field((), description="values that say nothing (as `undisclosed`): shown, compared with nobody")

    @field_validator("bins")
    @classmethod
    def _rising(cls, bins: tuple[float, ...]) -> tuple[float, ...]:
        if bins and (len(bins) < 2 or any(low >= high for low, high in itertools.pairwise(bins))):
            raise ValueError("bins are at least two rising numbers")
        return bins


def _attribute(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


AttributeItem = Annotated[Attribute, BeforeValidator(_attribute)]
