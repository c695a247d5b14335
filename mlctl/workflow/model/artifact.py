"""An artefact: a file or folder that goes into or comes out of a step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlctl.workflow.model.parameter import Raw

LOCATIONS = ("s3", "gcs", "git", "http", "hdfs", "oss", "azure", "artifactory", "plugin")


@dataclass(frozen=True)
class ArtifactFile:
    """An artefact that exists on this machine; the path is relative to the run's folder, or absolute."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One entry of an `artifacts` list."""

    name: str
    path: str | None
    source: str | None
    expression: str | None
    raw: str | None
    location: str | None
    """The kind of storage it is kept in on a cluster, such as `s3`."""
    optional: bool
    mode: int | None
    recurse_mode: bool
    global_name: str | None
    sub_path: str | None

    @staticmethod
    def read(raw: Raw) -> Artifact:
        """From one entry of an `artifacts` list."""
        inline = raw.get("raw")
        return Artifact(
            name=raw.get("name", ""),
            path=raw.get("path"),
            source=raw.get("from"),
            expression=raw.get("fromExpression"),
            raw=inline.get("data", "") if inline is not None else None,
            location=next((kind for kind in LOCATIONS if raw.get(kind) is not None), None),
            optional=bool(raw.get("optional")),
            mode=raw.get("mode"),
            recurse_mode=bool(raw.get("recurseMode")),
            global_name=raw.get("globalName"),
            sub_path=raw.get("subPath"),
        )
