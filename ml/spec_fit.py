"""Whether the sections of a model file fit one another: what would else fail, or mislead, in a late step is told when the file is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ml.spec_data import Column, Events, Feature
from ml.yaml_file import Location

if TYPE_CHECKING:
    from ml.spec import ModelSpec

RESERVED = frozenset({"artefact", "decided_at", "decision", "decision_id", "entity", "key", "reasons", "row", "score"})
"""Columns of the table of decisions and of the stores, which stand beside the features."""
FEATURE_STORE = frozenset({"api_invocation_time", "is_deleted", "write_time"})
"""Names SageMaker Feature Store keeps for itself."""
GROUP_PREFIX = "group_"
"""Before the name of a monitored attribute, in the tables that hold groups."""


class MisplacedError(ValueError):
    """A value that does not fit the rest of the file, and where it stands below the section being checked."""

    def __init__(self, problem: str, location: Location) -> None:
        super().__init__(problem)
        self.location = location


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean …?)` where one of the names is like the one given, else nothing."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_columns(spec: ModelSpec) -> None:
    """Refuse names of columns that the contract does not have, and columns of a type that does not do."""
    columns = spec.contract.columns
    for location, column in _named_columns(spec):
        if column not in columns:
            raise MisplacedError(f"the contract has no column {column!r}{nearest(column, columns)}", location)
    times: list[tuple[Location, str]] = [(("timestamp",), spec.timestamp), (("target", "known_at"), spec.target.known_at)]
    for location, column in times:
        if columns[column].dtype != "timestamp":
            raise MisplacedError(f"{column!r} has dtype {columns[column].dtype}, not timestamp", location)
    if columns[spec.target.column].dtype not in ("boolean", "integer"):
        raise MisplacedError("the target needs dtype boolean or integer (0 and 1)", ("target", "column"))


def check_groups(spec: ModelSpec) -> None:
    """Refuse monitored attributes and segments that make no groups, or groups other than were meant."""
    for part, attributes in (("monitored", spec.monitored), ("segments", spec.segments)):
        for index, attribute in enumerate(attributes):
            location: Location = (part, index)
            about = spec.contract.columns[attribute.column]
            what = f"{attribute.column!r} has dtype {about.dtype}"
            if attribute.bins and about.dtype not in ("integer", "number"):
                raise MisplacedError(f"bins cut numbers, and {what}", location)
            if about.dtype in ("string", "timestamp"):
                raise MisplacedError(f"{what}, which makes no groups; name a category, a boolean or a number", location)
            if about.dtype == "number" and not attribute.bins:
                raise MisplacedError(f"{what}, which makes a group of every value; give it `bins`", location)
            for word in attribute.unstated if about.categories else ():
                if word not in about.categories:
                    raise MisplacedError(f"{attribute.column!r} has no category {word!r}{nearest(word, about.categories)}", location)


def _named_columns(spec: ModelSpec) -> Iterator[tuple[Location, str]]:
    yield ("entity",), spec.entity
    yield ("timestamp",), spec.timestamp
    yield ("target", "column"), spec.target.column
    yield ("target", "known_at"), spec.target.known_at
    yield from ((("prohibited", index), column) for index, column in enumerate(spec.prohibited))
    yield from ((("monitored", index), attribute.column) for index, attribute in enumerate(spec.monitored))
    yield from ((("segments", index), attribute.column) for index, attribute in enumerate(spec.segments))
    for name, feature in spec.features.items():
        yield from ((("features", name, "source"), column) for column in feature.source)


def check_features(spec: ModelSpec) -> None:
    """Refuse features that cannot be made, that use the outcome, or whose names stand for something else already."""
    target = spec.target
    taken = {spec.entity: "the entity", spec.timestamp: "the timestamp", target.column: "the target", target.known_at: "the target"}
    for name, feature in spec.features.items():
        at: Location = ("features", name)
        if name in RESERVED | FEATURE_STORE or name.startswith(GROUP_PREFIX):
            raise MisplacedError(f"the name {name!r} stands for another column of the table of decisions; name it otherwise", at)
        if name in taken:
            raise MisplacedError(f"the name {name!r} is that of {taken[name]}; name it otherwise", at)
        if feature.window is not None:
            if name in spec.contract.columns:
                raise MisplacedError(f"the contract has a column {name!r}, and a request would carry both; name it otherwise", at)
            _check_window(name, feature, spec.events)
            continue
        if {target.column, target.known_at} & set(feature.source):
            raise MisplacedError("a feature uses the target, which is not known yet", at)
        _check_transform(feature, spec.contract.columns, at)


def _check_transform(feature: Feature, columns: Mapping[str, Column], at: Location) -> None:
    dtypes = {columns[column].dtype for column in feature.source}
    if dtypes & {"string", "timestamp"} and feature.transform != "is_missing":
        raise MisplacedError("a model takes categories, numbers and booleans", (*at, "source"))
    if "category" in dtypes and feature.transform not in ("identity", "is_missing"):
        raise MisplacedError(f"{feature.transform} needs numbers, not a category", (*at, "transform"))


def check_events(spec: ModelSpec) -> None:
    """Refuse a table of events that does not say who and when."""
    events = spec.events
    if events is None:
        return
    if spec.entity not in events.columns:
        raise MisplacedError(f"the entity {spec.entity!r} is missing", ("events", "columns"))
    if events.timestamp not in events.columns:
        raise MisplacedError(f"no such event column: {events.timestamp!r}", ("events", "timestamp"))
    if events.columns[events.timestamp].dtype != "timestamp":
        dtype = events.columns[events.timestamp].dtype
        raise MisplacedError(f"{events.timestamp!r} has dtype {dtype}, not timestamp", ("events", "timestamp"))
    if events.columns[spec.entity].dtype != spec.contract.columns[spec.entity].dtype:
        raise MisplacedError(f"{spec.entity!r} has another dtype than in the contract", ("events", "columns", spec.entity))


def _check_window(name: str, feature: Feature, events: Events | None) -> None:
    window = feature.window
    assert window is not None
    at: Location = ("features", name, "window")
    if events is None:
        raise MisplacedError("a window needs a section `events`", at)
    for column in [*window.where, *([window.column] if window.column else [])]:
        if column not in events.columns:
            raise MisplacedError(f"no such event column: {column!r}{nearest(column, events.columns)}", at)
    for column, text in window.where.items():
        _check_where(column, events.columns[column], text, (*at, "where"))
    if window.column and events.columns[window.column].dtype not in ("integer", "number"):
        raise MisplacedError(f"{window.column!r} holds no numbers", (*at, "column"))


def _check_where(column: str, about: Column, text: str, at: Location) -> None:
    if about.dtype not in ("category", "string"):
        raise MisplacedError(f"`where` compares text, and {column!r} has dtype {about.dtype}; make it a category", at)
    if about.categories and text not in about.categories:
        raise MisplacedError(f"{column!r} has no category {text!r}{nearest(text, about.categories)}", at)
