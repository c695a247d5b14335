"""What Checkov is asked: the plans as Terraform plans and Kubernetes manifests, and the files of the repository."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlctl.checks.terraform import TerraformPlan, build_terraform_plan
from mlctl.plan.model import UNKNOWN, Plan, Resource

REPOSITORY = ""
"""The name of the part that belongs to no environment."""

_SECRET_BYTES = 200_000
_NO_TEXT = (".gz", ".zip", ".png", ".jpg", ".ico", ".lock", ".parquet", ".onnx", ".joblib", ".sqlite", ".pdf", ".woff2", ".svg")
_SKIPPED = {".git", ".venv", ".checkov", ".mypy_cache", ".ruff_cache", "__pycache__", "node_modules", "mlruns", ".engines"}


@dataclass(slots=True)
class Request:
    """One question to the driver, and what is needed to understand its answer."""

    scans: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Scan name (`<environment>/<framework>`) → framework and files."""
    terraform: dict[str, TerraformPlan] = field(default_factory=dict)
    """Environment → its Terraform plan."""
    manifests: dict[str, tuple[str, Resource]] = field(default_factory=dict)
    """Path of a manifest → (stack, resource)."""
    unshown: dict[str, list[str]] = field(default_factory=dict)
    """Environment → what Checkov cannot be shown: Helm releases, whose content only the chart knows."""

    def add(self, name: str, framework: str, files: Sequence[Path]) -> None:
        """A scan of these files; none where there are no files."""
        if files:
            self.scans[f"{name}/{framework}"] = {"framework": framework, "files": [str(path) for path in files]}


def build_request(plans: Sequence[Plan], *, root: Path, scratch: Path, secrets: Sequence[Path]) -> Request:
    """Write the plans into `scratch` and list the files of `root`."""
    request = Request()
    for plan in plans:
        _add_plan(request, plan, scratch / plan.environment)
    for environment in sorted(path.name for path in (root / "workflows" / "rendered").glob("*") if path.is_dir()):
        rendered = sorted((root / "workflows" / "rendered" / environment).rglob("*.yaml"))
        request.add(environment if environment in request.terraform else REPOSITORY, "argo_workflows", rendered)
    workflows = [path for path in sorted((root / ".github" / "workflows").glob("*")) if path.suffix in (".yml", ".yaml")]
    request.add(REPOSITORY, "github_actions", workflows)
    request.add(REPOSITORY, "dockerfile", [path for path in tree(root) if path.name.startswith("Dockerfile")])
    request.add(REPOSITORY, "secrets", secrets)
    return request


def secret_files(root: Path) -> list[Path]:
    """Every text file of the repository that a person may have written a secret into."""
    return [path for path in tree(root) if path.suffix not in _NO_TEXT and path.stat().st_size <= _SECRET_BYTES]


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


def _add_plan(request: Request, plan: Plan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    built = request.terraform[plan.environment] = build_terraform_plan(plan)
    if built.resources:
        path = folder / "tfplan.json"
        path.write_text(json.dumps(built.document, indent=1), encoding="utf-8")
        request.add(plan.environment, "terraform_plan", [path])
    unshown = request.unshown[plan.environment] = [resource.urn for _, resource in built.unmapped]
    manifests: list[Path] = []
    for stack in plan.stacks:
        for resource in stack.resources:
            if resource.package != "kubernetes" or not resource.custom or "apiVersion" not in resource.inputs:
                if resource.package == "kubernetes" and resource.custom:
                    unshown.append(resource.urn)
                continue
            path = folder / f"{stack.name}-{len(manifests)}.json"
            path.write_text(json.dumps(_manifest(resource), indent=1), encoding="utf-8")
            request.manifests[str(path)] = (stack.name, resource)
            manifests.append(path)
    request.add(plan.environment, "kubernetes", manifests)


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
