"""Runs a workflow through `mlctl workflow run`, as a person would, and reads back what it did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.errors import ServiceError
from mlctl.workflow.engine.node import Node, NodeKind
from mlctl.workflow.view.history import ShownRun, read_run
from workflows.demo.place import DemoPlace

WARM = (
    "pandas",
    "sklearn.ensemble",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "optuna",
    "shap",
    "pandera.pandas",
    "fairlearn.metrics",
    "xgboost",
    "onnxruntime",
    "skl2onnx",
    "onnxmltools",
    "ml.pipeline",
)
"""Imported once per run instead of once per step: most of a small step's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run that is going on."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    place: DemoPlace

    def wait(self) -> Run:
        """Wait for its end.

        Raises
        ------
        ServiceError
            It could not be run at all, or failed.
        """
        text, _ = self.process.communicate()
        try:
            ended = json.loads(text)
        except ValueError:
            raise ServiceError(f"{self.name} could not be run: {_end(self.log)}", file=self.log) from None
        shown = read_run(self.place.runs, ended["run"])
        if ended["phase"] != "Succeeded":
            raise ServiceError(f"{self.name} {ended['phase'].lower()}: {ended['message']}", file=shown.folder)
        return Run(title=self.name, shown=shown, outputs=ended["outputs"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that has succeeded."""

    title: str
    shown: ShownRun
    outputs: Mapping[str, str]

    def steps(self) -> Iterator[Node]:
        """Every process that ran, in the order it started."""
        found = [node for root in self.shown.roots for node in _pods(root)]
        return iter(sorted(found, key=lambda node: node.started))

    def document(self, file: str, *, model: str = "", where: str = "") -> dict[str, Any]:
        """Read a JSON file that a step wrote (not one it fetched): the one about a model, or of the step with `where` in its name.

        Raises
        ------
        ServiceError
            No step wrote it.
        """
        for folder in self._folders(where):
            for path in sorted(folder.rglob(file)):
                read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                if "outputs" in path.as_posix() and "registered" not in path.parts and (not model or read.get("model") == model):
                    return read
        raise ServiceError(f"{self.title} left no {file}", file=self.shown.folder)

    def events(self, model: str) -> Path:
        """What the registration of a model wrote for the log of evidence.

        Raises
        ------
        ServiceError
            There was none.
        """
        for folder in self._folders("register"):
            for path in sorted(folder.rglob("events.json")):
                if "outputs" in path.as_posix() and json.loads(path.read_text(encoding="utf-8"))[0]["model"] == model:
                    return path
        raise ServiceError(f"{self.title} registered no {model}", file=self.shown.folder)

    def last_document(self, file: str) -> dict[str, Any]:
        """Read the last of several files of one name, in the order of their paths."""
        found = sorted(self.shown.folder.rglob(file))
        if not found:
            raise ServiceError(f"{self.title} left no {file}", file=self.shown.folder)
        read: dict[str, Any] = json.loads(found[-1].read_text(encoding="utf-8"))
        return read

    def _folders(self, where: str) -> Iterator[Path]:
        for step in self.steps():
            if where in f"{step.name}/".replace(".", "/") and (folder := self.shown.folder_of(step)) is not None:
                yield folder


def start(
    place: DemoPlace,
    name: str,
    parameters: Mapping[str, str],
    artefacts: Mapping[str, Path] | None = None,
    *,
    warm: tuple[str, ...] = WARM,
) -> Started:
    """Start the rendered workflow of that name."""
    given = {"tracking-uri": place.tracking_uri, "evidence-log": str(place.evidence), **parameters}
    command = [str(Path(sys.executable).with_name("mlctl")), "workflow", "run", str(place.manifest(name)), "--format", "json"]
    command += ["--runs-dir", str(place.runs)]
    for module in warm:
        command += ["--warm", module]
    for key, value in given.items():
        command += ["-p", f"{key}={value}"]
    for key, path in (artefacts or {}).items():
        command += ["--artifact", f"{key}={path}"]
    log = place.folder / f"{name}.log"
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=Path(__file__).parents[2])
    return Started(name=name, process=process, log=log, place=place)


def _pods(node: Node) -> Iterator[Node]:
    if node.kind is NodeKind.POD and node.phase.completed:
        yield node
    for child in node.children:
        yield from _pods(child)


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
