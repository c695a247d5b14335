#!/usr/bin/env python3
"""Writes mlctl/plan/schema/<package>.zip from the installed Pulumi SDKs: `python tools/schema/refresh.py [aws|kubernetes]`.

Run it after the pinned version of a Pulumi SDK changes. The result depends on nothing but the SDK: the same version gives the same bytes.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.schema.sdk import Member, read_member  # noqa: E402

PACKAGES = ("aws", "kubernetes")
TARGET = ROOT / "mlctl" / "plan" / "schema"


def sdk_folder(package: str) -> Path:
    """Where the SDK of the package is installed. Raises SystemExit where it is not."""
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or spec.origin is None:
        raise SystemExit(f"pulumi_{package} is not installed: run this with the Python of `make setup`")
    return Path(spec.origin).parent


def member_folders(root: Path) -> dict[str, Path]:
    """Every folder of the SDK that has Python files, by its name relative to the root; the root is `index`."""
    folders = {path.parent for path in root.rglob("*.py")}
    return {folder.relative_to(root).as_posix() if folder != root else "index": folder for folder in sorted(folders)}


def module_of(token: str) -> str:
    """`ecr` of `aws:ecr/repository:Repository`, `core/v1` of `kubernetes:core/v1:Pod`."""
    package, module, _ = token.split(":", 2)
    return module.rsplit("/", 1)[0] if package == "aws" else module


def index(package: str, members: list[Member]) -> dict[str, object]:
    """The version, and which member a token's module is in where the two have different names (`lambda` in `lambda_`)."""
    modules = {module_of(token): member.name for member in members for token in member.tokens()}
    return {"version": importlib.metadata.version(f"pulumi-{package}"), "modules": dict(sorted(modules.items()))}


def write(path: Path, contents: dict[str, object]) -> None:
    """A zip file that is the same bytes for the same contents."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, value in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"{name}.json", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(value, separators=(",", ":"), sort_keys=True))


def refresh(package: str, target: Path) -> None:
    members = [read_member(folder, name) for name, folder in member_folders(sdk_folder(package)).items()]
    used = [member for member in members if any(member.as_json().values())]
    contents: dict[str, object] = {member.name: member.as_json() for member in used}
    target.mkdir(parents=True, exist_ok=True)
    write(target / f"{package}.zip", {**contents, "@index": index(package, used)})
    resources = sum(len(member.resources) for member in used)
    functions = sum(len(member.functions) for member in used)
    print(f"{package}: {resources} resource types, {functions} functions in {len(used)} members")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PACKAGES:
        refresh(wanted, TARGET)
