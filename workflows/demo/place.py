"""The demo's own folder: manifests, runs, registry, evidence. Nothing of the repository is touched."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from ml.errors import InputError
from mlctl.config.environment import Environment
from mlctl.config.load import load_environment
from mlctl.workflow.render import render

MARK = "this-is-a-demo-folder"
BOTH = "demo-training"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlace:
    """Where the demo keeps what."""

    folder: Path
    environment: Environment
    environment_file: Path

    @classmethod
    def fresh(cls, folder: Path, environment_file: Path) -> DemoPlace:
        """Empty the folder of an earlier demo, and render the environment's manifests into it.

        Raises
        ------
        InputError
            The folder holds something that is no demo.
        """
        folder = folder.resolve()
        if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
            raise InputError("is not empty and no demo was here before", file=folder, remedy="choose another folder with --out")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / MARK).touch()
        place = cls(folder=folder, environment=load_environment(environment_file), environment_file=environment_file.resolve())
        for file in render(Path(__file__).parents[1], folder / "rendered", place.environment):
            file.write()
        place.manifest(BOTH).write_text(yaml.safe_dump(_training_of(list(place.environment.models)), sort_keys=False), encoding="utf-8")
        return place

    def manifest(self, name: str) -> Path:
        """The rendered file of a workflow."""
        return self.folder / "rendered" / self.environment.name / f"{name}.yaml"

    @property
    def tracking_uri(self) -> str:
        """A local MLflow: one SQLite file, artefacts beside it."""
        return f"sqlite:///{self.folder}/mlflow/mlflow.db"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"


def _training_of(models: list[str]) -> dict[str, object]:
    """One Workflow that runs the training of every model side by side, by reference to the rendered templates."""
    names = ("tracking-uri", "evidence-log", "training")
    fixed = {"knobs": "{}", "promote": "true", "publish": "false", "accelerator": "cpu"}
    tasks = [
        {
            "name": model,
            "templateRef": {"name": f"{model}-training", "template": "main"},
            "arguments": {
                "parameters": [
                    {"name": "model", "value": model},
                    *({"name": name, "value": f"{{{{workflow.parameters.{name}}}}}"} for name in names),
                    *({"name": name, "value": value} for name, value in fixed.items()),
                ]
            },
        }
        for model in models
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": BOTH},
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": name} for name in names]},
            "templates": [{"name": "main", "dag": {"tasks": tasks, "failFast": False}}],
        },
    }
