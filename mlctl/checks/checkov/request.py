"""What Checkov is asked: the plans as Terraform plans and Kubernetes manifests, and the files of the repository."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlctl.checks.terraform import TerraformPlan, build_terraform_plan
from mlctl.plan.model import UNKNOWN, Plan, Resource

REPOSITORY = ""
"""The name of the part that belongs to no environment."""

Scan = dict[str, Any]
"""{"framework": …, "files": [path, …]}"""

_SECRET_BYTES = 200_000
_NO_TEXT = (".gz", ".zip", ".png", ".jpg", ".ico", ".lock", ".parquet", ".onnx", ".joblib", ".sqlite", ".pdf", ".woff2", ".svg")
_SKIPPED = {".git", ".venv", ".checkov", ".mypy_cache", ".ruff_cache", "__pycache__", "node_modules", "mlruns", ".engines"}


@dataclass(slots=True)
class Request:
    """What the driver is asked, and what is needed to understand its answers."""

    scans: dict[str, Scan] = field(default_factory=dict)
    """Scan name (`<environment>/<framework>`) → framework and files."""
    terraform: dict[str, TerraformPlan] = field(default_factory=dict)
    """Environment → its Terraform plan."""
    manifests: dict[str, tuple[str, Resource]] = field(default_factory=dict)
    """Path of a manifest → (stack, resource)."""
    unshown: dict[str, list[str]] = field(default_factory=dict)
    """Environment → what Checkov cannot be shown: Helm releases, whose content only the chart knows."""

    def add_repository(self, root: Path, environments: Collection[str], files: Sequence[Path]) -> dict[str, Scan]:
        """The scans of the repository's own files; `environments` are judged, and what is rendered for one of them is theirs."""
        scans: dict[str, Scan] = {}
        for environment in sorted(path.name for path in (root / "workflows" / "rendered").glob("*") if path.is_dir()):
            rendered = sorted((root / "workflows" / "rendered" / environment).rglob("*.yaml"))
            scans |= scan_of(environment if environment in environments else REPOSITORY, "argo_workflows", rendered)
        workflows = [path for path in sorted((root / ".github" / "workflows").glob("*")) if path.suffix in (".yml", ".yaml")]
        scans |= scan_of(REPOSITORY, "github_actions", workflows)
        scans |= scan_of(REPOSITORY, "dockerfile", [path for path in files if path.name.startswith("Dockerfile")])
        self.scans |= scans
        return scans

    def add_plan(self, plan: Plan, folder: Path) -> dict[str, Scan]:
        """The scans of a plan, which is written into `folder`: what Terraform has a type for, and manifests."""
        folder.mkdir(parents=True, exist_ok=True)
        built = self.terraform[plan.environment] = build_terraform_plan(plan)
        scans: dict[str, Scan] = {}
        if built.resources:
            path = folder / "tfplan.json"
            path.write_text(json.dumps(built.document, indent=1), encoding="utf-8")
            scans |= scan_of(plan.environment, "terraform_plan", [path])
        self.unshown[plan.environment] = [resource.urn for _, resource in built.unmapped]
        scans |= scan_of(plan.environment, "kubernetes", self._write_manifests(plan, folder))
        self.scans |= scans
        return scans

    def _write_manifests(self, plan: Plan, folder: Path) -> list[Path]:
        files: list[Path] = []
        for stack in plan.stacks:
            for resource in stack.resources:
                if resource.package != "kubernetes" or not resource.custom:
                    continue
                if "apiVersion" not in resource.inputs:
                    self.unshown[plan.environment].append(resource.urn)
                    continue
                path = folder / f"{stack.name}-{len(files)}.json"
                path.write_text(json.dumps(_manifest(resource), indent=1), encoding="utf-8")
                self.manifests[str(path)] = (stack.name, resource)
                files.append(path)
        return files


def scan_of(name: str, framework: str, files: Sequence[Path]) -> dict[str, Scan]:
    """A scan of these files, by its name; none where there are no files."""
    return {f"{name}/{framework}": {"framework": framework, "files": [str(path) for path in files]}} if files else {}


def secret_files(files: Sequence[Path]) -> list[Path]:
    """Of the repository's files every text that a person may have written a secret into."""
    return [path for path in files if path.suffix not in _NO_TEXT and path.stat().st_size <= _SECRET_BYTES]


def tree(root: Path) -> list[Path]:
    """The repository's files: what git tracks or would track; where there is no git, everything but caches."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
        return sorted(root / name for name in set(names) if name and (root / name).is_file())
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        found += [Path(folder) / name for name in files]
    return sorted(found)


def _manifest(resource: Resource) -> dict[str, Any]:
    """The manifest that the provider will send, without what is not known yet."""
    manifest: dict[str, Any] = _known(resource.inputs)
    manifest.setdefault("metadata", {}).setdefault("name", resource.name)
    return manifest


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items() if item is not None and item != UNKNOWN}
    if isinstance(value, (list, tuple)):
        return [_known(item) for item in value if item != UNKNOWN]
    return value
